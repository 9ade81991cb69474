//! Queues: a process runs one call at a time, so that a call which began before the one ahead of it ended has waited.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::finding::{CallFinding, FINDINGS_MAX, FunctionRef, SEQS_MAX, WAITED_PERCENT_MIN, WAITS_MIN};
use crate::journal::record::Record;
use crate::journal::symbol::Symbol;

/// Findings of the processes whose calls waited, the longest waits first.
pub fn queued(records: &[&Record]) -> Vec<CallFinding> {
    let mut by_process: BTreeMap<u32, Vec<&Record>> = BTreeMap::new();
    // A refused call takes no time and has no turn.
    for record in records.iter().filter(|record| record.callee != 0 && record.duration_ns > 0) {
        if record.outcome.is_ended() {
            by_process.entry(record.callee).or_default().push(record);
        }
    }
    let mut findings: Vec<(u64, CallFinding)> = by_process.into_values().filter_map(queue_of).collect();
    findings.sort_by_key(|(waited_ns, _)| Reverse(*waited_ns));
    findings.into_iter().take(FINDINGS_MAX).map(|(_, finding)| finding).collect()
}

/// The queue of one process's calls, if it is worth a finding.
fn queue_of(mut calls: Vec<&Record>) -> Option<(u64, CallFinding)> {
    calls.sort_by_key(|call| call.end_ns());
    let mut waits: Vec<(u64, u64)> = Vec::new();
    for pair in calls.windows(2) {
        let [ahead, call] = pair else { continue };
        let waited_ns = ahead.end_ns().saturating_sub(call.at_ns);
        if waited_ns > 0 {
            waits.push((waited_ns, call.seq));
        }
    }
    let waited_ns: u64 = waits.iter().map(|(waited_ns, _)| waited_ns).sum();
    let took_ns: u64 = calls.iter().map(|call| call.duration_ns).sum();
    let first = calls.first()?;
    let share = u128::from(waited_ns) * 100 >= u128::from(took_ns) * u128::from(WAITED_PERCENT_MIN);
    if (waits.len() as u64) < WAITS_MIN || !share {
        return None;
    }
    waits.sort_by_key(|wait| Reverse(*wait));
    let finding = CallFinding::Queued {
        process: FunctionRef { id: first.callee, name: first.callee_name, function: Symbol::NONE },
        calls: calls.len() as u64,
        waits: waits.len() as u64,
        waited_ns,
        longest_ns: waits.first().map_or(0, |(waited_ns, _)| *waited_ns),
        seqs: waits.iter().take(SEQS_MAX).map(|(_, seq)| *seq).collect(),
    };
    Some((waited_ns, finding))
}
