//! Ctrl-C as a flag: raised by the thread that handles the signal, awaited and cleared by the session's thread. Ctrl-Z
//! as a request to the wait for a job, where one can leave its job to the background.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::kernel::{Kernel, OwnerId};

/// The flag. Clones share it.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    raised: Mutex<bool>,
    changed: Condvar,
    on_stop: Mutex<OnStop>,
    /// A second source, for a session that works for another session's call.
    also: Option<Box<dyn Fn() -> bool + Send + Sync>>,
}

/// The effect of Ctrl-Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum OnStop {
    #[default]
    StopsProgram,
    /// The wait for a job ends, and the job goes on in the background.
    EndsWait,
    /// Ctrl-Z was typed, and the wait has not ended yet.
    WasTyped,
}

/// Interval at which a wait asks the second source.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

impl Interrupt {
    /// A flag that is raised also while `also` gives true.
    pub fn linked(also: impl Fn() -> bool + Send + Sync + 'static) -> Interrupt {
        let shared = Shared { also: Some(Box::new(also)), ..Shared::default() };
        Interrupt { shared: Arc::new(shared) }
    }

    /// Raises the flag and wakes waiters; true when it was raised before.
    pub fn raise(&self) -> bool {
        let was_raised = std::mem::replace(&mut *self.shared.raised.lock(), true);
        self.shared.changed.notify_all();
        was_raised
    }

    /// From now on Ctrl-Z ends the wait that asks. True when it was typed since the wait asked before.
    pub fn offer_end_of_wait(&self) -> bool {
        let before = std::mem::replace(&mut *self.shared.on_stop.lock(), OnStop::EndsWait);
        before == OnStop::WasTyped
    }

    /// From now on Ctrl-Z stops the program.
    pub fn withdraw_end_of_wait(&self) {
        *self.shared.on_stop.lock() = OnStop::StopsProgram;
    }

    /// Handles Ctrl-Z; false when no wait takes it.
    fn stop(&self) -> bool {
        let mut on_stop = self.shared.on_stop.lock();
        if *on_stop == OnStop::StopsProgram {
            return false;
        }
        *on_stop = OnStop::WasTyped;
        true
    }

    /// Whether an interrupt was raised and not taken yet.
    pub fn is_raised(&self) -> bool {
        *self.shared.raised.lock() || self.shared.also.as_ref().is_some_and(|also| also())
    }

    /// Clears the flag; true when it was raised.
    pub fn take(&self) -> bool {
        std::mem::replace(&mut *self.shared.raised.lock(), false)
    }

    /// Waits for the flag, for `at_most`; true when it is raised.
    pub fn wait(&self, at_most: Duration) -> bool {
        let deadline = Instant::now().checked_add(at_most);
        if let Some(also) = &self.shared.also {
            while !also() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
                std::thread::sleep(CHECK_INTERVAL.min(at_most));
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

/// The handler of Ctrl-C: ends the foreground job and the session's waits.
#[derive(Clone)]
pub struct Interrupter {
    pub(super) kernel: Arc<Kernel>,
    pub(super) owner: OwnerId,
    pub(super) interrupt: Interrupt,
}

impl Interrupter {
    /// Handles Ctrl-C; true when the one before was not answered yet.
    pub fn interrupt(&self) -> bool {
        let again = self.interrupt.raise();
        self.kernel.interrupt_foreground(self.owner);
        again
    }

    /// Handles Ctrl-Z; false when no wait for a job takes it: then the program stops.
    pub fn stop(&self) -> bool {
        self.interrupt.stop()
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

    #[test]
    fn ctrl_z_is_the_programs_unless_a_wait_takes_it() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.stop(), "nothing waits");
        assert!(!interrupt.offer_end_of_wait(), "nothing was typed");
        assert!(interrupt.stop() && interrupt.stop());
        assert!(interrupt.offer_end_of_wait() && !interrupt.offer_end_of_wait());
        interrupt.withdraw_end_of_wait();
        assert!(!interrupt.stop());
    }
}
