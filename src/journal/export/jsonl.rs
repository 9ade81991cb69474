//! A record as one line of JSON: the fields of `.jsonl` files and of `trace --json`, which adds stacks. Their names and
//! meaning never change.

use std::io::{self, Write};

use serde::Serialize;

use crate::journal::load::LoadSteps;
use crate::journal::record::Record;
use crate::json::Micros;

/// Writes a line a record.
///
/// # Errors
/// `out` cannot be written.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    records.iter().try_for_each(|record| write_line(record, out))
}

/// Writes one record and a newline.
///
/// # Errors
/// `out` cannot be written.
pub fn write_line(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line::of(record))?;
    out.write_all(b"\n")
}

/// One record's line, without the newline.
pub fn line(record: &Record) -> String {
    serde_json::to_string(&Line::of(record)).unwrap_or_default()
}

/// A record as the fields of its line.
#[derive(Serialize)]
pub struct Line<'a> {
    seq: u64,
    at_us: Micros,
    job: u32,
    parent_seq: Option<u64>,
    caller: u32,
    caller_name: Option<&'a str>,
    callee: Option<u32>,
    callee_name: Option<&'a str>,
    function: Option<&'a str>,
    bytes_in: u64,
    bytes_out: Option<u64>,
    duration_us: Option<Micros>,
    held_us: Option<Micros>,
    grew_bytes: Option<u64>,
    fuel: Option<u64>,
    depth: u16,
    outcome: &'a str,
    error: Option<String>,
    changed_by: Option<&'a str>,
    /// Whether the call ran beside its caller.
    started: bool,
    kind: &'static str,
    /// Details of a request to the host.
    detail: Option<&'a str>,
    /// Source and steps of a load.
    load: Option<&'a LoadSteps>,
    /// The node that a call ran on, and its time on the way there and back.
    node: Option<&'a str>,
    wire_us: Option<Micros>,
}

impl<'a> Line<'a> {
    /// The line of a record.
    pub fn of(record: &'a Record) -> Line<'a> {
        let named = |name: crate::journal::symbol::Symbol| (!name.is_none()).then(|| name.as_str());
        let ended = record.outcome.is_ended();
        Line {
            seq: record.seq,
            at_us: Micros(record.at_ns),
            job: record.job,
            parent_seq: (record.parent_seq != 0).then_some(record.parent_seq),
            caller: record.caller,
            caller_name: named(record.caller_name),
            callee: (record.callee != 0).then_some(record.callee),
            callee_name: named(record.callee_name),
            function: named(record.function),
            bytes_in: record.bytes_in,
            bytes_out: ended.then_some(record.bytes_out),
            duration_us: ended.then_some(Micros(record.duration_ns)),
            held_us: ended.then_some(Micros(record.held_ns)),
            grew_bytes: record.grew.bytes().filter(|_| ended),
            fuel: record.counted_fuel(),
            depth: record.depth,
            outcome: record.outcome.as_str(),
            error: record.error_line(),
            changed_by: record.changed_by.as_str(),
            started: record.is_started(),
            kind: record.kind.as_str(),
            detail: record.detail(),
            load: record.load(),
            node: record.node().map(|node| &*node.node),
            wire_us: record.node().map(|node| Micros(node.wire_ns)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::journal::export::testing::{hostile, session, written};

    #[test]
    fn a_line_has_every_field_in_its_order() {
        let lines = written(|out| write(&session(), out));
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(
            lines[0],
            r#"{"seq":1,"at_us":1,"job":1,"parent_seq":null,"caller":0,"caller_name":"shell","callee":1,"callee_name":"front","function":"run","bytes_in":16,"bytes_out":2048,"duration_us":10.5,"held_us":0,"grew_bytes":0,"fuel":null,"depth":1,"outcome":"ok","error":null,"changed_by":"stub","started":false,"kind":"call","detail":null,"load":null,"node":null,"wire_us":null}"#
        );
        assert_eq!(
            lines[1],
            r#"{"seq":2,"at_us":2,"job":1,"parent_seq":1,"caller":1,"caller_name":"front","callee":2,"callee_name":"cart","function":"total","bytes_in":5,"bytes_out":0,"duration_us":3,"held_us":0,"grew_bytes":0,"fuel":null,"depth":2,"outcome":"error","error":"no such item","changed_by":null,"started":false,"kind":"call","detail":null,"load":null,"node":null,"wire_us":null}"#
        );
        assert!(
            lines[3].contains(r#""bytes_out":null,"duration_us":null,"held_us":null,"grew_bytes":null,"fuel":null,"depth":1,"outcome":"running""#),
            "{}",
            lines[3]
        );
        assert_eq!(lines[0], line(&session()[0]));
        let value = serde_json::to_value(Line::of(&session()[0])).expect("a line is plain fields");
        assert_eq!(value.to_string(), lines[0], "the value keeps the order");
    }

    #[test]
    fn who_was_named_by_nobody_is_null() {
        let line = line(&Record { seq: 1, outcome: crate::journal::Outcome::Denied, ..Record::default() });
        assert!(line.contains(r#""callee":null,"callee_name":null,"function":null"#), "{line}");
    }

    #[test]
    fn hostile_names_stay_inside_their_line() {
        let lines = written(|out| write(&hostile(), out));
        assert_eq!(lines.lines().count(), 4);
        for line in lines.lines() {
            let value: Value = serde_json::from_str(line).expect("valid JSON");
            assert_eq!(value["caller_name"], "end");
            assert!(!line.contains('\u{1b}') && !line.contains('\0'));
        }
    }
}
