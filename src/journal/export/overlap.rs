//! Calls that run beside each other: groups of siblings whose times overlap, and tracks on which slices nest.

use std::collections::HashMap;

use crate::journal::record::Record;

/// Siblings in groups, in their order: the calls of one group overlap in time, each with one before it.
pub fn groups(records: &[Record], siblings: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut end_ns = 0;
    for (at, record) in siblings.iter().filter_map(|at| Some((*at, records.get(*at)?))) {
        match groups.last_mut() {
            Some(group) if record.at_ns < end_ns => group.push(at),
            _ => groups.push(vec![at]),
        }
        end_ns = end_ns.max(end_of(record));
    }
    groups
}

/// The track of each record within its job, from 0: on one track, each slice lies within the one below it or after it.
/// `order` has the records by their start, callers first.
pub fn tracks(records: &[Record], order: &[usize]) -> HashMap<u64, usize> {
    let mut jobs: HashMap<u32, Vec<Vec<(u64, u64)>>> = HashMap::new();
    let mut tracks = HashMap::new();
    for record in order.iter().filter_map(|at| records.get(*at)) {
        let open = jobs.entry(record.job).or_default();
        for track in open.iter_mut() {
            while track.pop_if(|(_, end_ns)| *end_ns <= record.at_ns).is_some() {}
        }
        let below_caller = |track: &Vec<(u64, u64)>| track.last().is_some_and(|(seq, _)| *seq == record.parent_seq);
        let place = open.iter().position(below_caller).or_else(|| open.iter().position(Vec::is_empty));
        let place = place.unwrap_or_else(|| {
            open.push(Vec::new());
            open.len() - 1
        });
        if let Some(track) = open.get_mut(place) {
            track.push((record.seq, end_of(record)));
        }
        tracks.insert(record.seq, place);
    }
    tracks
}

/// The end of a call; that of a running one is yet to come.
fn end_of(record: &Record) -> u64 {
    if record.outcome.is_ended() { record.end_ns() } else { u64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::Outcome;

    fn record(seq: u64, parent_seq: u64, at_ns: u64, duration_ns: u64) -> Record {
        Record { seq, parent_seq, at_ns, duration_ns, job: 1, outcome: Outcome::Ok, ..Record::default() }
    }

    #[test]
    fn siblings_that_overlap_are_one_group() {
        let records = [record(2, 1, 10, 10), record(3, 1, 15, 30), record(4, 1, 20, 5), record(5, 1, 45, 5)];
        assert_eq!(groups(&records, &[0, 1, 2, 3]), [vec![0, 1, 2], vec![3]]);
        assert!(groups(&records, &[]).is_empty());
    }

    #[test]
    fn a_call_beside_another_has_a_track_of_its_own() {
        let records = [
            record(1, 0, 0, 100),
            record(2, 1, 10, 50),
            record(3, 1, 20, 50),
            record(4, 2, 30, 5),
            record(5, 3, 30, 5),
            record(6, 1, 80, 5),
        ];
        let tracks = tracks(&records, &[0, 1, 2, 3, 4, 5]);
        let of = |seq| tracks.get(&seq).copied();
        assert_eq!([1, 2, 3, 4, 5, 6].map(of), [Some(0), Some(0), Some(1), Some(0), Some(1), Some(0)]);
    }
}
