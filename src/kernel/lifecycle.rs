//! The log of starts, crashes and ends of processes: bounded, newest last.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::Kernel;
use super::debug::ReplacedBy;
use super::process::Process;
use super::view::{LifeChange, LifeEvent, ProcessId};
use crate::journal::Symbol;
use crate::locks::{Mutex, Rank};

/// The most events that are kept; the oldest are dropped first.
const LIFE_EVENTS_MAX: usize = 4_096;

/// The kept events.
pub struct Lifecycle(Mutex<VecDeque<LifeEvent>>);

impl Default for Lifecycle {
    fn default() -> Self {
        Lifecycle(Mutex::new(Rank::Lifecycle, VecDeque::new()))
    }
}

impl Lifecycle {
    fn add(&self, event: LifeEvent) {
        let mut events = self.0.lock();
        if events.len() >= LIFE_EVENTS_MAX {
            events.pop_front();
        }
        events.push_back(event);
    }
}

impl Kernel {
    /// The newest `events_max` events that match, oldest first.
    pub fn life_events(&self, events_max: usize, matches: impl Fn(&LifeEvent) -> bool) -> Vec<LifeEvent> {
        let events = self.lifecycle().0.lock();
        let mut newest: Vec<LifeEvent> =
            events.iter().rev().filter(|event| matches(event)).take(events_max).cloned().collect();
        newest.reverse();
        newest
    }

    /// Notes a process that can be called from now on.
    pub(super) fn note_started(&self, process: &Process) {
        let parent = process.parent_id();
        let parent_name = self.living(parent).map(|parent| parent.name_symbol);
        self.note_life(process.id, process.name_symbol, LifeChange::Started { parent, parent_name });
    }

    /// Notes a process that has lost its instance by a crash.
    pub(super) fn note_crashed(&self, process: &Process, why: &str) {
        self.note_life(process.id, process.name_symbol, LifeChange::Crashed { why: Arc::from(why) });
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
    pub(super) fn note_ended(&self, process: &Process, why: &str) {
        self.note_life(process.id, process.name_symbol, LifeChange::Ended { why: Arc::from(why) });
    }

    fn note_life(&self, process: ProcessId, name: Symbol, change: LifeChange) {
        let at_ns = self.since_start_ns(Instant::now());
        self.lifecycle().add(LifeEvent { at_ns, process, name, change });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded() {
        let lifecycle = Lifecycle::default();
        let name = Symbol::intern("p");
        for at_ns in 0..LIFE_EVENTS_MAX as u64 + 10 {
            lifecycle.add(LifeEvent { at_ns, process: 1, name, change: LifeChange::Restarted });
        }
        let events = lifecycle.0.lock();
        assert_eq!((events.len(), events.front().map(|event| event.at_ns)), (LIFE_EVENTS_MAX, Some(10)));
    }
}
