//! The homes that a node holds instances for, by their heartbeats.

use std::collections::HashMap;
use std::time::Instant;

use crate::runtime::remote::wire::{BEAT_INTERVAL, BEATS_MISSED_MAX, HomeBeat, WIRE_VERSION};

/// Most homes; the heartbeats of more are not taken.
const HOMES_MAX: usize = 1024;

/// The living homes.
#[derive(Default)]
pub struct Homes(HashMap<u64, KnownHome>);

struct KnownHome {
    seen_at: Instant,
    /// `None` until its first heartbeat.
    losses: Option<u64>,
}

/// The change of a home that a heartbeat shows.
#[derive(Debug, PartialEq, Eq)]
pub enum HomeChange {
    New,
    /// The connection was lost: earlier messages may be lost.
    Interrupted,
    Ended,
    Nothing,
}

impl Homes {
    /// Takes a heartbeat.
    pub fn take(&mut self, beat: &HomeBeat, now: Instant) -> HomeChange {
        if beat.wire != WIRE_VERSION || (self.0.len() >= HOMES_MAX && !self.0.contains_key(&beat.home)) {
            // The home finds out from this node's heartbeat.
            return if self.0.contains_key(&beat.home) { HomeChange::Nothing } else { HomeChange::New };
        }
        if beat.is_last {
            let known = self.0.remove(&beat.home);
            return known.map_or(HomeChange::Nothing, |_| HomeChange::Ended);
        }
        match self.0.insert(beat.home, KnownHome { seen_at: now, losses: Some(beat.losses) }) {
            None => HomeChange::New,
            Some(before) if before.losses.is_some_and(|losses| losses != beat.losses) => HomeChange::Interrupted,
            Some(_) => HomeChange::Nothing,
        }
    }

    /// Knows a home that asks for something, from before its first heartbeat on; false where it cannot be known.
    pub fn meet(&mut self, home: u64, now: Instant) -> bool {
        let is_known = self.0.contains_key(&home) || self.0.len() < HOMES_MAX;
        if is_known {
            self.0.entry(home).or_insert(KnownHome { seen_at: now, losses: None });
        }
        is_known
    }

    /// Removes and returns the homes whose heartbeats were missed.
    pub fn lose_overdue(&mut self, now: Instant) -> Vec<u64> {
        let overdue = BEAT_INTERVAL * BEATS_MISSED_MAX + BEAT_INTERVAL / 2;
        let is_lost = |known: &KnownHome| now.saturating_duration_since(known.seen_at) > overdue;
        let lost: Vec<u64> = self.0.iter().filter(|(_, known)| is_lost(known)).map(|(home, _)| *home).collect();
        for home in &lost {
            self.0.remove(home);
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_lost_after_three_missed_heartbeats() {
        let beat = |losses, is_last| HomeBeat { wire: WIRE_VERSION, version: String::new(), home: 7, losses, is_last };
        let (mut homes, now) = (Homes::default(), Instant::now());
        assert_eq!(homes.take(&beat(0, false), now), HomeChange::New);
        assert_eq!(homes.take(&beat(0, false), now), HomeChange::Nothing);
        assert_eq!(homes.take(&beat(1, false), now), HomeChange::Interrupted);
        assert_eq!(homes.lose_overdue(now + BEAT_INTERVAL * 3), [0u64; 0]);
        assert_eq!(homes.lose_overdue(now + BEAT_INTERVAL * 4), [7]);
        assert!(homes.meet(7, now));
        assert_eq!(homes.take(&beat(1, false), now), HomeChange::Nothing);
        assert_eq!(homes.take(&beat(1, true), now), HomeChange::Ended);
        assert_eq!(homes.take(&beat(1, true), now), HomeChange::Nothing, "said again");
        assert_eq!(homes.take(&beat(1, false), now), HomeChange::New);
    }
}
