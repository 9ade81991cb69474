//! A lane: one job's way into the journal. Its buffer has one writer, the job, and takes no lock per record: a record is
//! eleven words that are stored one by one and then published by moving `head`. Whoever reads, a view or the job itself
//! when the buffer is full, takes the lane's lock, empties it into the ring and moves `tail`.
//!
//! Why words and not a locked `Vec`: two atomic exchanges a call were a third of what the journal cost.

use std::sync::Arc;
#[cfg(debug_assertions)]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::record::{ChangedBy, Outcome, Record};
use super::ring::Journal;
use super::store::Store;
use super::symbol::Symbol;

/// How many records a lane buffers; a power of two.
pub const LANE_RECORDS_MAX: usize = 64;

/// One job's way into the journal. Dropping it hands over what it still holds.
///
/// It may be shared and sent, but only one thread may push at a time: the job's own. Two at once would lose records or mix
/// two into one; a debug build panics instead.
pub struct Lane {
    journal: Arc<Journal>,
    buffer: Arc<LaneBuffer>,
    numbers: Numbers,
    #[cfg(debug_assertions)]
    pushing: AtomicBool,
}

/// Calls of one lane that are numbered one by one; those after them in blocks of [`SEQ_BLOCK`].
const SEQ_SINGLES_MAX: u64 = 1_000;
/// Numbers in a block.
const SEQ_BLOCK: u64 = 16;
/// How long a block may be given out from. What is left of it then is no call.
const SEQ_BLOCK_LASTS_NS: u64 = 100_000;

/// The numbers that a lane may give out by itself. Written by the lane's own thread alone.
#[derive(Default)]
struct Numbers {
    /// How often it has asked the journal.
    asked: AtomicU64,
    /// What is left of its block.
    next: AtomicU64,
    end: AtomicU64,
    /// Until when it holds.
    until_ns: AtomicU64,
}

impl Lane {
    pub(super) fn new(journal: Arc<Journal>, buffer: Arc<LaneBuffer>) -> Lane {
        Lane {
            journal,
            buffer,
            numbers: Numbers::default(),
            #[cfg(debug_assertions)]
            pushing: AtomicBool::new(false),
        }
    }

    /// The number of this lane's next call, given at its start; only for the lane's own thread. Numbers go up within a
    /// lane, and are never given twice.
    ///
    /// Between lanes they go up in the order in which calls start, as long as a lane has started few. One that starts very
    /// many in a short time takes numbers in blocks: the one word that all jobs write would cost each of their calls a fifth
    /// of its time. Its calls may then be out of order with those of other jobs, by a block and by 100 µs at most.
    #[inline]
    pub fn next_seq(&self, now_ns: u64) -> u64 {
        let numbers = &self.numbers;
        let next = numbers.next.load(Ordering::Relaxed);
        if next < numbers.end.load(Ordering::Relaxed) && now_ns < numbers.until_ns.load(Ordering::Relaxed) {
            numbers.next.store(next + 1, Ordering::Relaxed);
            return next;
        }
        let asked = numbers.asked.load(Ordering::Relaxed);
        numbers.asked.store(asked + 1, Ordering::Relaxed);
        if asked < SEQ_SINGLES_MAX {
            return self.journal.take_seqs(1);
        }
        let first = self.journal.take_seqs(SEQ_BLOCK);
        numbers.next.store(first + 1, Ordering::Relaxed);
        numbers.end.store(first + SEQ_BLOCK, Ordering::Relaxed);
        numbers.until_ns.store(now_ns + SEQ_BLOCK_LASTS_NS, Ordering::Relaxed);
        first
    }

    /// Notes an ended call. A record with neither error nor payload costs some stores; the ring's lock is taken once in
    /// [`LANE_RECORDS_MAX`] of them. One with an error or a payload goes into the ring at once, so that the budgets there
    /// are exact.
    #[inline]
    pub fn push(&self, record: Record) {
        if !self.journal.is_on() {
            return;
        }
        #[cfg(debug_assertions)]
        assert!(!self.pushing.swap(true, Ordering::Acquire), "two threads push into one lane");
        if record.error.is_some() || record.payload.is_some() {
            self.push_through(record);
        } else {
            let head = self.buffer.head.load(Ordering::Relaxed);
            if head - self.buffer.tail.load(Ordering::Acquire) >= LANE_RECORDS_MAX as u64 {
                self.journal.empty(&self.buffer);
            }
            self.buffer.write(head, &record);
        }
        #[cfg(debug_assertions)]
        self.pushing.store(false, Ordering::Release);
        self.journal.ring_if_awaited();
    }

    #[cold]
    fn push_through(&self, record: Record) {
        self.journal.empty(&self.buffer);
        self.journal.push_through(record);
    }

    /// The journal it writes to.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.journal.close(&self.buffer);
    }
}

/// Records on their way from one job into the ring. On cache lines of its own: another job's lane may lie next to it.
#[repr(align(128))]
pub(super) struct LaneBuffer {
    slots: Box<[Words]>,
    /// How many records were ever written; moved by the writer.
    head: AtomicU64,
    /// How many of them were taken out; moved under `emptying`.
    tail: AtomicU64,
    emptying: Mutex<()>,
}

/// A record without error and payload.
type Words = [AtomicU64; WORDS];
const WORDS: usize = 11;

impl LaneBuffer {
    pub(super) fn new() -> LaneBuffer {
        LaneBuffer {
            slots: (0..LANE_RECORDS_MAX).map(|_| Words::default()).collect(),
            head: AtomicU64::new(0),
            tail: AtomicU64::new(0),
            emptying: Mutex::new(()),
        }
    }

    /// Only for the one writer, and only when there is room.
    #[inline]
    fn write(&self, head: u64, record: &Record) {
        if let Some(slot) = self.slots.get(head as usize % LANE_RECORDS_MAX) {
            for (word, value) in slot.iter().zip(to_words(record)) {
                word.store(value, Ordering::Relaxed);
            }
        }
        self.head.store(head + 1, Ordering::Release);
    }

    /// Moves what is here into the ring, in order.
    pub(super) fn empty_into(&self, store: &Mutex<Store>) {
        let _one_at_a_time = self.emptying.lock();
        let tail = self.tail.load(Ordering::Relaxed);
        let head = self.head.load(Ordering::Acquire);
        if tail == head {
            return;
        }
        let mut store = store.lock();
        for at in tail..head {
            if let Some(slot) = self.slots.get(at as usize % LANE_RECORDS_MAX) {
                store.push_with(|record| from_words(slot, record));
            }
        }
        // The writer uses these slots again only after it has seen this.
        self.tail.store(head, Ordering::Release);
    }
}

/// Fields that are neighbours in memory are kept apart here: else they are loaded as one, right after they were stored as
/// two, and the processor waits for that.
#[inline]
fn to_words(record: &Record) -> [u64; WORDS] {
    let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    [
        record.seq,
        record.parent_seq,
        record.at_ns,
        record.duration_ns,
        record.nested_ns,
        record.bytes_in,
        record.bytes_out,
        pair(record.function.to_raw(), record.job),
        pair(record.callee_name.to_raw(), record.caller),
        pair(record.callee, record.caller_name.to_raw()),
        u64::from(record.depth) | (record.outcome as u64) << 24 | (record.changed_by as u64) << 40,
    ]
}

/// Field by field into its place, for the same reason. Error and payload are the caller's.
#[inline]
fn from_words(words: &Words, record: &mut Record) {
    let word = |index: usize| words.get(index).map_or(0, |word: &AtomicU64| word.load(Ordering::Relaxed));
    let (low, high) = (|word: u64| word as u32, |word: u64| (word >> 32) as u32);
    record.seq = word(0);
    record.parent_seq = word(1);
    record.at_ns = word(2);
    record.duration_ns = word(3);
    record.nested_ns = word(4);
    record.bytes_in = word(5);
    record.bytes_out = word(6);
    let (function_job, callee_name_caller, callee_caller_name, rest) = (word(7), word(8), word(9), word(10));
    record.function = Symbol::from_raw(low(function_job));
    record.job = high(function_job);
    record.callee_name = Symbol::from_raw(low(callee_name_caller));
    record.caller = high(callee_name_caller);
    record.callee = low(callee_caller_name);
    record.caller_name = Symbol::from_raw(high(callee_caller_name));
    record.depth = rest as u16;
    record.outcome = Outcome::ALL.get((rest >> 24) as usize & 0xff).copied().unwrap_or_default();
    record.changed_by = ChangedBy::ALL.get((rest >> 40) as usize & 0xff).copied().unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::super::ring::JournalLimits;
    use super::*;

    #[test]
    fn a_record_comes_back_from_its_words_as_it_was() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            let record = Record {
                seq: u64::MAX,
                parent_seq: 2,
                at_ns: 3,
                duration_ns: u64::MAX - 1,
                nested_ns: 5,
                job: u32::MAX,
                caller: 7,
                caller_name: Symbol::SHELL,
                callee: u32::MAX - 1,
                callee_name: Symbol::intern("lane-callee"),
                function: Symbol::intern("lane-function"),
                bytes_in: 1 << 40,
                bytes_out: 1 << 41,
                depth: u16::MAX,
                outcome,
                changed_by: ChangedBy::ALL[index % ChangedBy::ALL.len()],
                error: None,
                payload: None,
            };
            let mut back = Record::default();
            from_words(&to_words(&record).map(AtomicU64::new), &mut back);
            assert_eq!(back, record);
        }
    }

    #[test]
    fn numbers_go_up_in_every_lane_and_are_given_once() {
        let journal = Arc::new(Journal::new(JournalLimits::default()));
        let lanes = [journal.lane(), journal.lane()];
        let mut given: Vec<Vec<u64>> = vec![Vec::new(); 2];
        for turn in 0..5_000 {
            // One lane starts far more calls than the other.
            let lane = usize::from(turn % 7 == 0);
            given[lane].push(lanes[lane].next_seq(turn));
        }
        assert!(given.iter().all(|seqs| seqs.is_sorted_by(|one, next| one < next)));
        let all: std::collections::BTreeSet<u64> = given.iter().flatten().copied().collect();
        assert_eq!(all.len(), 5_000);
        assert_eq!(all.range(..1_500).count(), 1_499, "in order and without a gap while there are few");
        let most = *all.last().unwrap();
        assert!(most < 5_000 + 2 * SEQ_BLOCK, "{most}: only blocks that are begun are left over");
        let later = lanes[0].next_seq(1 << 40);
        assert!(later > most, "{later}: a block that was begun long ago is given out no more");
    }

    #[test]
    fn enums_are_numbered_as_they_are_listed() {
        assert!(Outcome::ALL.iter().enumerate().all(|(index, outcome)| *outcome as usize == index));
        assert!(ChangedBy::ALL.iter().enumerate().all(|(index, changed)| *changed as usize == index));
    }

    #[test]
    fn a_lane_can_stand_in_a_chain_that_others_look_at() {
        fn is_shareable<T: Send + Sync>() {}
        is_shareable::<Lane>();
    }
}
