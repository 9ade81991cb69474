//! Suspicious patterns in the journal's calls: repeated calls, queues, swallowed errors, payloads that come back or are
//! passed on unchanged. Findings are data; the room above puts them into words.

mod finding;
mod group;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use finding::{
    BOUNCED_BYTES_MIN, BOUNCES_MIN, CallFinding, FINDINGS_MAX, FunctionRef, REPEATS_MIN, SEQS_MAX, WAITED_PERCENT_MIN,
    WAITS_MIN,
};

use super::record::{Outcome, Record, RecordKind};
use group::Groups;

/// The findings in the calls among some records, by kind, those of the most calls first.
pub fn lint(records: &[Record]) -> Vec<CallFinding> {
    let records: Vec<&Record> = records.iter().filter(|record| record.kind == RecordKind::Call).collect();
    let records = records.as_slice();
    let by_seq: HashMap<u64, &Record> = records.iter().map(|record| (record.seq, *record)).collect();
    let calls = Calls { records, by_seq };
    let mut findings = repeated(&calls);
    findings.extend(queue::queued(records));
    findings.extend(swallowed(&calls));
    findings.extend(bounced(&calls));
    findings
}

/// Records, and each by its number.
struct Calls<'a> {
    records: &'a [&'a Record],
    by_seq: HashMap<u64, &'a Record>,
}

impl<'a> Calls<'a> {
    /// Calls with the calls that made them.
    fn nested(&self) -> impl Iterator<Item = (&'a Record, &'a Record)> {
        self.records.iter().filter_map(|record| Some((*record, *self.by_seq.get(&record.parent_seq)?)))
    }
}

#[derive(Default)]
struct Loop<'a> {
    calls: u64,
    same_input: u64,
    took_ns: u64,
    inputs: std::collections::HashSet<&'a [u8]>,
}

fn repeated(calls: &Calls<'_>) -> Vec<CallFinding> {
    let mut loops: HashMap<(u64, FunctionRef, FunctionRef), Loop<'_>> = HashMap::new();
    for (record, parent) in calls.nested() {
        let places = (parent.seq, FunctionRef::caller(record, Some(parent)), FunctionRef::callee(record));
        let one = loops.entry(places).or_default();
        one.calls += 1;
        one.took_ns += record.duration_ns;
        if let Some(input) = whole_input(record) {
            one.same_input += u64::from(!one.inputs.insert(input));
        }
    }
    let mut groups: Groups<(u64, u64, u64)> = Groups::default();
    let mut loops: Vec<_> = loops.into_iter().filter(|(_, one)| one.calls >= REPEATS_MIN).collect();
    loops.sort_by_key(|((seq, ..), _)| *seq);
    for ((seq, caller, callee), one) in loops {
        let (most, same_input, took_ns) = groups.add((caller, callee), seq, one.calls);
        (*most, *same_input, *took_ns) = ((*most).max(one.calls), *same_input + one.same_input, *took_ns + one.took_ns);
    }
    groups.into_findings(|group| {
        let (most, same_input, took_ns) = group.figures;
        let group::Group { caller, callee, calls, seqs, .. } = group;
        CallFinding::Repeated { caller, callee, calls, most, same_input, took_ns, seqs }
    })
}

fn swallowed(calls: &Calls<'_>) -> Vec<CallFinding> {
    let mut groups: Groups<Option<String>> = Groups::default();
    for (record, parent) in calls.nested() {
        if record.outcome.is_failure() && parent.outcome == Outcome::Ok {
            let error =
                groups.add((FunctionRef::caller(record, Some(parent)), FunctionRef::callee(record)), record.seq, 1);
            error.get_or_insert_with(|| record.error_line().unwrap_or_default());
        }
    }
    groups.into_findings(|group| {
        let group::Group { caller, callee, calls, seqs, figures } = group;
        CallFinding::Swallowed { caller, callee, calls, error: figures.unwrap_or_default(), seqs }
    })
}

fn bounced(calls: &Calls<'_>) -> Vec<CallFinding> {
    let (mut echoed, mut passed_on): (Groups<u64>, Groups<u64>) = Default::default();
    for (record, parent) in calls.nested() {
        let (Some(input), Some(output)) = (whole_input(record), whole_output(record)) else { continue };
        if input.len().max(output.len()) < BOUNCED_BYTES_MIN {
            continue;
        }
        let places = (FunctionRef::caller(record, Some(parent)), FunctionRef::callee(record));
        let bytes = (input.len() + output.len()) as u64;
        if input == output {
            *echoed.add(places, record.seq, 1) += bytes;
        } else if whole_input(parent) == Some(input) && whole_output(parent) == Some(output) {
            *passed_on.add(places, record.seq, 1) += bytes;
        }
    }
    let often = |finding: &CallFinding| match finding {
        CallFinding::Echoed { calls, .. } | CallFinding::PassedOn { calls, .. } => *calls >= BOUNCES_MIN,
        _ => true,
    };
    let echoed = echoed.into_findings(|group::Group { caller, callee, calls, seqs, figures: bytes }| {
        CallFinding::Echoed { caller, callee, calls, bytes, seqs }
    });
    let passed_on = passed_on.into_findings(|group::Group { caller, callee, calls, seqs, figures: bytes }| {
        CallFinding::PassedOn { caller, callee, calls, bytes, seqs }
    });
    echoed.into_iter().chain(passed_on).filter(often).collect()
}

fn whole_input(record: &Record) -> Option<&[u8]> {
    let kept = &record.payload.as_deref()?.input;
    kept.is_whole().then_some(&*kept.bytes)
}

/// The output of a call that ended well.
fn whole_output(record: &Record) -> Option<&[u8]> {
    let kept = &record.payload.as_deref()?.output;
    (kept.is_whole() && record.outcome == Outcome::Ok).then_some(&*kept.bytes)
}
