//! Crash counting: decides whether a process that crashed is started again or ends. Replacing its instance or code is
//! in `replace`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::call_failure::CallFailure;
use super::process::{Process, ProcessSlot};
use super::supervision::{CrashesMax, OnCrash, Restart};

impl Process {
    /// Notes a crash under the slot's lock; true when the process must end for it.
    pub fn note_crash(&self, slot: &mut ProcessSlot, failure: &Arc<CallFailure>) -> bool {
        if slot.pending.is_some() {
            // A fresh instance already waits to replace the crashed one.
            return false;
        }
        let halted = match self.supervision.restart {
            Restart::Never => true,
            Restart::OnCrash(None) => false,
            Restart::OnCrash(Some(most)) => too_many(&mut slot.crashes, most, Instant::now()),
        };
        let ends = self.supervision.on_crash == OnCrash::Kill;
        if halted || ends {
            slot.halted = Some(failure.clone());
        }
        ends
    }
}

fn too_many(crashes: &mut VecDeque<Instant>, most: CrashesMax, now: Instant) -> bool {
    crashes.push_back(now);
    while crashes.front().is_some_and(|first| now.saturating_duration_since(*first) > most.window) {
        crashes.pop_front();
    }
    let over = crashes.len() > most.crashes_max as usize;
    if over {
        crashes.pop_front();
    }
    over
}

#[cfg(test)]
mod tests;
