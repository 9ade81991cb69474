//! The buffer of a lane: records on their way from one job into the ring, as words that one writer stores and readers
//! move into the ring. `lane` has the writer, and `ring` the readers.

use std::sync::atomic::{AtomicU64, Ordering};

use super::record::{CallStanding, ChangedBy, Growth, Outcome, Record, RecordKind};
use super::store::Store;
use super::symbol::Symbol;
use crate::locks::{Mutex, Rank};

/// Most records in a lane's buffer; a power of two.
pub const LANE_RECORDS_MAX: usize = 64;

/// Records on their way from one job into the ring. On cache lines of its own: another job's lane may lie next to it.
#[repr(align(128))]
pub(super) struct LaneBuffer {
    slots: Box<[Words]>,
    /// Count of records ever written; moved by the writer.
    head: AtomicU64,
    /// Count of records taken out; moved under `emptying`.
    tail: AtomicU64,
    emptying: Mutex<()>,
}

/// A record without error and payload.
type Words = [AtomicU64; WORDS];
const WORDS: usize = 13;

impl LaneBuffer {
    /// An empty buffer with room for [`LANE_RECORDS_MAX`] records.
    pub(super) fn new() -> LaneBuffer {
        LaneBuffer {
            slots: (0..LANE_RECORDS_MAX).map(|_| Words::default()).collect(),
            head: AtomicU64::new(0),
            tail: AtomicU64::new(0),
            emptying: Mutex::new(Rank::LaneBuffer, ()),
        }
    }

    /// The place of the next record, when there is room for one; only for the one writer.
    #[inline]
    pub(super) fn room(&self) -> Option<u64> {
        let head = self.head.load(Ordering::Relaxed);
        (head - self.tail.load(Ordering::Acquire) < LANE_RECORDS_MAX as u64).then_some(head)
    }

    /// Only for the one writer, and only when there is room.
    #[inline]
    pub(super) fn write(&self, head: u64, record: &Record) {
        if let Some(slot) = self.slots.get(head as usize % LANE_RECORDS_MAX) {
            for (word, value) in slot.iter().zip(to_words(record)) {
                word.store(value, Ordering::Relaxed);
            }
        }
        self.head.store(head + 1, Ordering::Release);
    }

    /// Moves the buffer's records into the ring, in order.
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

/// The first bit of `standing` in the word of the depth.
const STANDING_SHIFT: u32 = 16;
/// The first bit of `kind` in that word.
const KIND_SHIFT: u32 = 45;

/// Neighbouring fields go into different words: else the compiler loads both at once right after two narrow stores,
/// which stalls store forwarding.
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
        u64::from(record.depth)
            | (record.standing as u64) << STANDING_SHIFT
            | (record.outcome as u64) << 24
            | (record.changed_by as u64) << 40
            | (record.kind as u64) << KIND_SHIFT
            | u64::from(record.grew.to_raw()) << 48,
        record.held_ns,
        record.fuel,
    ]
}

/// Stores field by field, against stalls of store forwarding as well. The caller clears error and payload.
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
    record.kind = RecordKind::ALL.get((rest >> KIND_SHIFT) as usize & 0x7).copied().unwrap_or_default();
    record.standing = CallStanding::ALL.get((rest >> STANDING_SHIFT) as usize & 0x3).copied().unwrap_or_default();
    record.grew = Growth::from_raw((rest >> 48) as u16);
    record.changed_by = ChangedBy::ALL.get((rest >> 40) as usize & 0xf).copied().unwrap_or_default();
    record.held_ns = word(11);
    record.fuel = word(12);
}

#[cfg(test)]
mod tests {
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
                held_ns: u64::MAX - 2,
                job: u32::MAX,
                caller: 7,
                caller_name: Symbol::SHELL,
                callee: u32::MAX - 1,
                callee_name: Symbol::intern("lane-callee"),
                function: Symbol::intern("lane-function"),
                bytes_in: 1 << 40,
                bytes_out: 1 << 41,
                fuel: u64::MAX - 3,
                grew: if index % 3 == 0 { Growth::UNKNOWN } else { Growth::of_bytes(Some(0x8001 << 16)) },
                depth: u16::MAX,
                outcome,
                standing: CallStanding::ALL[index % CallStanding::ALL.len()],
                changed_by: ChangedBy::ALL[index % ChangedBy::ALL.len()],
                kind: RecordKind::ALL[index % RecordKind::ALL.len()],
                error: None,
                payload: None,
            };
            let mut back = Record::default();
            from_words(&to_words(&record).map(AtomicU64::new), &mut back);
            assert_eq!(back, record);
        }
    }

    #[test]
    fn enums_are_numbered_as_they_are_listed() {
        assert!(Outcome::ALL.iter().enumerate().all(|(index, outcome)| *outcome as usize == index));
        assert!(RecordKind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
        assert!(CallStanding::ALL.iter().enumerate().all(|(index, standing)| *standing as usize == index));
        assert!(ChangedBy::ALL.iter().enumerate().all(|(index, changed)| *changed as usize == index));
    }
}
