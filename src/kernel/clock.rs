//! The one thread that knows the time: it ends calls whose deadline has passed, and repeats the engine's interrupt while a cancelled
//! call has not noticed yet. It sleeps while nothing is due.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::locks::{Condvar, Mutex, Rank};
use crate::runtime::Images;

/// How often a cut is repeated until its call has ended. A call may have read its word just before the cut and armed its
/// epoch just after one interrupt; the next one finds it.
const INTERRUPT_EVERY: Duration = Duration::from_millis(2);
/// A cancelled call that is inside the host (a compilation, a file) is interrupted less often after this many times.
const INTERRUPTS_FAST: u32 = 500;
const INTERRUPT_SLOWLY_EVERY: Duration = Duration::from_millis(50);

/// What the clock watches: the calls of a chain, with their deadlines. Asked on the clock's thread, which holds no lock then.
pub trait Timed: Send + Sync {
    /// Ends what is overdue at that time.
    fn cancel_overdue(&self, now: Instant);
    /// The nearest deadline after that time; none while deadlines stand still.
    fn deadline_after(&self, now: Instant) -> Option<Instant>;
    /// Whether a call was cut and has not ended yet.
    fn is_cancelled(&self) -> bool;
}

/// The kernel's clock; its thread starts with the first deadline or cut.
pub struct Clock {
    shared: Arc<Shared>,
    thread: OnceLock<bool>,
}

struct Shared {
    images: Arc<Images>,
    due: Mutex<Due>,
    changed: Condvar,
}

#[derive(Default)]
struct Due {
    /// Chains that have a deadline somewhere, and when the nearest one is.
    timed: Vec<(Weak<dyn Timed>, Instant)>,
    /// Chains with a cancelled call that may not have seen it, each once, and how often they were interrupted.
    cancelled: Vec<(Weak<dyn Timed>, u32)>,
    /// When the thread will look next; `None`: when told.
    next: Option<Instant>,
    over: bool,
}

impl Clock {
    /// A clock that interrupts these images' engines.
    pub fn new(images: Arc<Images>) -> Self {
        let shared = Shared { images, due: Mutex::new(Rank::Due, Due::default()), changed: Condvar::new() };
        Clock { shared: Arc::new(shared), thread: OnceLock::new() }
    }

    /// Watches what has a deadline then, and ends what is overdue in it.
    pub fn watch(&self, chain: &Weak<dyn Timed>, at: Instant) {
        self.start();
        let mut due = self.shared.due.lock();
        due.watch(chain, at);
        if due.next.is_none_or(|next| at < next) {
            due.next = Some(at);
            self.shared.changed.notify_one();
        }
    }

    /// Kicks the engines now, and again until the chain's cut call has ended.
    pub fn cancel(&self, chain: &Weak<dyn Timed>) {
        self.start();
        self.shared.images.interrupt_epoch();
        let mut due = self.shared.due.lock();
        match due.cancelled.iter_mut().find(|(known, _)| Weak::ptr_eq(known, chain)) {
            Some((_, interrupts)) => *interrupts = 0,
            None => due.cancelled.push((chain.clone(), 0)),
        }
        due.next = Some(Instant::now());
        self.shared.changed.notify_one();
    }

    fn start(&self) {
        self.thread.get_or_init(|| {
            let shared = self.shared.clone();
            std::thread::Builder::new().name("plugsh-clock".into()).spawn(move || shared.run()).is_ok()
        });
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.due.lock().over = true;
        self.shared.changed.notify_one();
    }
}

impl Due {
    fn watch(&mut self, chain: &Weak<dyn Timed>, at: Instant) {
        match self.timed.iter_mut().find(|(known, _)| Weak::ptr_eq(known, chain)) {
            Some((_, known)) => *known = at.min(*known),
            None => self.timed.push((chain.clone(), at)),
        }
    }
}

impl Shared {
    fn run(&self) {
        loop {
            // Chains are looked at outside the lock: a cut calls back into this clock, and the last owner of a chain may
            // be this look.
            let timed = std::mem::take(&mut self.due.lock().timed);
            let now = Instant::now();
            let kept: Vec<_> =
                timed.into_iter().filter_map(|(chain, at)| Some((look(&chain, at, now)?, chain))).collect();
            let cancelled = std::mem::take(&mut self.due.lock().cancelled);
            let cancelled: Vec<_> = cancelled.into_iter().filter_map(still_cancelled).collect();
            if !cancelled.is_empty() {
                self.images.interrupt_epoch();
            }
            let mut due = self.due.lock();
            for (at, chain) in kept {
                due.watch(&chain, at);
            }
            for (chain, interrupts) in cancelled {
                // Cut again meanwhile, it stands there anew.
                if !due.cancelled.iter().any(|(known, _)| Weak::ptr_eq(known, &chain)) {
                    due.cancelled.push((chain, interrupts));
                }
            }
            due.next = due.when(now);
            if due.over {
                return;
            }
            match due.next {
                Some(at) => {
                    self.changed.wait_until(&mut due, at);
                }
                None => self.changed.wait(&mut due),
            }
        }
    }
}

/// Ends what is overdue in a chain; its next deadline.
fn look(chain: &Weak<dyn Timed>, at: Instant, now: Instant) -> Option<Instant> {
    let chain = chain.upgrade()?;
    if at <= now {
        chain.cancel_overdue(now);
    }
    chain.deadline_after(now)
}

/// A cut whose call has not ended yet, counted once more.
fn still_cancelled((chain, interrupts): (Weak<dyn Timed>, u32)) -> Option<(Weak<dyn Timed>, u32)> {
    let cancelled = chain.upgrade()?.is_cancelled();
    cancelled.then(|| (chain, interrupts.saturating_add(1)))
}

impl Due {
    fn when(&self, now: Instant) -> Option<Instant> {
        let fast = self.cancelled.iter().any(|(_, interrupts)| *interrupts < INTERRUPTS_FAST);
        let interrupt =
            (!self.cancelled.is_empty()).then(|| now + if fast { INTERRUPT_EVERY } else { INTERRUPT_SLOWLY_EVERY });
        self.timed.iter().map(|(_, at)| *at).chain(interrupt).min()
    }
}
