//! The one thread that knows the time: it ends calls whose deadline has passed, and repeats the engine's kick while a cut
//! call has not noticed yet. It sleeps while nothing is due.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::chain::Chain;
use crate::runtime::Images;

/// How often a cut is repeated until its call has ended. A call may have read its word just before the cut and armed its
/// epoch just after the kick; the next kick finds it.
const KICK_EVERY: Duration = Duration::from_millis(2);
/// A cut call that is inside the host (a compilation, a file) is kicked less often after this many times.
const KICKS_FAST: u32 = 500;
const KICK_SLOWLY_EVERY: Duration = Duration::from_millis(50);

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
    timed: Vec<(Weak<Chain>, Instant)>,
    /// Chains with a cut that may not have been seen, each once, and how often they were kicked.
    cut: Vec<(Weak<Chain>, u32)>,
    /// When the thread will look next; `None`: when told.
    next: Option<Instant>,
    over: bool,
}

impl Clock {
    /// A clock that kicks these images' engines.
    pub fn new(images: Arc<Images>) -> Self {
        let shared = Shared { images, due: Mutex::new(Due::default()), changed: Condvar::new() };
        Clock { shared: Arc::new(shared), thread: OnceLock::new() }
    }

    /// Watches a chain whose newest call has a deadline of its own.
    pub fn watch(&self, chain: &Chain, at: Instant) {
        self.start();
        let mut due = self.shared.due.lock();
        due.watch(&chain.this, at);
        if due.next.is_none_or(|next| at < next) {
            due.next = Some(at);
            self.shared.changed.notify_one();
        }
    }

    /// Kicks the engines now, and again until the chain's cut call has ended.
    pub fn cut(&self, chain: &Chain) {
        self.start();
        self.shared.images.kick();
        let mut due = self.shared.due.lock();
        match due.cut.iter_mut().find(|(known, _)| Weak::ptr_eq(known, &chain.this)) {
            Some((_, kicks)) => *kicks = 0,
            None => due.cut.push((chain.this.clone(), 0)),
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
    fn watch(&mut self, chain: &Weak<Chain>, at: Instant) {
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
            let cut = std::mem::take(&mut self.due.lock().cut);
            let cut: Vec<_> = cut.into_iter().filter_map(still_cut).collect();
            if !cut.is_empty() {
                self.images.kick();
            }
            let mut due = self.due.lock();
            for (at, chain) in kept {
                due.watch(&chain, at);
            }
            for (chain, kicks) in cut {
                // Cut again meanwhile, it stands there anew.
                if !due.cut.iter().any(|(known, _)| Weak::ptr_eq(known, &chain)) {
                    due.cut.push((chain, kicks));
                }
            }
            due.next = due.when(now);
            if due.over {
                return;
            }
            match due.next {
                Some(at) => drop(self.changed.wait_until(&mut due, at)),
                None => self.changed.wait(&mut due),
            }
        }
    }
}

/// Ends what is overdue in a chain; its next deadline.
fn look(chain: &Weak<Chain>, at: Instant, now: Instant) -> Option<Instant> {
    let chain = chain.upgrade()?;
    if at <= now {
        chain.cut_overdue(now);
    }
    chain.deadline(Some(now))
}

/// A cut whose call has not ended yet, counted once more.
fn still_cut((chain, kicks): (Weak<Chain>, u32)) -> Option<(Weak<Chain>, u32)> {
    let cut = chain.upgrade()?.is_cut();
    cut.then(|| (chain, kicks.saturating_add(1)))
}

impl Due {
    fn when(&self, now: Instant) -> Option<Instant> {
        let fast = self.cut.iter().any(|(_, kicks)| *kicks < KICKS_FAST);
        let kick = (!self.cut.is_empty()).then(|| now + if fast { KICK_EVERY } else { KICK_SLOWLY_EVERY });
        self.timed.iter().map(|(_, at)| *at).chain(kick).min()
    }
}
