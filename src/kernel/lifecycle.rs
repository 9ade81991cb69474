//! Noting of starts, crashes and ends of processes in their log.

use std::sync::Arc;
use std::time::Instant;

use super::Kernel;
use super::call_failure::CallFailure;
use super::call_failure::ExitReason;
use super::debug::ReplacedBy;
use super::process::Process;
use super::view::{LifeChange, LifeEvent, ProcessId};
use crate::journal::Symbol;

impl Kernel {
    /// The newest `events_max` events that match, oldest first.
    pub fn life_events(&self, events_max: usize, matches: impl Fn(&LifeEvent) -> bool) -> Vec<LifeEvent> {
        self.life_log().newest(events_max, matches)
    }

    /// Notes a process that can be called from now on.
    pub(super) fn note_started(&self, process: &Process) {
        let parent = process.parent_id();
        let parent_name = self.living(parent).map(|parent| parent.name_symbol);
        self.note_life(process.id, process.name_symbol, LifeChange::Started { parent, parent_name });
    }

    /// Notes a process that has lost its instance by a crash.
    pub(super) fn note_crashed(&self, process: &Process, failure: Arc<CallFailure>) {
        self.note_life(process.id, process.name_symbol, LifeChange::Crashed { failure });
    }

    /// Notes a process that goes on with a fresh instance or with new code.
    pub(super) fn note_replaced(&self, process: ProcessId, by: ReplacedBy) {
        let Some(name) = self.living(process).map(|process| process.name_symbol) else { return };
        let change = match by {
            ReplacedBy::Restart => LifeChange::Restarted,
            ReplacedBy::Reload => LifeChange::Reloaded,
        };
        self.note_life(process, name, change);
    }

    /// Notes the end of a process.
    pub(super) fn note_ended(&self, process: &Process, reason: ExitReason) {
        self.note_life(process.id, process.name_symbol, LifeChange::Ended { reason });
    }

    fn note_life(&self, process: ProcessId, name: Symbol, change: LifeChange) {
        let at_ns = self.since_start_ns(Instant::now());
        self.life_log().add(LifeEvent { at_ns, process, name, change });
    }
}
