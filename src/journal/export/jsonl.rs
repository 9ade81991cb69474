//! A record as one line of JSON: the fields of `trace --json` and of `.jsonl` files. Their names and meaning never change.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::journal::record::Record;
use crate::journal::stats::Row;

/// Writes a line a record.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    records.iter().try_for_each(|record| write_line(record, out))
}

/// Writes one record and a newline.
pub fn write_line(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line::of(record))?;
    out.write_all(b"\n")
}

/// One record's line, without the newline.
pub fn line(record: &Record) -> String {
    serde_json::to_string(&Line::of(record)).unwrap_or_default()
}

/// One record as a JSON object, its fields in the order of the line.
pub fn value(record: &Record) -> Value {
    serde_json::to_value(Line::of(record)).unwrap_or_default()
}

/// One row of the accounts as a JSON object; what does not apply to the grouping is `null`.
pub fn stats_value(row: &Row) -> Value {
    json!({
        "caller": row.caller.map(|(id, _)| id),
        "caller_name": row.caller.map(|(_, name)| name.as_str()),
        "callee": (row.callee.0 != 0).then_some(row.callee.0),
        "callee_name": (!row.callee.1.is_none()).then(|| row.callee.1.as_str()),
        "function": row.function.map(|function| function.as_str()),
        "calls": row.calls,
        "errors": row.errors,
        "bytes_in": row.bytes_in,
        "bytes_out": row.bytes_out,
        "total_us": Micros(row.total_ns),
        "self_us": Micros(row.self_ns),
        "avg_us": Micros(row.avg_ns),
        "p50_us": Micros(row.p50_ns),
        "p90_us": Micros(row.p90_ns),
        "p99_us": Micros(row.p99_ns),
        "max_us": Micros(row.max_ns),
        "share": row.share,
        "amplification": row.amplification,
    })
}

#[derive(Serialize)]
struct Line<'a> {
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
    depth: u16,
    outcome: &'a str,
    error: Option<&'a str>,
    changed_by: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(record: &'a Record) -> Line<'a> {
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
            depth: record.depth,
            outcome: record.outcome.as_str(),
            error: record.error.as_deref(),
            changed_by: record.changed_by.as_str(),
        }
    }
}

/// Nanoseconds, written as microseconds: without decimals where there are none.
pub struct Micros(pub u64);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::export::testing::{hostile, session, written};
    use crate::journal::stats::{By, Column, Stats};

    #[test]
    fn a_line_has_every_field_in_its_order() {
        let lines = written(|out| write(&session(), out));
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(
            lines[0],
            r#"{"seq":1,"at_us":1,"job":1,"parent_seq":null,"caller":0,"caller_name":"shell","callee":1,"callee_name":"front","function":"run","bytes_in":16,"bytes_out":2048,"duration_us":10.5,"depth":1,"outcome":"ok","error":null,"changed_by":"stub"}"#
        );
        assert_eq!(
            lines[1],
            r#"{"seq":2,"at_us":2,"job":1,"parent_seq":1,"caller":1,"caller_name":"front","callee":2,"callee_name":"cart","function":"total","bytes_in":5,"bytes_out":0,"duration_us":3,"depth":2,"outcome":"error","error":"no such item","changed_by":null}"#
        );
        assert!(
            lines[3].contains(r#""bytes_out":null,"duration_us":null,"depth":1,"outcome":"running""#),
            "{}",
            lines[3]
        );
        assert_eq!(lines[0], line(&session()[0]));
        assert_eq!(value(&session()[0]).to_string(), lines[0], "the value keeps the order");
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

    #[test]
    fn microseconds_keep_their_nanoseconds() {
        let micros = |ns| serde_json::to_string(&Micros(ns)).unwrap();
        assert_eq!(
            [0, 1, 999, 1_000, 1_234_567, 86_400_000_000_001].map(micros),
            ["0", "0.001", "0.999", "1", "1234.567", "86400000000.001"]
        );
    }

    #[test]
    fn a_row_of_the_accounts_has_nulls_for_what_does_not_apply() {
        let rows = Stats::of(By::Function, None, &session()).into_rows(Column::Name);
        let value = stats_value(&rows[0]);
        assert_eq!((&value["callee"], &value["function"], &value["caller"]), (&json!(1), &json!("run"), &Value::Null));
        assert_eq!((&value["calls"], &value["self_us"], &value["p50_us"]), (&json!(1), &json!(5.5), &json!(10.5)));
    }
}
