//! Ctrl-C: a flag that the signal's thread raises and the session's thread waits on and takes down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::kernel::Kernel;

/// The flag. Cheap to clone; all clones are one flag.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    raised: Mutex<bool>,
    changed: Condvar,
    /// Says so too, for a session that works for somebody else.
    also: Option<Box<dyn Fn() -> bool + Send + Sync>>,
}

/// How often that is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);

impl Interrupt {
    /// A flag that is raised as well while `also` says so.
    pub fn linked(also: impl Fn() -> bool + Send + Sync + 'static) -> Interrupt {
        let shared = Shared { also: Some(Box::new(also)), ..Shared::default() };
        Interrupt { shared: Arc::new(shared) }
    }

    /// Raises it, and wakes who waits; true when it was raised already and nobody has taken it down.
    pub fn raise(&self) -> bool {
        let was_raised = std::mem::replace(&mut *self.shared.raised.lock(), true);
        self.shared.changed.notify_all();
        was_raised
    }

    pub fn is_raised(&self) -> bool {
        *self.shared.raised.lock() || self.shared.also.as_ref().is_some_and(|also| also())
    }

    /// Takes it down; true when it was raised.
    pub fn take(&self) -> bool {
        std::mem::replace(&mut *self.shared.raised.lock(), false)
    }

    /// Waits until it is raised, for `at_most`; true when it is raised.
    pub fn wait(&self, at_most: Duration) -> bool {
        let deadline = Instant::now().checked_add(at_most);
        if let Some(also) = &self.shared.also {
            while !also() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
                std::thread::sleep(ASK_EVERY.min(at_most));
            }
            return self.is_raised();
        }
        let mut raised = self.shared.raised.lock();
        while !*raised {
            let timed_out = match deadline {
                Some(deadline) => self.shared.changed.wait_until(&mut raised, deadline).timed_out(),
                None => {
                    self.shared.changed.wait(&mut raised);
                    false
                }
            };
            if timed_out {
                break;
            }
        }
        *raised
    }
}

/// What Ctrl-C does, for the thread that hears of it: ends the foreground job and whatever the session waits for.
#[derive(Clone)]
pub struct Interrupter {
    pub(super) kernel: Arc<Kernel>,
    pub(super) interrupt: Interrupt,
}

impl Interrupter {
    /// Ctrl-C came; true when the one before is still unanswered.
    pub fn interrupt(&self) -> bool {
        let again = self.interrupt.raise();
        self.kernel.interrupt_foreground();
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_flag_ends_a_wait_and_is_taken_once() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.wait(Duration::ZERO));
        let other = interrupt.clone();
        let waiter = std::thread::spawn(move || other.wait(Duration::from_secs(60)));
        assert!(!interrupt.raise());
        assert!(waiter.join().unwrap());
        assert!(interrupt.raise(), "a second one finds the first unanswered");
        assert!(interrupt.take() && !interrupt.take() && !interrupt.is_raised());
    }
}
