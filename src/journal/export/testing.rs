//! Records for the tests of the exports.

use crate::journal::record::{ChangedBy, Outcome, Record};
use crate::journal::symbol::Symbol;

/// shell → front.run (ok, by a stub) → cart.total (error), then cart.list (ok), while job 2 still runs disk.sync.
pub fn session() -> Vec<Record> {
    let [front, cart, disk] = ["front", "cart", "disk"].map(Symbol::intern);
    let [run, total, list, sync] = ["run", "total", "list", "sync"].map(Symbol::intern);
    let first = stubbed(front, run);
    let nested = failed(front, cart, total);
    let second = Record {
        seq: 3,
        at_ns: 6_000,
        duration_ns: 2_000,
        function: list,
        outcome: Outcome::Ok,
        error: None,
        ..nested.clone()
    };
    let running = Record {
        seq: 4,
        parent_seq: 0,
        job: 2,
        at_ns: 7_000,
        duration_ns: 900,
        nested_ns: 0,
        callee: 3,
        callee_name: disk,
        function: sync,
        outcome: Outcome::Running,
        changed_by: ChangedBy::None,
        bytes_out: 0,
        ..first.clone()
    };
    vec![first, nested, second, running]
}

/// The call from the prompt, changed by a stub.
fn stubbed(callee_name: Symbol, function: Symbol) -> Record {
    Record {
        seq: 1,
        job: 1,
        at_ns: 1_000,
        duration_ns: 10_500,
        nested_ns: 5_000,
        caller_name: Symbol::SHELL,
        callee: 1,
        callee_name,
        function,
        bytes_in: 16,
        bytes_out: 2_048,
        depth: 1,
        outcome: Outcome::Ok,
        changed_by: ChangedBy::Stub,
        ..Record::default()
    }
}

/// The nested call, which is an error of its plugin.
fn failed(caller_name: Symbol, callee_name: Symbol, function: Symbol) -> Record {
    Record {
        seq: 2,
        parent_seq: 1,
        job: 1,
        at_ns: 2_000,
        duration_ns: 3_000,
        caller: 1,
        caller_name,
        callee: 2,
        callee_name,
        function,
        bytes_in: 5,
        bytes_out: 0,
        depth: 2,
        outcome: Outcome::Error,
        error: Some("no such item".into()),
        ..Record::default()
    }
}

/// Names and errors that try to break out of every format.
pub fn hostile() -> Vec<Record> {
    let evil = "a\"b'c<script>;#%%\\n\u{1b}[2J\u{202e}->>x: y\nend &amp; {}[]()|`é";
    let mut records = session();
    for record in &mut records {
        record.callee_name = Symbol::intern(evil);
        record.caller_name = Symbol::intern("end");
        record.function = Symbol::intern("]]>\u{0}--><svg onload=alert(1)>");
        record.error = Some(evil.into());
        record.outcome = if record.outcome == Outcome::Ok { Outcome::Trap } else { record.outcome };
    }
    records
}

/// A record that is its own parent, two that are each other's, and a parent that comes after its child.
pub fn twisted() -> Vec<Record> {
    let template = session().remove(0);
    [(1, 1), (2, 3), (3, 2), (4, 9), (9, 4)]
        .map(|(seq, parent_seq)| Record { seq, parent_seq, ..template.clone() })
        .into_iter()
        .collect()
}

/// Output of an exporter, as text; panics on an error and on bytes that are not UTF-8.
pub fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("exports are text")
}
