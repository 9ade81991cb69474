//! The journal that jobs write to and views read from: one lane a job, so that jobs share no lock on each call, in
//! front of one bounded ring. Running calls are not in it; the kernel knows those and hands them in with
//! [`merge_running`].
//!
//! A lane is a small buffer. When it is full, and whenever somebody looks, it is emptied into the ring; so a push is a
//! few stores, and a view always sees every call that has ended. Locks are taken in the order of [`Rank`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::lane_buffer::LaneBuffer;
use super::record::Record;
use super::store::Store;
use crate::locks::{Condvar, Mutex, Rank};

/// The most records that one [`Journal::follow`] gives.
pub const FOLLOW_RECORDS_MAX: usize = 4096;
/// The longest that one [`Journal::wait`] sleeps.
pub const WAIT_MAX: Duration = Duration::from_millis(50);
/// The most records that a journal can be told to hold.
pub const RECORDS_MAX_MAX: usize = 1 << 22;

/// Calls whose payloads are kept, and the bounds. None are kept where either bound is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadSettings {
    pub of: PayloadsOf,
    pub bytes_each_max: u64,
    pub bytes_total_max: u64,
}

/// The calls whose payloads are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadsOf {
    #[default]
    Nothing,
    /// The inputs of failed calls.
    Failed,
    All,
}

impl PayloadSettings {
    /// A few KiB of each failed call, from the start of a session: the first failure is there to look at.
    pub const FAILED: PayloadSettings =
        PayloadSettings { of: PayloadsOf::Failed, bytes_each_max: 4 << 10, bytes_total_max: 1 << 20 };

    /// The payloads of all calls.
    pub const fn all(bytes_each_max: u64, bytes_total_max: u64) -> PayloadSettings {
        PayloadSettings { of: PayloadsOf::All, bytes_each_max, bytes_total_max }
    }

    /// The most bytes of one side of a call that ended well, and of one that failed.
    fn each_max(self) -> (u64, u64) {
        match self.of {
            _ if self.bytes_total_max == 0 => (0, 0),
            PayloadsOf::Nothing => (0, 0),
            PayloadsOf::Failed => (0, self.bytes_each_max),
            PayloadsOf::All => (self.bytes_each_max, self.bytes_each_max),
        }
    }
}

/// The bounded log of ended calls.
pub struct Journal {
    seq: OwnCacheLine<AtomicU64>,
    on: AtomicBool,
    /// True while a follower waits: the next push wakes it.
    awaited: AtomicBool,
    /// Most bytes that are kept of one side of a payload; 0 when payloads are off. The hot path reads only this.
    payload_bytes_each_max: AtomicU64,
    /// Most bytes that are kept of a failed call's input.
    failed_bytes_each_max: AtomicU64,
    payload_settings: Mutex<PayloadSettings>,
    lanes: Mutex<Vec<Arc<LaneBuffer>>>,
    store: Mutex<Store>,
    doorbell: Mutex<()>,
    rung: Condvar,
}

/// A cache line of its own, so that the counter that all jobs write does not slow reads of its neighbours.
#[repr(align(128))]
struct OwnCacheLine<T>(T);

impl Journal {
    /// An empty journal that is on. It holds `records_max` ended records at most, from 1 to [`RECORDS_MAX_MAX`]; other
    /// values are moved there.
    pub fn new(records_max: usize, payloads: PayloadSettings) -> Journal {
        let journal = Journal {
            seq: OwnCacheLine(AtomicU64::new(1)),
            on: AtomicBool::new(true),
            awaited: AtomicBool::new(false),
            payload_bytes_each_max: AtomicU64::new(0),
            failed_bytes_each_max: AtomicU64::new(0),
            payload_settings: Mutex::new(Rank::PayloadSettings, PayloadSettings::default()),
            lanes: Mutex::new(Rank::Lanes, Vec::new()),
            store: Mutex::new(Rank::Store, Store::new(records_max.clamp(1, RECORDS_MAX_MAX), 0)),
            doorbell: Mutex::new(Rank::Doorbell, ()),
            rung: Condvar::new(),
        };
        journal.set_payload_settings(payloads);
        journal
    }

    /// Takes `count` numbers for calls, which begin at 1, and returns the first.
    /// [`Lane::next_seq`](super::lane::Lane::next_seq) gives them out.
    pub(super) fn take_seqs(&self, count: u64) -> u64 {
        self.seq.0.fetch_add(count, Ordering::Relaxed)
    }

    /// Takes back the numbers from `first` to before `end`, unless later ones were taken since.
    pub(super) fn give_back_seqs(&self, first: u64, end: u64) {
        let _ = self.seq.0.compare_exchange(end, first, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The buffer of one more lane, which is read with the others until it is closed.
    pub(super) fn open_buffer(&self) -> Arc<LaneBuffer> {
        let buffer = Arc::new(LaneBuffer::new());
        self.lanes.lock().push(Arc::clone(&buffer));
        buffer
    }

    /// Turns the journal on or off. What is in it stays; while it is off, pushes are forgotten.
    pub fn set_on(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// Whether ended calls are kept: ask before making a record.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Forgets every record. Numbers go on where they were.
    pub fn clear(&self) {
        self.empty_lanes();
        self.store.lock().clear();
    }

    /// Holds at most `records_max` records from now on, moved into 1 to [`RECORDS_MAX_MAX`].
    pub fn set_records_max(&self, records_max: usize) {
        self.store.lock().set_records_max(records_max.clamp(1, RECORDS_MAX_MAX));
    }

    /// Records that ended since the cursor's last read, at most [`FOLLOW_RECORDS_MAX`] in the order of their ends, and
    /// the count of those that were dropped unread. Calls of different jobs that ended at about the same time may come
    /// in either order.
    pub fn follow(&self, cursor: &mut JournalCursor) -> Followed {
        self.empty_lanes();
        let (mut records, next, missed) = self.store.lock().read(cursor.position, FOLLOW_RECORDS_MAX);
        cursor.position = next;
        records.sort_by_key(Record::end_ns);
        Followed { records, missed }
    }

    /// Waits until something ended that the cursor has not seen, until [`Journal::wake`], or for `timeout`. Gives
    /// whether there is something new; it may return early.
    pub fn wait(&self, cursor: &JournalCursor, timeout: Duration) -> bool {
        let mut doorbell = self.doorbell.lock();
        self.awaited.store(true, Ordering::SeqCst);
        if self.drain().total() > cursor.position {
            return true;
        }
        // A concurrent push may miss the flag and be missed here: excluding that would cost each push a fence. So the
        // wait is bounded, and its caller waits again.
        self.rung.wait_for(&mut doorbell, timeout.min(WAIT_MAX));
        drop(doorbell);
        self.drain().total() > cursor.position
    }

    /// Makes every [`Journal::wait`] return now.
    pub fn wake(&self) {
        drop(self.doorbell.lock());
        self.rung.notify_all();
    }

    /// The settings of kept payloads.
    pub fn payload_settings(&self) -> PayloadSettings {
        *self.payload_settings.lock()
    }

    /// Changes the settings for payloads; payloads over the new budget go now, the oldest first.
    pub fn set_payload_settings(&self, settings: PayloadSettings) {
        let mut current = self.payload_settings.lock();
        *current = settings;
        self.empty_lanes();
        self.store.lock().set_payload_bytes_max(settings.bytes_total_max);
        let (each_max, failed_each_max) = settings.each_max();
        self.payload_bytes_each_max.store(each_max, Ordering::Relaxed);
        self.failed_bytes_each_max.store(failed_each_max, Ordering::Relaxed);
    }

    /// The most bytes to keep of the input of a failed call; 0: none.
    pub fn failed_bytes_each_max(&self) -> u64 {
        self.failed_bytes_each_max.load(Ordering::Relaxed)
    }

    /// The most bytes to keep of one side of a call; 0: keep no payload. One relaxed load.
    pub fn payload_bytes_each_max(&self) -> u64 {
        self.payload_bytes_each_max.load(Ordering::Relaxed)
    }

    /// The payload bytes that are held now.
    pub fn payload_bytes(&self) -> u64 {
        self.store.lock().payload_bytes()
    }

    /// Empties every lane into the ring, for reads that see every call that has ended by now.
    pub fn drain(&self) -> Drained<'_> {
        self.empty_lanes();
        Drained { journal: self }
    }

    fn empty_lanes(&self) {
        self.lanes.lock().iter().for_each(|lane| self.empty(lane));
    }

    /// Moves the records of a lane to the store.
    pub(super) fn empty(&self, lane: &LaneBuffer) {
        lane.empty_into(&self.store);
    }

    /// Adds a record to the store directly, without a lane.
    pub(super) fn push_through(&self, record: Record) {
        self.store.lock().push(record);
    }

    /// Takes the records that the lane still holds, and forgets the lane.
    pub(super) fn close(&self, lane: &Arc<LaneBuffer>) {
        let mut lanes = self.lanes.lock();
        lanes.retain(|open| !Arc::ptr_eq(open, lane));
        self.empty(lane);
    }

    /// Wakes followers that wait for records.
    #[inline]
    pub(super) fn ring_if_awaited(&self) {
        if self.awaited.load(Ordering::Relaxed) {
            self.ring();
        }
    }

    #[cold]
    fn ring(&self) {
        if self.awaited.swap(false, Ordering::SeqCst) {
            self.wake();
        }
    }
}

/// A journal whose lanes were emptied: every call that had ended by then is seen. Reads of one view do not empty them
/// again.
#[derive(Clone, Copy)]
#[must_use = "emptying the lanes alone changes nothing that can be seen"]
pub struct Drained<'a> {
    journal: &'a Journal,
}

impl Drained<'_> {
    /// The newest `last` records in order of seq.
    pub fn records(&self, last: usize) -> Vec<Record> {
        self.find(last, |_| true)
    }

    /// The newest `last` records that match, in order of seq. `matches` is called under the journal's lock: it must be
    /// quick and must not use the journal.
    pub fn find(&self, last: usize, matches: impl FnMut(&Record) -> bool) -> Vec<Record> {
        self.journal.store.lock().newest(last, matches)
    }

    /// Folds over all records, in about the order they ended, without copying them. `look` runs under the journal's
    /// lock: it must be quick and must not use the journal.
    pub fn with_records<T>(&self, look: impl FnOnce(&mut dyn DoubleEndedIterator<Item = &Record>) -> T) -> T {
        look(&mut self.journal.store.lock().iter())
    }

    /// The record with this number.
    pub fn get(&self, seq: u64) -> Option<Record> {
        self.journal.store.lock().get(seq).cloned()
    }

    /// Count of records ever stored.
    pub fn total(&self) -> u64 {
        self.journal.store.lock().end()
    }

    /// Count of records that a full journal dropped.
    pub fn dropped(&self) -> u64 {
        self.journal.store.lock().dropped()
    }

    /// Count of stored records.
    pub fn len(&self) -> usize {
        self.journal.store.lock().iter().len()
    }

    /// Whether no record is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cursor at the end: calls that end from now on are new to it.
    pub fn cursor_at_end(&self) -> JournalCursor {
        JournalCursor { position: self.journal.store.lock().end() }
    }

    /// A cursor at the oldest record that is held.
    #[cfg(test)]
    pub fn cursor_at_start(&self) -> JournalCursor {
        JournalCursor { position: self.journal.store.lock().base() }
    }
}

/// The position of a follower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalCursor {
    position: u64,
}

/// The news of a follower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    pub records: Vec<Record>,
    /// Count of records that were dropped before this follower read them.
    pub missed: u64,
}

/// Ended and running calls in one list, in order of seq. A call that is in both has ended: take the snapshot of the
/// running ones first, and no call is lost between the two looks.
pub fn merge_running(mut records: Vec<Record>, running: Vec<Record>) -> Vec<Record> {
    records.extend(running);
    // Stable: of two with one seq the ended one stays first.
    records.sort_by_key(|record| record.seq);
    records.dedup_by_key(|record| record.seq);
    records
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
