//! Offsets of rewritten functions: from a trap's place to the place in the module that the author built.

use std::collections::HashMap;

/// The rewritten functions of a module, by their place among those with code.
#[derive(Debug, Default)]
pub struct BodyMap(HashMap<u32, Vec<Segment>>);

/// A stretch of a rewritten body. Offsets are from the start of the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub now: u32,
    pub original: u32,
    /// False for code that was put in for the instruction at `original`.
    pub is_copy: bool,
}

impl BodyMap {
    /// Adds a function's stretches, in their order.
    pub(super) fn add(&mut self, defined: usize, segments: Vec<Segment>) {
        self.0.insert(defined as u32, segments);
    }

    /// The original offset of an instruction at an offset in a function's body as it was compiled.
    pub fn original(&self, defined: u32, offset: u32) -> u32 {
        let Some(segments) = self.0.get(&defined) else { return offset };
        let upto = segments.partition_point(|segment| segment.now <= offset);
        match upto.checked_sub(1).and_then(|at| segments.get(at)) {
            Some(segment) if segment.is_copy => segment.original + (offset - segment.now),
            Some(segment) => segment.original,
            None => offset,
        }
    }

    /// The offset in a function's body as it was compiled for one in the original; [`BodyMap::original`] undoes it.
    pub fn compiled(&self, defined: u32, offset: u32) -> u32 {
        let Some(segments) = self.0.get(&defined) else { return offset };
        let upto = segments.partition_point(|segment| segment.original <= offset);
        match upto.checked_sub(1).and_then(|at| segments.get(at)) {
            Some(segment) if segment.is_copy => segment.now + (offset - segment.original),
            Some(segment) => segment.now,
            None => offset,
        }
    }

    /// The memory that it holds, in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.values().map(|segments| (segments.len() * size_of::<Segment>()) as u64 + 64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_found_in_both_directions() {
        // Four bytes stay, a bulk instruction of two becomes nine, the rest follows it.
        let segment = |now, original, is_copy| Segment { now, original, is_copy };
        let mut moved = BodyMap::default();
        moved.add(3, vec![segment(0, 0, true), segment(4, 4, false), segment(13, 6, true)]);
        for (original, compiled) in [(0, 0), (3, 3), (4, 4), (6, 13), (20, 27)] {
            assert_eq!(moved.compiled(3, original), compiled);
            assert_eq!(moved.original(3, compiled), original);
        }
        assert_eq!(moved.original(3, 9), 4, "within what was put in");
        assert_eq!(moved.compiled(0, 6), 6, "a function that was not rewritten");
    }
}
