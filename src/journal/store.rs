//! The bounded log itself: ended records in push order, where the newest evicts the oldest, and the budget of payload
//! bytes. Single-threaded; locks, lanes and waiting are in `ring.rs`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::record::Record;

/// Most records whose room is reserved at once, to keep reallocation off the hot path.
const RESERVED_RECORDS_MAX: usize = 1 << 17;

/// Ended records by position: the first one ever pushed has position 0.
pub(super) struct Store {
    /// A ring buffer: once full, the next record overwrites the oldest.
    slots: Vec<StoredRecord>,
    /// The slot of the oldest record.
    oldest: usize,
    /// The position of the oldest record.
    base: u64,
    records_max: usize,
    dropped: u64,
    /// Records before this position were cleared by a command, so readers do not count them as missed.
    cleared_to: u64,
    seq_high: u64,
    payload_bytes: u64,
    payload_bytes_max: u64,
    /// Positions of the records with payload bytes, oldest first; at most one for each slot.
    payload_positions: VecDeque<u64>,
}

#[derive(Default)]
struct StoredRecord {
    record: Record,
    /// The highest seq up to here: lets a search from the newest end stop early, and still be exact.
    seq_high: u64,
}

impl Store {
    /// An empty store for at most `records_max` records and `payload_bytes_max` bytes of their payloads.
    pub(super) fn new(records_max: usize, payload_bytes_max: u64) -> Store {
        Store {
            slots: Vec::with_capacity(records_max.min(RESERVED_RECORDS_MAX)),
            oldest: 0,
            base: 0,
            records_max,
            dropped: 0,
            cleared_to: 0,
            seq_high: 0,
            payload_bytes: 0,
            payload_bytes_max,
            payload_positions: VecDeque::new(),
        }
    }

    /// Adds a record. A full store drops its oldest record, and the oldest payloads beyond the budget.
    pub(super) fn push(&mut self, record: Record) {
        let kept_bytes = payload_bytes(&record);
        self.push_with(|slot| *slot = record);
        if kept_bytes > 0 {
            self.payload_bytes += kept_bytes;
            self.payload_positions.push_back(self.end() - 1);
            self.keep_payload_budget();
        }
    }

    /// Pushes a record without a payload, written in place: `write` gets an old record without error and payload, and
    /// must set every other field.
    #[inline]
    pub(super) fn push_with(&mut self, write: impl FnOnce(&mut Record)) {
        if self.slots.len() < self.records_max {
            self.slots.push(StoredRecord::default());
            // `push` appends: while the ring buffer grows, its oldest record is the first one.
            if let Some(slot) = self.slots.last_mut() {
                write(&mut slot.record);
                self.seq_high = self.seq_high.max(slot.record.seq);
                slot.seq_high = self.seq_high;
            }
            return;
        }
        let Some(slot) = self.slots.get_mut(self.oldest) else { return };
        if slot.record.error.is_some() || slot.record.payload.is_some() {
            slot.record.error = None;
            if let Some(payload) = slot.record.payload.take()
                && self.payload_positions.front() == Some(&self.base)
            {
                self.payload_positions.pop_front();
                self.payload_bytes -= payload.kept_bytes();
            }
        }
        write(&mut slot.record);
        self.seq_high = self.seq_high.max(slot.record.seq);
        slot.seq_high = self.seq_high;
        self.oldest = if self.oldest + 1 == self.slots.len() { 0 } else { self.oldest + 1 };
        self.base += 1;
        self.dropped += 1;
    }

    /// The slot of the record at a position.
    fn index(&self, position: u64) -> Option<usize> {
        let after_oldest = usize::try_from(position.checked_sub(self.base)?).ok()?;
        let index = self.oldest.checked_add(after_oldest)?;
        Some(index.checked_sub(self.slots.len()).unwrap_or(index))
    }

    fn slots(&self) -> impl DoubleEndedIterator<Item = &StoredRecord> + ExactSizeIterator + Clone {
        let (newer, older) = self.slots.split_at(self.oldest.min(self.slots.len()));
        Circle { older: older.iter(), newer: newer.iter() }
    }

    /// Drops the oldest payloads until the rest fits the budget.
    fn keep_payload_budget(&mut self) {
        while self.payload_bytes > self.payload_bytes_max {
            let Some(position) = self.payload_positions.pop_front() else { return };
            let slot = self.index(position).and_then(|index| self.slots.get_mut(index));
            let Some(payload) = slot.and_then(|slot| slot.record.payload.as_mut()) else { continue };
            let kept_bytes = payload.kept_bytes();
            payload.drop_bytes();
            self.payload_bytes -= kept_bytes;
        }
    }

    /// Sets the budget of payloads, and drops the oldest ones beyond it.
    pub(super) fn set_payload_bytes_max(&mut self, bytes_max: u64) {
        self.payload_bytes_max = bytes_max;
        self.keep_payload_budget();
    }

    /// Sets the most records, and drops the oldest ones beyond it.
    pub(super) fn set_records_max(&mut self, records_max: usize) {
        let pushed_out = self.slots.len().saturating_sub(records_max);
        self.slots.rotate_left(self.oldest);
        self.oldest = 0;
        for slot in self.slots.drain(..pushed_out) {
            self.payload_bytes -= payload_bytes(&slot.record);
        }
        self.slots.shrink_to(records_max);
        self.records_max = records_max;
        self.base += pushed_out as u64;
        self.dropped += pushed_out as u64;
        while self.payload_positions.front().is_some_and(|position| *position < self.base) {
            self.payload_positions.pop_front();
        }
    }

    /// Removes all records. They do not count as dropped.
    pub(super) fn clear(&mut self) {
        self.base = self.end();
        self.cleared_to = self.base;
        self.slots.clear();
        self.oldest = 0;
        self.payload_positions.clear();
        self.payload_bytes = 0;
    }

    /// The position of the next record, which is the number of records ever pushed.
    pub(super) fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    /// Position of the oldest record.
    #[cfg(test)]
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Count of records that a full store dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes of the kept payloads.
    pub(super) fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// All records, in the order of their ends.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.slots().map(|slot| &slot.record)
    }

    /// The record with this number, searched from the newest.
    pub(super) fn get(&self, seq: u64) -> Option<&Record> {
        self.slots()
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
        let mut found: BinaryHeap<Reverse<Found>> = BinaryHeap::new();
        for slot in self.slots().rev() {
            let lowest = if found.len() < last { None } else { found.peek().map(|Reverse(found)| found.0.seq) };
            if lowest.is_some_and(|lowest| slot.seq_high <= lowest) {
                break;
            }
            if lowest.is_some_and(|lowest| slot.record.seq <= lowest) || !matches(&slot.record) {
                continue;
            }
            if lowest.is_some() {
                found.pop();
            }
            found.push(Reverse(Found(&slot.record)));
        }
        // `Reverse` sorts the highest seq first.
        found.into_sorted_vec().into_iter().rev().map(|Reverse(found)| found.0.clone()).collect()
    }

    /// Up to `count_max` records from `position` on, the position after them, and the number of records evicted unread.
    pub(super) fn read(&self, position: u64, count_max: usize) -> (Vec<Record>, u64, u64) {
        let start = position.clamp(self.base, self.end());
        let missed = start.saturating_sub(position.max(self.cleared_to));
        let next = start.saturating_add(count_max as u64).min(self.end());
        let records = (start..next).filter_map(|at| Some(self.slots.get(self.index(at)?)?.record.clone())).collect();
        (records, next, missed)
    }
}

fn payload_bytes(record: &Record) -> u64 {
    record.payload.as_ref().map_or(0, |payload| payload.kept_bytes())
}

/// A found record, ordered by its seq.
struct Found<'a>(&'a Record);

impl Ord for Found<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.seq.cmp(&other.0.seq)
    }
}

impl PartialOrd for Found<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.seq == other.0.seq
    }
}

impl Eq for Found<'_> {}

/// The ring buffer's two halves as one list, from the oldest record to the newest.
#[derive(Clone)]
struct Circle<'a> {
    older: std::slice::Iter<'a, StoredRecord>,
    newer: std::slice::Iter<'a, StoredRecord>,
}

impl<'a> Iterator for Circle<'a> {
    type Item = &'a StoredRecord;

    fn next(&mut self) -> Option<&'a StoredRecord> {
        self.older.next().or_else(|| self.newer.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let length = self.older.len() + self.newer.len();
        (length, Some(length))
    }
}

impl DoubleEndedIterator for Circle<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.newer.next_back().or_else(|| self.older.next_back())
    }
}

impl ExactSizeIterator for Circle<'_> {}

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
