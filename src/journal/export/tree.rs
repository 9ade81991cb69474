//! The nesting of records, for exports that draw chains.

use crate::journal::record::Record;

/// The parents of records in order of seq, by index. A parent that is not there, or does not come before its child, is
/// none.
pub(super) fn parents(records: &[Record]) -> Vec<Option<usize>> {
    let parent = |(at, record): (usize, &Record)| {
        let parent = records.binary_search_by_key(&record.parent_seq, |parent| parent.seq).ok()?;
        (record.parent_seq != 0 && parent < at).then_some(parent)
    };
    records.iter().enumerate().map(parent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::export::testing;

    #[test]
    fn a_parent_comes_before_its_child_or_is_none() {
        assert_eq!(parents(&testing::session()), [None, Some(0), Some(0), None]);
        assert_eq!(parents(&testing::session()[1..]), [None, None, None]);
        assert_eq!(parents(&testing::twisted()), [None, None, Some(1), None, Some(3)]);
    }
}
