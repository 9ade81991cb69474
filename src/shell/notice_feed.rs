//! The kernel's notices as lines, taken by more than one thread, and the failed jobs that they have reported.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::reply::{Line, Role};
use super::words::notice_text;
use crate::kernel::{JobId, Kernel, Notice, OwnerId};

/// The most failed jobs that are remembered as reported.
const REPORTED_FAILURES_MAX: usize = 1_000;

/// A kernel's notices, taken by a session and by the thread that prints above the prompt.
#[derive(Clone)]
pub struct NoticeFeed {
    kernel: Arc<Kernel>,
    owner: OwnerId,
    /// Failed jobs whose notice was taken: the newest [`REPORTED_FAILURES_MAX`]. Locked while notices are taken, so
    /// that one job is not reported twice.
    reported: Arc<Mutex<BTreeSet<JobId>>>,
}

impl NoticeFeed {
    /// A feed of a kernel's notices for an owner, none of which is reported yet.
    pub fn new(kernel: Arc<Kernel>, owner: OwnerId) -> NoticeFeed {
        NoticeFeed { kernel, owner, reported: Arc::default() }
    }

    /// Takes the notices that wait, as lines, oldest first.
    pub fn take(&self) -> Vec<Line> {
        self.take_locked(&mut self.reported.lock(), None)
    }

    /// Claims the failure of a job for a reply: `None` when its notice was taken before. Otherwise that notice is
    /// dropped, and the others are taken.
    pub fn claim_failure(&self, job: JobId) -> Option<Vec<Line>> {
        let mut reported = self.reported.lock();
        if reported.remove(&job) { None } else { Some(self.take_locked(&mut reported, Some(job))) }
    }

    fn take_locked(&self, reported: &mut BTreeSet<JobId>, claimed: Option<JobId>) -> Vec<Line> {
        let mut lines = Vec::new();
        for notice in self.kernel.take_notices(self.owner) {
            if let Notice::JobFailed { job, .. } = notice {
                if Some(job) == claimed {
                    continue;
                }
                reported.insert(job);
                if reported.len() > REPORTED_FAILURES_MAX {
                    reported.pop_first();
                }
            }
            lines.push(Line::new().with(Role::Dim, notice_text(&notice)));
        }
        lines
    }
}
