//! Findings in made-up journals: each kind is found where it is, and not where it is not.

use super::*;
use crate::journal::payload::Payload;
use crate::journal::symbol::Symbol;

fn call(seq: u64, parent_seq: u64, caller: u32, callee: u32) -> Record {
    let name = |id: u32| if id == 0 { Symbol::SHELL } else { Symbol::intern(&format!("p{id}")) };
    Record {
        seq,
        parent_seq,
        caller,
        caller_name: name(caller),
        callee,
        callee_name: name(callee),
        function: Symbol::intern("f"),
        at_ns: seq * 1_000,
        duration_ns: 10,
        outcome: Outcome::Ok,
        ..Record::default()
    }
}

fn with_payload(record: Record, input: &[u8], output: &[u8]) -> Record {
    Record { payload: Some(Box::new(Payload::keep(input, output, 1000))), ..record }
}

fn labels(finding: &CallFinding) -> (String, String) {
    match finding {
        CallFinding::Repeated { caller, callee, .. }
        | CallFinding::Swallowed { caller, callee, .. }
        | CallFinding::Echoed { caller, callee, .. }
        | CallFinding::PassedOn { caller, callee, .. } => (caller.label(), callee.label()),
        CallFinding::Queued { process, .. } => (String::new(), process.label()),
    }
}

#[test]
fn a_loop_of_calls_is_found_in_the_call_that_makes_it() {
    let mut records = vec![call(1, 0, 0, 1)];
    records.extend((2..12).map(|seq| with_payload(call(seq, 1, 1, 2), &[seq as u8 / 2], b"")));
    records.extend((20..29).map(|seq| call(seq, 1, 1, 3)));
    let findings = lint(&records);
    assert_eq!(findings.len(), 1, "nine calls are no loop: {findings:?}");
    assert_eq!(labels(&findings[0]), ("1:p1.f".into(), "2:p2.f".into()));
    let CallFinding::Repeated { calls, most, same_input, took_ns, seqs, .. } = &findings[0] else { panic!() };
    assert_eq!((*calls, *most, *same_input, *took_ns, &seqs[..]), (10, 10, 5, 100, &[1][..]));
    let from_the_shell: Vec<Record> = (1..50).map(|seq| call(seq, 0, 0, 1)).collect();
    assert_eq!(lint(&from_the_shell), [], "a person may call as often as they like");
}

#[test]
fn calls_that_wait_for_a_busy_process_are_a_queue() {
    let at = |seq, at_ns, end_ns: u64| Record { at_ns, duration_ns: end_ns - at_ns, ..call(seq, 0, 0, 1) };
    let queue = [at(1, 0, 100), at(2, 10, 200), at(3, 20, 300), at(4, 30, 400)];
    let findings = lint(&queue);
    let [CallFinding::Queued { process, calls, waits, waited_ns, longest_ns, seqs }] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert_eq!((process.label().as_str(), *calls, *waits), ("1:p1", 4, 3));
    assert_eq!((*waited_ns, *longest_ns, &seqs[..]), (90 + 180 + 270, 270, &[4, 3, 2][..]));
    assert_eq!(lint(&[at(1, 0, 100), at(2, 100, 200), at(3, 200, 300), at(4, 300, 400)]), []);
    let refused = Record { duration_ns: 0, outcome: Outcome::Denied, ..at(9, 50, 50) };
    assert_eq!(lint(&[refused.clone(), refused.clone(), refused, at(1, 0, 100)]), [], "a circle has no turn");
}

#[test]
fn a_failure_that_its_caller_does_not_share_is_swallowed() {
    let failed =
        |seq, parent| Record { outcome: Outcome::Error, error: Some("no disk".into()), ..call(seq, parent, 1, 2) };
    let well = call(1, 0, 0, 1);
    let badly = Record { outcome: Outcome::Error, ..call(4, 0, 0, 1) };
    let findings = lint(&[well, failed(2, 1), failed(3, 1), badly, failed(5, 4), failed(7, 6)]);
    let [CallFinding::Swallowed { calls: 2, error, seqs, .. }] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((error.as_str(), &seqs[..]), ("no disk", &[2, 3][..]));
}

#[test]
fn payloads_that_bounce_are_found_where_they_were_kept() {
    let (long, other) = ([b'x'; 100], [b'y'; 100]);
    let of = |seq: u64, input: &[u8], output: &[u8]| {
        [with_payload(call(seq, 0, 0, 1), &long, &other), with_payload(call(seq + 1, seq, 1, 2), input, output)]
    };
    let three = |input: &[u8], output: &[u8]| {
        lint(&[of(1, input, output), of(3, input, output), of(5, input, output)].concat())
    };
    let echoed = three(&long, &long);
    assert!(matches!(&echoed[..], [CallFinding::Echoed { calls: 3, bytes: 600, .. }]), "{echoed:?}");
    let passed_on = three(&long, &other);
    assert!(matches!(&passed_on[..], [CallFinding::PassedOn { calls: 3, bytes: 600, .. }]), "{passed_on:?}");
    assert_eq!(three(b"short", b"short"), []);
    assert_eq!(three(&long, b"an answer"), []);
    assert_eq!(lint(&of(1, &long, &long)), [], "once is nothing");
}
