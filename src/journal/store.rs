//! The bounded log itself: ended records in the order they came, the oldest pushed out by the newest, and the budget of
//! payload bytes. Single-threaded; locks, lanes and waiting are in `ring.rs`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::record::Record;

/// Room for this many records is reserved at once, so that the hot path does not pay for growing.
const RESERVED_RECORDS_MAX: usize = 1 << 17;

/// Ended records by position: the first one ever pushed has position 0.
pub(super) struct Store {
    slots: VecDeque<Slot>,
    /// The position of the first slot.
    base: u64,
    records_max: usize,
    dropped: u64,
    /// Everything before this position was cleared away on purpose, not missed.
    cleared_to: u64,
    payload_bytes: u64,
    payload_bytes_max: u64,
    /// Positions of the records that still hold payload bytes, oldest first. Never more than there are slots.
    payload_positions: VecDeque<u64>,
}

struct Slot {
    record: Record,
    /// The highest seq up to here: lets a search from the newest end stop early, and still be exact.
    seq_high: u64,
}

impl Store {
    pub(super) fn new(records_max: usize, payload_bytes_max: u64) -> Store {
        Store {
            slots: VecDeque::with_capacity(records_max.min(RESERVED_RECORDS_MAX)),
            base: 0,
            records_max,
            dropped: 0,
            cleared_to: 0,
            payload_bytes: 0,
            payload_bytes_max,
            payload_positions: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, record: Record) {
        while self.slots.len() >= self.records_max {
            self.drop_oldest();
        }
        let position = self.end();
        let kept_bytes = record.payload.as_ref().map_or(0, |payload| payload.kept_bytes());
        let seq_high = self.slots.back().map_or(0, |slot| slot.seq_high).max(record.seq);
        self.slots.push_back(Slot { record, seq_high });
        if kept_bytes > 0 {
            self.payload_bytes += kept_bytes;
            self.payload_positions.push_back(position);
            self.keep_payload_budget();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(slot) = self.slots.pop_front() else { return };
        if self.payload_positions.front() == Some(&self.base) {
            self.payload_positions.pop_front();
            self.payload_bytes -= slot.record.payload.as_ref().map_or(0, |payload| payload.kept_bytes());
        }
        self.base += 1;
        self.dropped += 1;
    }

    /// Lets the oldest payloads go until what is left fits.
    fn keep_payload_budget(&mut self) {
        while self.payload_bytes > self.payload_bytes_max {
            let Some(position) = self.payload_positions.pop_front() else { return };
            let index = (position - self.base) as usize;
            if let Some(payload) = self.slots.get_mut(index).and_then(|slot| slot.record.payload.as_mut()) {
                self.payload_bytes -= payload.kept_bytes();
                payload.drop_bytes();
            }
        }
    }

    pub(super) fn set_payload_bytes_max(&mut self, bytes_max: u64) {
        self.payload_bytes_max = bytes_max;
        self.keep_payload_budget();
    }

    pub(super) fn set_records_max(&mut self, records_max: usize) {
        self.records_max = records_max;
        while self.slots.len() > records_max {
            self.drop_oldest();
        }
    }

    pub(super) fn clear(&mut self) {
        self.base = self.end();
        self.cleared_to = self.base;
        self.slots.clear();
        self.payload_positions.clear();
        self.payload_bytes = 0;
    }

    /// The position that the next record will have: how many there ever were.
    pub(super) fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    pub(super) fn base(&self) -> u64 {
        self.base
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.slots.iter().map(|slot| &slot.record)
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Record> {
        self.slots
            .iter()
            .rev()
            .take_while(|slot| slot.seq_high >= seq)
            .find(|slot| slot.record.seq == seq)
            .map(|slot| &slot.record)
    }

    /// The `last` matching records with the highest seqs, in seq order.
    pub(super) fn newest(&self, last: usize, mut matches: impl FnMut(&Record) -> bool) -> Vec<Record> {
        if last == 0 {
            return Vec::new();
        }
        let mut found: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        for (index, slot) in self.slots.iter().enumerate().rev() {
            let lowest = if found.len() < last { None } else { found.peek().map(|Reverse((seq, _))| *seq) };
            if lowest.is_some_and(|lowest| slot.seq_high <= lowest) {
                break;
            }
            if lowest.is_some_and(|lowest| slot.record.seq <= lowest) || !matches(&slot.record) {
                continue;
            }
            if lowest.is_some() {
                found.pop();
            }
            found.push(Reverse((slot.record.seq, index)));
        }
        let mut found: Vec<(u64, usize)> = found.into_iter().map(|Reverse(at)| at).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|(_, index)| self.slots.get(index).map(|slot| slot.record.clone())).collect()
    }

    /// Up to `count_max` records from `position` on, the position after them, and how many were pushed out before they
    /// could be seen.
    pub(super) fn read(&self, position: u64, count_max: usize) -> (Vec<Record>, u64, u64) {
        let start = position.clamp(self.base, self.end());
        let missed = start.saturating_sub(position.max(self.cleared_to));
        let skip = (start - self.base) as usize;
        let records: Vec<Record> = self.iter().skip(skip).take(count_max).cloned().collect();
        let next = start + records.len() as u64;
        (records, next, missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::payload::{KeptState, Payload};

    fn record(seq: u64) -> Record {
        Record { seq, ..Record::default() }
    }

    fn with_payload(seq: u64, input: &[u8]) -> Record {
        Record { payload: Some(Box::new(Payload::keep(input, b"", 1000))), ..record(seq) }
    }

    fn seqs(records: &[Record]) -> Vec<u64> {
        records.iter().map(|record| record.seq).collect()
    }

    #[test]
    fn the_newest_are_found_by_seq_and_not_by_place() {
        let mut store = Store::new(8, 0);
        // A long call (1) ends after the calls nested in it.
        for seq in [2, 3, 1, 5, 7, 6, 4] {
            store.push(record(seq));
        }
        assert_eq!(seqs(&store.newest(3, |_| true)), [5, 6, 7]);
        assert_eq!(seqs(&store.newest(3, |record| record.seq % 2 == 1)), [3, 5, 7]);
        assert_eq!(seqs(&store.newest(100, |_| true)), [1, 2, 3, 4, 5, 6, 7]);
        assert!(store.newest(0, |_| true).is_empty());
        assert_eq!(store.get(1).map(|record| record.seq), Some(1));
        assert!(store.get(8).is_none());
    }

    #[test]
    fn the_cap_is_exact_and_what_it_pushes_out_is_counted() {
        let mut store = Store::new(3, 0);
        (1..=10).for_each(|seq| store.push(record(seq)));
        assert_eq!(seqs(&store.newest(100, |_| true)), [8, 9, 10]);
        assert_eq!((store.end(), store.dropped(), store.iter().len()), (10, 7, 3));
        store.set_records_max(1);
        assert_eq!((store.dropped(), store.iter().len()), (9, 1));
    }

    #[test]
    fn over_budget_the_oldest_payloads_go_first_and_the_count_is_exact() {
        let mut store = Store::new(4, 10);
        store.push(with_payload(1, b"aaaa"));
        store.push(with_payload(2, b"bbbb"));
        assert_eq!(store.payload_bytes(), 8);
        store.push(with_payload(3, b"ccc"));
        assert_eq!(store.payload_bytes(), 7);
        let state = |store: &Store, seq| store.get(seq).and_then(|r| r.payload.as_ref().map(|p| p.input.state));
        assert_eq!(state(&store, 1), Some(KeptState::Dropped));
        assert_eq!(state(&store, 2), Some(KeptState::Whole));

        (4..=6).for_each(|seq| store.push(record(seq)));
        assert_eq!(store.payload_bytes(), 3, "2 was pushed out with its bytes");
        store.set_payload_bytes_max(2);
        assert_eq!((store.payload_bytes(), state(&store, 3)), (0, Some(KeptState::Dropped)));
        store.push(with_payload(7, b"more than the budget"));
        assert_eq!((store.payload_bytes(), state(&store, 7)), (0, Some(KeptState::Dropped)));
        store.clear();
        assert_eq!((store.payload_bytes(), store.iter().len(), store.end()), (0, 0, 7));
    }

    #[test]
    fn a_reader_learns_what_it_missed_but_not_what_was_cleared() {
        let mut store = Store::new(3, 0);
        (1..=5).for_each(|seq| store.push(record(seq)));
        let (records, next, missed) = store.read(1, 2);
        assert_eq!((seqs(&records), next, missed), (vec![3, 4], 4, 1));
        assert_eq!(store.read(5, 2), (vec![], 5, 0));
        assert_eq!(store.read(99, 2), (vec![], 5, 0));
        store.clear();
        assert_eq!(store.read(4, 2), (vec![], 5, 0));
        (6..=9).for_each(|seq| store.push(record(seq)));
        let (records, next, missed) = store.read(4, 9);
        assert_eq!((seqs(&records), next, missed), (vec![7, 8, 9], 9, 1));
    }
}
