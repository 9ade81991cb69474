//! The pane's state between snapshots: rates, recent deaths, and a held list of calls.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::journal::{Record, merge_running};
use crate::kernel::{ProcessId, ProcessState, ProcessView};

use super::activity::Activities;
use super::rates::Rates;
use super::snapshot::{Snapshot, SnapshotQuery, SnapshotSource};
use super::state::Position;

/// Time for which a dead process is shown.
pub const DEAD_SHOWN_FOR: Duration = Duration::from_secs(3);
/// Calls that are fetched at once for scrolling.
pub const HELD_CALLS: usize = 2_000;
/// The most calls that are held.
pub const HELD_CALLS_MAX: usize = 3 * HELD_CALLS;

/// Rates, activities and deaths.
#[derive(Debug, Default)]
pub struct History {
    pub rates: Rates,
    pub activities: Activities,
    /// The time of the snapshot in which a process was first dead, for processes that are still shown.
    died: HashMap<ProcessId, Duration>,
    /// The living processes of the last snapshot, by id.
    living: Vec<ProcessId>,
    /// The highest id of the last snapshot; `None` before the first one.
    newest_id: Option<ProcessId>,
    newest_seq: u64,
    /// When the last snapshot arrived, and its own time.
    last: Option<(Instant, Duration)>,
    now: Duration,
}

impl History {
    /// For a single frame without a past: rates and activities are averages since the session began.
    pub fn since_start() -> History {
        History { rates: Rates::since_start(), activities: Activities::since_start(), ..History::default() }
    }

    /// Records a snapshot, and removes the dead processes from it that did not die while the pane was watching.
    pub fn take(&mut self, mut snapshot: Snapshot) -> Snapshot {
        self.last = Some((Instant::now(), snapshot.at));
        self.now = snapshot.at;
        self.rates.note(snapshot.at, snapshot.totals);
        self.activities.note(snapshot.at, &snapshot.processes);
        self.note_deaths(&snapshot);
        self.newest_seq = snapshot.calls.last().map_or(self.newest_seq, |call| self.newest_seq.max(call.seq));
        self.drop_expired(&mut snapshot);
        snapshot
    }

    /// Advances the time without a new snapshot. Returns whether this changes the picture.
    pub fn advance_time(&mut self, snapshot: &mut Snapshot) -> bool {
        let Some((then, at)) = self.last else { return false };
        let before = std::mem::replace(&mut self.now, at + then.elapsed());
        let ticked = self.now.as_secs() != before.as_secs() && !self.rates.is_flat();
        if ticked {
            self.rates.note(self.now, snapshot.totals);
        }
        self.drop_expired(snapshot) || ticked
    }

    /// The share of [`DEAD_SHOWN_FOR`] that has passed since a process died, from 0 to 1.
    pub fn fading(&self, process: &ProcessView) -> f32 {
        let died = self.died.get(&process.id).copied().unwrap_or_default();
        (self.now.saturating_sub(died).as_secs_f32() / DEAD_SHOWN_FOR.as_secs_f32()).min(1.0)
    }

    /// The highest call number that was ever shown.
    pub fn newest_seq(&self) -> u64 {
        self.newest_seq
    }

    fn note_deaths(&mut self, snapshot: &Snapshot) {
        let living_now = |process: &&ProcessView| !matches!(process.state, ProcessState::Dead { .. });
        for process in snapshot.processes.iter().filter(|process| !living_now(process)) {
            // Processes that were dead in the first snapshot are not shown.
            let lived = self.living.binary_search(&process.id).is_ok();
            let started_since = self.newest_id.is_some_and(|newest| process.id > newest);
            if lived || started_since {
                self.died.entry(process.id).or_insert(snapshot.at);
            }
        }
        self.living.clear();
        self.living.extend(snapshot.processes.iter().filter(living_now).map(|process| process.id));
        self.newest_id = snapshot.processes.last().map(|process| process.id).max(self.newest_id).or(Some(0));
        self.died.retain(|_, died| snapshot.at.saturating_sub(*died) < DEAD_SHOWN_FOR);
    }

    /// Removes the processes that died more than [`DEAD_SHOWN_FOR`] ago. Returns whether there were any.
    fn drop_expired(&self, snapshot: &mut Snapshot) -> bool {
        let before = snapshot.processes.len();
        let still_shown = |id| self.died.get(&id).is_some_and(|died| self.now.saturating_sub(*died) < DEAD_SHOWN_FOR);
        snapshot
            .processes
            .retain(|process| !matches!(process.state, ProcessState::Dead { .. }) || still_shown(process.id));
        snapshot.processes.len() != before
    }
}

/// Whether the journal has calls that are older than a held list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Older {
    #[default]
    None,
    Some,
}

/// A list of calls that does not move while newer calls come.
#[derive(Debug, Default)]
pub struct HeldCalls {
    list: Vec<Record>,
    /// The session's number of calls when the list was made.
    total_calls: u64,
    pub older: Older,
}

impl Older {
    /// Whether there may be older ones than those of a fetch.
    fn after(fetched: &[Record]) -> Older {
        if fetched.len() < HELD_CALLS { Older::None } else { Older::Some }
    }
}

impl HeldCalls {
    /// The calls that a view at `position` shows.
    pub fn list<'a>(&'a self, position: Position, snapshot: &'a Snapshot) -> &'a [Record] {
        match position {
            Position::Newest => &snapshot.calls,
            Position::At(_) => &self.list,
        }
    }

    /// Holds the calls that are shown, and fetches those before them.
    pub fn hold(&mut self, source: &dyn SnapshotSource, query: &SnapshotQuery, snapshot: &Snapshot) {
        let seq_max = snapshot.calls.last().map_or(0, |call| call.seq);
        let ended = source.calls_until(query, seq_max, HELD_CALLS);
        self.older = Older::after(&ended);
        // Shown calls may be missing in the journal: evicted, or still running.
        self.list = merge_running(ended, snapshot.calls.clone());
        self.list.sort_by_key(|call| call.seq);
        self.list.dedup_by_key(|call| call.seq);
        self.total_calls = snapshot.totals.calls;
    }

    /// Fetches the calls before the list; returns the number of the newest of them.
    pub fn fetch_older(&mut self, source: &dyn SnapshotSource, query: &SnapshotQuery) -> Option<u64> {
        let before = self.list.first()?.seq.checked_sub(1)?;
        let mut older = source.calls_until(query, before, HELD_CALLS);
        self.older = Older::after(&older);
        let last = older.last()?.seq;
        older.append(&mut self.list);
        older.truncate(HELD_CALLS_MAX);
        self.list = older;
        Some(last)
    }

    /// The number of the first call in the list after a call.
    pub fn after(&self, seq: u64) -> Option<u64> {
        let index = self.list.partition_point(|call| call.seq <= seq);
        self.list.get(index).map(|call| call.seq)
    }

    /// The number of calls since the list was made.
    pub fn newer(&self, snapshot: &Snapshot) -> u64 {
        snapshot.totals.calls.saturating_sub(self.total_calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::{FixedSource, call, process};

    fn dead(id: ProcessId) -> ProcessView {
        let mut process = process(id, 0, "p");
        process.state = ProcessState::Dead { reason: crate::kernel::ExitReason::Killed };
        process
    }

    fn moment(at_s: u64, processes: Vec<ProcessView>) -> Snapshot {
        Snapshot { at: Duration::from_secs(at_s), processes, ..Snapshot::default() }
    }

    fn ids(snapshot: &Snapshot) -> Vec<ProcessId> {
        snapshot.processes.iter().map(|process| process.id).collect()
    }

    #[test]
    fn who_dies_while_we_look_stays_in_sight_for_a_moment() {
        let mut history = History::default();
        let first = history.take(moment(10, vec![dead(1), process(2, 0, "p"), process(3, 0, "p")]));
        assert_eq!(ids(&first), [2, 3], "1 had been dead before");
        let second = history.take(moment(11, vec![dead(1), dead(2), process(3, 0, "p"), dead(4)]));
        assert_eq!(ids(&second), [2, 3, 4], "4 lived between two looks");
        assert!(history.fading(&second.processes[0]) < 0.01);
        let third = history.take(moment(15, vec![dead(1), dead(2), process(3, 0, "p"), dead(4)]));
        assert_eq!(ids(&third), [3]);
        let fourth = history.take(moment(25, vec![dead(1), dead(2), process(3, 0, "p"), dead(4)]));
        assert_eq!(ids(&fourth), [3], "nobody comes back");
    }

    #[test]
    fn held_calls_stay_and_go_back_as_far_as_the_journal_does() {
        let all: Vec<Record> = (1..=5_000).map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).collect();
        let source = FixedSource::new(Snapshot { calls: all.clone(), ..Snapshot::default() });
        let mut snapshot = Snapshot { calls: all[4_990..].to_vec(), ..Snapshot::default() };
        snapshot.totals.calls = 5_000;
        let mut held = HeldCalls::default();
        held.hold(&source, &SnapshotQuery::default(), &snapshot);
        let seqs = |held: &HeldCalls| {
            let list = held.list(Position::At(1), &snapshot);
            (list.first().map(|call| call.seq), list.last().map(|call| call.seq), list.len())
        };
        assert_eq!(seqs(&held), (Some(3_001), Some(5_000), 2_000));
        assert_eq!(held.fetch_older(&source, &SnapshotQuery::default()), Some(3_000));
        assert_eq!(seqs(&held), (Some(1_001), Some(5_000), 4_000));
        assert_eq!(held.fetch_older(&source, &SnapshotQuery::default()), Some(1_000));
        assert_eq!(seqs(&held), (Some(1), Some(5_000), 5_000));
        assert_eq!(held.fetch_older(&source, &SnapshotQuery::default()), None);
        let mut later = snapshot.clone();
        later.totals.calls = 5_123;
        assert_eq!(held.newer(&later), 123);
    }
}
