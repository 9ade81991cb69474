//! The log of starts, crashes and ends of processes: bounded, newest last.

use std::collections::VecDeque;

use super::view::LifeEvent;
use crate::locks::{Mutex, Rank};

/// The most events that are kept; the oldest are dropped first.
const LIFE_EVENTS_MAX: usize = 4_096;

/// The kept events.
pub struct LifeLog(Mutex<VecDeque<LifeEvent>>);

impl Default for LifeLog {
    fn default() -> Self {
        LifeLog(Mutex::new(Rank::LifeLog, VecDeque::new()))
    }
}

impl LifeLog {
    /// Adds an event; a full log drops its oldest.
    pub fn add(&self, event: LifeEvent) {
        let mut events = self.0.lock();
        if events.len() >= LIFE_EVENTS_MAX {
            events.pop_front();
        }
        events.push_back(event);
    }

    /// The newest `events_max` events that match, oldest first.
    pub fn newest(&self, events_max: usize, matches: impl Fn(&LifeEvent) -> bool) -> Vec<LifeEvent> {
        let events = self.0.lock();
        let matching = events.iter().rev().filter(|event| matches(event));
        let mut newest: Vec<LifeEvent> = matching.take(events_max).cloned().collect();
        newest.reverse();
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Symbol;
    use crate::kernel::view::LifeChange;

    #[test]
    fn the_log_is_bounded() {
        let life_log = LifeLog::default();
        let name = Symbol::intern("p");
        for at_ns in 0..LIFE_EVENTS_MAX as u64 + 10 {
            life_log.add(LifeEvent { at_ns, process: 1, name, change: LifeChange::Restarted });
        }
        let events = life_log.0.lock();
        assert_eq!((events.len(), events.front().map(|event| event.at_ns)), (LIFE_EVENTS_MAX, Some(10)));
    }
}
