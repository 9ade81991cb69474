//! A lane: one job's way into the journal. Its buffer has one writer, the job, and takes no lock per record: a record
//! is thirteen words that are stored one by one and then published by moving `head`. A reader, or the job itself when
//! the buffer is full, takes the lane's lock, empties it into the ring and moves `tail`.
//!
//! Words instead of a locked `Vec` save two atomic exchanges a call.

use std::sync::Arc;
#[cfg(debug_assertions)]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lane_buffer::LaneBuffer;
use super::record::Record;
use super::ring::Journal;

/// One job's way into the journal. Dropping it hands over the records that it still holds.
///
/// Only one thread may push at a time: the job's own. Two at once would lose records or mix two into one; a debug build
/// panics instead.
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
/// Time for which numbers of a block are given out. The rest are given back.
const SEQ_BLOCK_LASTS_NS: u64 = 100_000;

/// The numbers that a lane may give out by itself. Written by the lane's own thread alone.
#[derive(Default)]
struct Numbers {
    /// Count of the lane's requests for numbers.
    asked: AtomicU64,
    /// The rest of its block: from `next` to before `end`.
    next: AtomicU64,
    end: AtomicU64,
    /// When the block expires.
    until_ns: AtomicU64,
}

impl Lane {
    /// A lane for one job to write to `journal`.
    pub fn open(journal: &Arc<Journal>) -> Lane {
        let buffer = journal.open_buffer();
        Lane {
            journal: Arc::clone(journal),
            buffer,
            numbers: Numbers::default(),
            #[cfg(debug_assertions)]
            pushing: AtomicBool::new(false),
        }
    }

    /// The number of this lane's next call, given at its start; only for the lane's own thread. Numbers go up within a
    /// lane, and are never given twice.
    ///
    /// Between lanes numbers follow the order in which calls start, while a lane has started few. A lane that starts
    /// very many in a short time takes numbers in blocks, so that jobs do not contend for the one counter. Its calls
    /// may then be out of order with those of other jobs, by a block and by 100 µs at most. The rest of a block is
    /// given back, so that a lane that is alone leaves no gap.
    #[inline]
    pub fn next_seq(&self, now_ns: u64) -> u64 {
        let numbers = &self.numbers;
        let next = numbers.next.load(Ordering::Relaxed);
        if next < numbers.end.load(Ordering::Relaxed) && now_ns < numbers.until_ns.load(Ordering::Relaxed) {
            numbers.next.store(next + 1, Ordering::Relaxed);
            return next;
        }
        self.give_back();
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

    /// Gives the rest of the lane's block back to the journal; only for the lane's own thread. For a lane that waits or
    /// ends while others may number calls. The rest is lost where another lane has taken numbers since.
    pub fn give_back(&self) {
        let (next, end) = (&self.numbers.next, &self.numbers.end);
        let (first, after) = (next.load(Ordering::Relaxed), end.load(Ordering::Relaxed));
        if first < after {
            self.journal.give_back_seqs(first, after);
            end.store(first, Ordering::Relaxed);
        }
    }

    /// Notes an ended call. A record with neither error nor payload costs some stores; the ring's lock is taken once in
    /// [`LANE_RECORDS_MAX`](super::lane_buffer::LANE_RECORDS_MAX) of them. One with an error or a payload goes into the
    /// ring at once, so that the budgets there are exact.
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
            let head = self.buffer.room().or_else(|| {
                self.journal.empty(&self.buffer);
                self.buffer.room()
            });
            // An emptied buffer has room: the lane has one writer.
            if let Some(head) = head {
                self.buffer.write(head, &record);
            }
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
        self.give_back();
        self.journal.close(&self.buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ring::PayloadSettings;
    use super::*;

    #[test]
    fn numbers_go_up_in_every_lane_and_are_given_once() {
        let journal = Arc::new(Journal::new(64, PayloadSettings::default()));
        let lanes = [Lane::open(&journal), Lane::open(&journal)];
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
    fn lanes_that_number_one_after_another_leave_no_gap() {
        let journal = Arc::new(Journal::new(64, PayloadSettings::default()));
        let mut given = Vec::new();
        for count in [1_500, 3, 2_003] {
            let lane = Lane::open(&journal);
            for turn in 0..count {
                // A block expires on the way, and one is begun when another lane numbers a call.
                given.push(lane.next_seq(turn * SEQ_BLOCK_LASTS_NS / 5));
                if turn % 700 == 600 {
                    lane.give_back();
                    given.push(Lane::open(&journal).next_seq(0));
                }
            }
        }
        assert_eq!(given, (1..=given.len() as u64).collect::<Vec<u64>>());
    }

    #[test]
    fn a_lane_can_stand_in_a_chain_that_others_look_at() {
        fn is_shareable<T: Send + Sync>() {}
        is_shareable::<Lane>();
    }
}
