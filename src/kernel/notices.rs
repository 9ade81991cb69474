//! Notices for the person at the prompt, as data, and the bounded queue that they wait in.

use std::collections::VecDeque;
use std::time::Duration;

use super::error::CallError;
use super::view::{JobId, ProcessLabel};
use crate::locks::{Mutex, Rank};

/// What nobody has asked for and a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A process lost its state because its call ended with its chain.
    Reset { process: ProcessLabel, calls_lost: u64 },
    /// A process ended because it crashed, as its supervision says.
    Crashed { process: ProcessLabel, why: String },
    /// A background job stands at a breakpoint.
    Held { job: JobId },
    /// A background job has ended well, with so much output.
    JobDone { job: JobId, took: Duration, output_bytes: u64, text: String },
    /// A background job has failed.
    JobFailed { job: JobId, took: Duration, error: CallError },
    /// Of a background job's output only the beginning is kept.
    OutputCut { job: JobId, output_bytes: u64, kept_bytes: u64 },
    /// A process has new code, since its file has changed.
    Reloaded { process: ProcessLabel, source: String, calls_lost: u64 },
    /// A process keeps its code, though its file has changed: why.
    KeepsCode { process: ProcessLabel, why: String },
    /// Heavy modules have no process of their own to be compiled in: why.
    NoCompiler { why: String },
}

/// Notices that wait for the prompt; older ones go first.
const NOTICES_MAX: usize = 100;

/// What waits to be told.
pub struct Notices(Mutex<VecDeque<Notice>>);

impl Default for Notices {
    fn default() -> Self {
        Notices(Mutex::new(Rank::Notices, VecDeque::new()))
    }
}

impl Notices {
    /// Adds one, in place of the oldest where there are too many.
    pub fn add(&self, notice: Notice) {
        let mut notices = self.0.lock();
        if notices.len() >= NOTICES_MAX {
            notices.pop_front();
        }
        notices.push_back(notice);
    }

    /// All of them, oldest first; none any more.
    pub fn take(&self) -> Vec<Notice> {
        self.0.lock().drain(..).collect()
    }
}
