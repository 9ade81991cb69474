//! A pending instance, which is to replace another, and the notice of the replacement.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::debug::ReplacedBy;
use super::view::ProcessId;
use crate::runtime::{Failure, Guest};

/// An instance that waits for the call in its process to end, and its committed memory.
pub struct PendingInstance {
    guest: Option<Box<dyn Guest>>,
    bytes: u64,
    total_bytes: Arc<AtomicU64>,
    notice: Option<ReplacementNotice>,
}

/// A receiver of replacements that have taken place.
pub trait ReplacementListener: Send + Sync {
    /// A process goes on with a fresh instance or with new code. Not called under the process's lock.
    fn replaced(&self, process: ProcessId, by: ReplacedBy);
}

/// Listener to a replacement that has taken place.
pub struct ReplacementNotice {
    listener: Weak<dyn ReplacementListener>,
    by: ReplacedBy,
    /// True for a replacement by a stub's commands, which run again in a replay: it is not reported.
    by_stub: bool,
}

impl ReplacementNotice {
    /// For a replacement that begins; `by_stub` where a stub's commands did it.
    pub fn new(listener: Weak<dyn ReplacementListener>, by: ReplacedBy, by_stub: bool) -> ReplacementNotice {
        ReplacementNotice { listener, by, by_stub }
    }

    /// Notifies the listener; not under the process's lock.
    pub fn notify(self, process: ProcessId) {
        if !self.by_stub
            && let Some(listener) = self.listener.upgrade()
        {
            listener.replaced(process, self.by);
        }
    }

    /// Takes over the unsent notice of a replacement that this one supersedes, because the superseded code stays.
    fn take_over(&mut self, before: &ReplacementNotice) {
        match (self.by_stub, before.by_stub) {
            (_, true) => {}
            (true, false) => (self.by, self.by_stub) = (before.by, false),
            (false, false) if before.by == ReplacedBy::Reload => self.by = before.by,
            (false, false) => {}
        }
    }
}

impl PendingInstance {
    /// A started instance with the `bytes` that it has committed: released with it, or at once if the start failed.
    ///
    /// # Errors
    /// The start fails.
    pub fn of(
        bytes: u64,
        started: Result<Box<dyn Guest>, Failure>,
        total_bytes: &Arc<AtomicU64>,
        notice: ReplacementNotice,
    ) -> Result<PendingInstance, Failure> {
        let mut pending =
            PendingInstance { guest: None, bytes, total_bytes: total_bytes.clone(), notice: Some(notice) };
        pending.guest = Some(started?);
        Ok(pending)
    }

    /// Supersedes another pending instance and takes over its unsent notice.
    pub fn supersede(&mut self, unused: &PendingInstance) {
        if let (Some(notice), Some(before)) = (&mut self.notice, &unused.notice) {
            notice.take_over(before);
        }
    }

    /// Bytes that it has committed.
    pub fn committed_bytes(&self) -> u64 {
        self.bytes
    }

    /// The instance, its committed bytes and the notice. Its process counts the memory from now on.
    pub fn into_parts(mut self) -> (Option<Box<dyn Guest>>, u64, Option<ReplacementNotice>) {
        (self.guest.take(), std::mem::take(&mut self.bytes), self.notice.take())
    }
}

impl Drop for PendingInstance {
    fn drop(&mut self) {
        self.total_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
