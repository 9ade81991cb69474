//! The fixed clock of pictures: each call takes a tenth of a second besides the calls that it makes, so the same calls
//! give the same picture on every machine. Memory is what processes have committed: what is resident depends on the
//! system.

use std::collections::HashMap;
use std::time::Duration;

use crate::journal::Record;
use crate::kernel::ProcessId;

use super::snapshot::Snapshot;

/// The time of a call without its nested calls.
const CALL_NS: u64 = 100_000_000;

/// Gives a snapshot the times of the fixed clock. Counters stay as they are.
pub fn apply(snapshot: &mut Snapshot) {
    let before: Vec<u64> = snapshot.calls.iter().map(|call| call.at_ns).collect();
    let now_ns = time_calls(&mut snapshot.calls);
    for event in &mut snapshot.events {
        // The start of the last call before it.
        let calls = before.partition_point(|at_ns| *at_ns <= event.at_ns);
        let last = calls.checked_sub(1).and_then(|index| snapshot.calls.get(index));
        event.at_ns = last.map_or(0, |call| call.at_ns);
    }
    snapshot.at = Duration::from_nanos(now_ns);
    let mut busy_ns: HashMap<ProcessId, u64> = HashMap::new();
    for call in &snapshot.calls {
        *busy_ns.entry(call.callee).or_default() += call.duration_ns;
    }
    for process in &mut snapshot.processes {
        process.busy = Duration::from_nanos(busy_ns.get(&process.id).copied().unwrap_or_default());
        process.memory.resident_bytes = None;
    }
    snapshot.totals.memory_bytes = snapshot.processes.iter().map(|process| process.memory.total_bytes()).sum();
}

/// Times the calls, which are sorted by seq; returns the time after the last of them.
fn time_calls(calls: &mut [Record]) -> u64 {
    // Events before the first call are at 0.
    let mut now_ns = CALL_NS;
    // The calls that the present one is nested in: index and seq.
    let mut open: Vec<(usize, u64)> = Vec::new();
    for index in 0..calls.len() {
        let Some(parent) = calls.get(index).map(|call| call.parent_seq) else { break };
        while let Some(&(ended, _)) = open.last().filter(|(_, seq)| *seq != parent) {
            open.pop();
            end(calls, ended, now_ns);
        }
        if let Some(call) = calls.get_mut(index) {
            call.at_ns = now_ns;
            open.push((index, call.seq));
        }
        now_ns += CALL_NS;
    }
    for (ended, _) in open {
        end(calls, ended, now_ns);
    }
    now_ns
}

fn end(calls: &mut [Record], index: usize, now_ns: u64) {
    if let Some(call) = calls.get_mut(index) {
        call.duration_ns = now_ns - call.at_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::{call, shop};

    #[test]
    fn a_call_takes_as_long_as_those_that_it_makes_and_its_own_time() {
        let nested = |seq, parent_seq, callee| Record {
            parent_seq,
            at_ns: seq * 777,
            ..call(seq, 1, (0, "shell"), (callee, "p"), "f")
        };
        let mut calls = [nested(3, 0, 1), nested(5, 3, 2), nested(6, 5, 3), nested(9, 3, 2), nested(12, 0, 1)];
        let now_ns = time_calls(&mut calls);
        let times = calls.map(|call| (call.at_ns / CALL_NS, call.duration_ns / CALL_NS));
        assert_eq!(times, [(1, 4), (2, 2), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(now_ns, 6 * CALL_NS);
    }

    #[test]
    fn nothing_of_the_real_clock_is_left() {
        let mut one = shop();
        let mut other = shop();
        for call in &mut other.calls {
            (call.at_ns, call.duration_ns) = (call.at_ns * 3 + 5, call.duration_ns + 99);
        }
        for process in &mut other.processes {
            process.busy += Duration::from_secs(1);
            process.memory.resident_bytes = Some(12_345);
        }
        other.at *= 2;
        apply(&mut one);
        apply(&mut other);
        assert_eq!((one.at, &one.calls), (other.at, &other.calls));
        let figures = |snapshot: &Snapshot| -> Vec<_> {
            snapshot.processes.iter().map(|process| (process.busy, process.memory.total_bytes())).collect()
        };
        assert_eq!(figures(&one), figures(&other));
        assert_eq!(one.totals, other.totals);
    }
}
