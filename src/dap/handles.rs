//! The numbers that the client has for frames and for values with parts. They hold until their job goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kernel::JobId;

/// The most numbers that are given at once; of more, the oldest are forgotten.
const HANDLES_MAX: usize = 100_000;

/// A frame of a held job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameKey {
    pub job: JobId,
    /// The number of the hold.
    pub hold: u64,
    pub frame: FrameOf,
}

/// The kind of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameOf {
    /// A plugin's function, by its number in `bt`.
    Code(usize),
    /// A call, by its place among the stack's plugins: where one plugin called another.
    Call(usize),
}

/// Something with parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parts {
    /// The variables of a frame.
    Locals,
    /// The engine's locals and operands of a frame.
    Wasm,
    /// The call that a frame belongs to.
    Call,
    /// A part of a variable, by its path.
    Of(Arc<str>),
}

/// A holder of variables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartsKey {
    pub frame: FrameKey,
    pub parts: Parts,
}

/// The numbers that were given.
#[derive(Debug, Default)]
pub struct Handles {
    frames: Table<FrameKey>,
    parts: Table<PartsKey>,
}

impl Handles {
    /// The number of a frame: the same one each time.
    pub fn frame(&mut self, key: FrameKey) -> u32 {
        self.frames.number(key)
    }

    /// The frame of a number.
    pub fn frame_of(&self, number: u32) -> Option<FrameKey> {
        self.frames.by_number.get(&number).copied()
    }

    /// The number of something with parts.
    pub fn parts(&mut self, key: PartsKey) -> u32 {
        self.parts.number(key)
    }

    /// The holder of a number.
    pub fn parts_of(&self, number: u32) -> Option<&PartsKey> {
        self.parts.by_number.get(&number)
    }

    /// Forgets the numbers of a job, which goes on.
    pub fn forget(&mut self, job: JobId) {
        self.frames.retain(|key| key.job != job);
        self.parts.retain(|key| key.frame.job != job);
    }
}

#[derive(Debug)]
struct Table<K> {
    last: u32,
    by_number: BTreeMap<u32, K>,
    numbers: BTreeMap<K, u32>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Table { last: 0, by_number: BTreeMap::new(), numbers: BTreeMap::new() }
    }
}

impl<K: Clone + Ord> Table<K> {
    fn number(&mut self, key: K) -> u32 {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        if self.by_number.len() >= HANDLES_MAX
            && let Some((_, oldest)) = self.by_number.pop_first()
        {
            self.numbers.remove(&oldest);
        }
        // The protocol's numbers end at 2^31 - 1, and 0 says that there is none.
        self.last = self.last % (i32::MAX as u32) + 1;
        self.by_number.insert(self.last, key.clone());
        self.numbers.insert(key, self.last);
        self.last
    }

    fn retain(&mut self, keeps: impl Fn(&K) -> bool) {
        self.by_number.retain(|_, key| keeps(key));
        self.numbers.retain(|key, _| keeps(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_keeps_its_number_until_its_job_goes_on() {
        let mut handles = Handles::default();
        let key = |job| FrameKey { job, hold: 1, frame: FrameOf::Code(0) };
        let first = handles.frame(key(1));
        assert_eq!((handles.frame(key(1)), handles.frame_of(first)), (first, Some(key(1))));
        let other = handles.frame(key(2));
        let parts = handles.parts(PartsKey { frame: key(1), parts: Parts::Of("cart.items".into()) });
        handles.forget(1);
        assert_eq!((handles.frame_of(first), handles.frame_of(other)), (None, Some(key(2))));
        assert_eq!(handles.parts_of(parts), None);
        assert_ne!(handles.frame(key(1)), first, "an old number means nothing new");
    }

    #[test]
    fn numbers_are_bounded() {
        let mut handles = Handles::default();
        let key = |hold| FrameKey { job: 1, hold, frame: FrameOf::Call(0) };
        let first = handles.frame(key(0));
        for hold in 1..=HANDLES_MAX as u64 {
            handles.frame(key(hold));
        }
        assert_eq!(handles.frame_of(first), None);
        assert_eq!(handles.frames.by_number.len(), HANDLES_MAX);
        assert_eq!(handles.frames.numbers.len(), HANDLES_MAX);
    }
}
