//! The deadline thread: it cancels calls whose deadline has passed, and repeats the engine's interrupt until a
//! cancelled call has ended. It sleeps while nothing is due.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::locks::{Condvar, Mutex, Rank};
use crate::runtime::Images;

/// Interval of interrupts until a cancelled call has ended. One interrupt can miss a call that read its cancel word
/// just before the cancel and armed its epoch just after the interrupt.
const INTERRUPT_EVERY: Duration = Duration::from_millis(2);
/// After this many interrupts a cancelled call, which is then inside the host (a compilation, a file), is interrupted
/// less often.
const INTERRUPTS_FAST: u32 = 500;
const INTERRUPT_SLOWLY_EVERY: Duration = Duration::from_millis(50);

/// A chain's calls and deadlines for the clock. Called on the clock's thread, which holds no lock then.
pub trait Timed: Send + Sync {
    /// Cancels calls that are overdue at `now`.
    fn cancel_overdue(&self, now: Instant);
    /// The earliest deadline after `now`; `None` while deadlines are suspended.
    fn deadline_after(&self, now: Instant) -> Option<Instant>;
    /// Whether a call was cancelled and has not ended yet, or is to stop where it is.
    fn needs_interrupt(&self) -> bool;
}

/// The kernel's clock; its thread starts with the first deadline or cancel.
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
    /// Chains with a deadline, each with its earliest one.
    timed: Vec<(Weak<dyn Timed>, Instant)>,
    /// Chains with a cancelled call that has not ended, each once, and their count of interrupts.
    cancelled: Vec<(Weak<dyn Timed>, u32)>,
    /// The time of the thread's next check; `None`: when it is notified.
    next: Option<Instant>,
    over: bool,
}

impl Clock {
    /// A clock that interrupts these images' engines.
    pub fn new(images: Arc<Images>) -> Self {
        let shared = Shared { images, due: Mutex::new(Rank::Due, Due::default()), changed: Condvar::new() };
        Clock { shared: Arc::new(shared), thread: OnceLock::new() }
    }

    /// Registers a chain's deadline: overdue calls are cancelled from then on.
    pub fn watch(&self, chain: &Weak<dyn Timed>, at: Instant) {
        self.start();
        let mut due = self.shared.due.lock();
        due.watch(chain, at);
        if due.next.is_none_or(|next| at < next) {
            due.next = Some(at);
            self.shared.changed.notify_one();
        }
    }

    /// Interrupts the engines now, and again until the chain's cancelled call has ended.
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
            // Chains are checked outside the lock: a cancel calls back into this clock, and this reference may be the
            // last to a chain.
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
                // A chain that was cancelled again meanwhile is in the list already.
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

/// Cancels overdue calls of a chain and returns its next deadline.
fn look(chain: &Weak<dyn Timed>, at: Instant, now: Instant) -> Option<Instant> {
    let chain = chain.upgrade()?;
    if at <= now {
        chain.cancel_overdue(now);
    }
    chain.deadline_after(now)
}

/// The entry with one more interrupt if its cancelled call has not ended yet.
fn still_cancelled((chain, interrupts): (Weak<dyn Timed>, u32)) -> Option<(Weak<dyn Timed>, u32)> {
    let cancelled = chain.upgrade()?.needs_interrupt();
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
