//! An instance that is to take the place of another, and who is told when it does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::kernel::Kernel;
use crate::kernel::chain::Chain;
use crate::kernel::debug::ReplacedBy;
use crate::kernel::process::{Process, Slot};
use crate::runtime::{Failure, Guest};

/// An instance that waits for the call in its process to end, and what it has committed.
pub struct Fresh {
    guest: Option<Box<dyn Guest>>,
    bytes: u64,
    total_bytes: Arc<AtomicU64>,
    told: Option<Told>,
}

/// Who is to hear that a replacement has taken place.
pub struct Told {
    kernel: Weak<Kernel>,
    by: ReplacedBy,
    /// The commands of a stub did it: the call that they answer does it again by itself.
    by_stub: bool,
}

impl Told {
    /// For a replacement that starts in `chain`.
    pub fn new(chain: &Chain, by: ReplacedBy) -> Told {
        Told { kernel: Arc::downgrade(&chain.kernel), by, by_stub: chain.answers }
    }

    /// Tells it; not under the process's lock.
    pub fn tell(self, process: &Process) {
        if !self.by_stub
            && let Some(kernel) = self.kernel.upgrade()
        {
            kernel.tell_replaced(process.id, self.by);
        }
    }

    /// Takes over what is still to be told of a replacement that this one came before: its code stays.
    fn take_over(&mut self, before: &Told) {
        match (self.by_stub, before.by_stub) {
            (_, true) => {}
            (true, false) => (self.by, self.by_stub) = (before.by, false),
            (false, false) if before.by == ReplacedBy::Reload => self.by = before.by,
            (false, false) => {}
        }
    }
}

impl Fresh {
    /// What was started in the name of a stand-in, with what that has committed: given back with it, or at once where the
    /// start has failed.
    pub fn of(
        stand_in: &Process,
        started: Result<Box<dyn Guest>, Failure>,
        total_bytes: &Arc<AtomicU64>,
        told: Told,
    ) -> Result<Fresh, Failure> {
        let bytes = stand_in.counters.committed_bytes.swap(0, Ordering::Relaxed);
        let mut fresh = Fresh { guest: None, bytes, total_bytes: total_bytes.clone(), told: Some(told) };
        fresh.guest = Some(started?);
        Ok(fresh)
    }

    /// It takes the place of another that waited: what was still to be told of that is told with it.
    pub fn comes_before(&mut self, unused: &Fresh) {
        if let (Some(told), Some(before)) = (&mut self.told, &unused.told) {
            told.take_over(before);
        }
    }

    /// What it has committed.
    pub fn committed_bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes it the instance of its process, whose memory it is that is counted from now on. The instance that was at rest
    /// there, to be dropped, and whom to tell, once the slot's lock is given back.
    pub fn adopt(mut self, process: &Process, slot: &mut Slot) -> (Option<Box<dyn Guest>>, Option<Told>) {
        process.forget_memory();
        process.counters.committed_bytes.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
        slot.calls_of_instance = 0;
        (std::mem::replace(&mut slot.guest, self.guest.take()), self.told.take())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.total_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
