//! Sums that hold whenever no call runs, whatever was done: the records with each other, with the processes' counters
//! and with what those who asked were given.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::journal::{Outcome, Record, RecordKind};
use crate::kernel::{JobId, Kernel, ProcessId, ProcessView};

/// A call from the prompt, as who made it saw it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub job: JobId,
    pub bytes_in: u64,
    /// `None`: it failed.
    pub bytes_out: Option<u64>,
}

/// Checks all of it. Nothing may have been forgotten by the journal.
pub fn add_up(kernel: &Arc<Kernel>, asked: &[Asked]) {
    assert!(kernel.running().is_empty(), "a call runs");
    let living: u64 = kernel.processes(false).iter().map(|view| view.memory.committed_bytes()).sum();
    assert_eq!(kernel.memory_bytes(), living, "memory is counted that nobody has");
    let records = kernel.journal().drain().records(usize::MAX);
    let by_seq: BTreeMap<u64, &Record> = records.iter().map(|record| (record.seq, record)).collect();
    assert_eq!(by_seq.len(), records.len(), "a record ended twice");
    let mut children: HashMap<u64, Vec<&Record>> = HashMap::new();
    for record in &records {
        assert!(record.outcome.is_ended(), "{record:?} has not ended");
        if record.parent_seq != 0 {
            let Some(caller) = by_seq.get(&record.parent_seq) else { panic!("the caller of {record:?} never ended") };
            nests(record, caller);
            children.entry(record.parent_seq).or_default().push(record);
        }
    }
    for record in &records {
        hands_on(record, children.get(&record.seq).map_or(&[], Vec::as_slice));
    }
    kernel.processes(true).iter().for_each(|view| is_the_sum_of_its_records(view, &records));
    answers(asked, &records);
}

/// A call that was refused is a record too, but no call: it took no time. Neither is a load.
fn was_run(record: &Record) -> bool {
    record.duration_ns > 0 && record.kind == RecordKind::Call
}

/// A nested call or load lies within its caller's, one deeper, in the same job. A load that failed has no process.
fn nests(record: &Record, caller: &Record) {
    let who = if caller.kind == RecordKind::Load && caller.callee == 0 { record.caller } else { caller.callee };
    let place = (record.job, record.caller, record.depth);
    assert_eq!(place, (caller.job, who, caller.depth + 1), "{record:?} in {caller:?}");
    assert!(record.seq > caller.seq && record.at_ns >= caller.at_ns, "{record:?} began before {caller:?}");
    assert!(record.end_ns() <= caller.end_ns(), "{record:?} ended after {caller:?}");
}

/// Bytes out of one are bytes into the other: what `call` and `try_call` are given is the callee's id, its function and
/// its input; what they give is its output, with `ok: ` before it from `try_call`.
fn hands_on(record: &Record, nested: &[&Record]) {
    let nested_ns: u64 = nested.iter().map(|record| record.duration_ns).sum();
    // Calls side by side may take more time than their caller.
    let is_one_by_one = !record.function.as_str().ends_with("_all");
    assert!(!is_one_by_one || record.nested_ns >= nested_ns, "the times of {record:?}");
    assert!(record.duration_ns >= record.nested_ns, "the times of {record:?}");
    let prefix = match record.function.as_str() {
        "call" => 0,
        "try_call" => "ok: ".len() as u64,
        _ => return,
    };
    let [callee] = nested.iter().filter(|record| record.kind == RecordKind::Call).collect::<Vec<_>>()[..] else {
        // The job ended before it came to call.
        assert!(nested.is_empty() && record.outcome != Outcome::Ok, "{record:?} called {nested:?}");
        return;
    };
    if was_run(callee) {
        let words = (callee.callee.to_string().len() + callee.function.as_str().len() + 2) as u64;
        assert_eq!(record.bytes_in, words + callee.bytes_in, "into {record:?} and {callee:?}");
    }
    if record.outcome == Outcome::Ok && callee.outcome == Outcome::Ok {
        assert_eq!(record.bytes_out, prefix + callee.bytes_out, "out of {record:?} and {callee:?}");
    }
}

/// A process's counters are those of its records, also when it has died.
fn is_the_sum_of_its_records(view: &ProcessView, records: &[Record]) {
    let (mut calls, mut errors, mut bytes_in, mut bytes_out) = (0, 0, 0, 0);
    for record in records.iter().filter(|record| record.callee == view.id && was_run(record)) {
        calls += 1;
        errors += u64::from(record.outcome.is_failure());
        bytes_in += record.bytes_in;
        bytes_out += record.bytes_out;
    }
    let (counted, summed) =
        ((view.calls, view.errors, view.bytes_in, view.bytes_out), (calls, errors, bytes_in, bytes_out));
    assert_eq!(counted, summed, "the calls of {}", view.label());
}

/// Each call from the prompt has one record of its own, which says what the one who asked was told.
fn answers(asked: &[Asked], records: &[Record]) {
    let of_job = |record: &&Record| record.kind == RecordKind::Call && record.depth == 1 && record.job != 0;
    let mut first: HashMap<JobId, (ProcessId, &Record)> = HashMap::new();
    for record in records.iter().filter(of_job) {
        let twice = first.insert(record.job, (record.callee, record));
        assert!(twice.is_none(), "two records of job {}: {twice:?}", record.job);
    }
    for Asked { job, bytes_in, bytes_out } in asked {
        match (first.get(job), bytes_out) {
            (Some((_, record)), Some(bytes_out)) => {
                let told = (record.outcome, record.bytes_in, record.bytes_out);
                assert_eq!(told, (Outcome::Ok, *bytes_in, *bytes_out), "job {job}");
            }
            (Some((_, record)), None) => assert!(record.outcome.is_failure(), "job {job} failed: {record:?}"),
            (None, Some(_)) => panic!("job {job} gave an output and has no record"),
            // The process had ended before it could be asked.
            (None, None) => {}
        }
    }
}
