//! The innermost range around each address, of ranges that lie in one another.

use std::ops::Range;

/// Stretches of addresses, each with the innermost range around it.
#[derive(Debug, Default)]
pub struct Spans(Vec<(u32, Option<u32>)>);

impl Spans {
    /// The stretches of ranges, which are told apart by their place in the slice. Of two that overlap, neither in the
    /// other, the later ends the earlier.
    pub fn new(ranges: &[Range<u32>]) -> Spans {
        let mut order: Vec<usize> = (0..ranges.len()).collect();
        order.sort_by_key(|at| ranges.get(*at).map(|range| (range.start, u32::MAX - range.end)));
        let mut spans = Spans::default();
        // The ranges around the next address: their place and end.
        let mut around: Vec<(u32, u32)> = Vec::new();
        for at in order {
            let Some(range) = ranges.get(at).filter(|range| !range.is_empty()) else { continue };
            spans.leave_until(&mut around, range.start);
            let end = around.last().map_or(range.end, |(_, end)| range.end.min(*end));
            let Ok(at) = u32::try_from(at) else { break };
            spans.push(range.start, Some(at));
            around.push((at, end));
        }
        spans.leave_until(&mut around, u32::MAX);
        spans
    }

    /// The innermost range around an address.
    pub fn at(&self, address: u32) -> Option<u32> {
        let upto = self.0.partition_point(|(start, _)| *start <= address);
        self.0.get(upto.checked_sub(1)?)?.1
    }

    /// The memory that it holds, in bytes.
    pub fn bytes(&self) -> u64 {
        (self.0.len() * size_of::<(u32, Option<u32>)>()) as u64
    }

    fn leave_until(&mut self, around: &mut Vec<(u32, u32)>, address: u32) {
        while let Some((_, end)) = around.pop_if(|(_, end)| *end <= address) {
            self.push(end, around.last().map(|(at, _)| *at));
        }
    }

    fn push(&mut self, start: u32, range: Option<u32>) {
        match self.0.last_mut() {
            Some(last) if last.0 == start => last.1 = range,
            _ => self.0.push((start, range)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_range_is_found() {
        let spans = Spans::new(&[10..40, 50..60, 20..30, 22..25, 20..30]);
        let found: Vec<_> = [9, 10, 19, 20, 22, 25, 30, 39, 40, 50, 60].map(|address| spans.at(address)).into();
        assert_eq!(found, [None, Some(0), Some(0), Some(4), Some(3), Some(4), Some(0), Some(0), None, Some(1), None]);
    }

    #[test]
    fn ranges_that_overlap_do_not_outlive_the_outer_one() {
        let spans = Spans::new(&[10..20, 15..30, 40..40]);
        assert_eq!([12, 15, 19, 20, 40].map(|address| spans.at(address)), [Some(0), Some(1), Some(1), None, None]);
    }
}
