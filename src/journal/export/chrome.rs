//! Chrome trace events, which Perfetto and `chrome://tracing` open: a track a job, with more for calls that run beside
//! each other, and a slice a call, nested by their times.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::name::record_name;
use super::overlap::tracks;
use crate::journal::record::Record;
use crate::json::Micros;

/// Writes one JSON object with all events.
///
/// # Errors
/// `out` cannot be written.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n")?;
    write_event(&metadata("process_name", Track { job: 0, beside: 0 }, json!({"name": "plugsh"})), out)?;
    // The outer one of two slices with one start time must come first.
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|at| records.get(*at).map(|record| (record.at_ns, record.depth, record.seq)));
    let tracks = tracks(records, &order);
    let track_of = |record: &Record| Track { job: record.job, beside: tracks.get(&record.seq).copied().unwrap_or(0) };
    let mut ids: Vec<Track> = records.iter().map(track_of).collect();
    ids.sort_unstable();
    ids.dedup();
    for track in &ids {
        out.write_all(b",\n")?;
        write_event(&metadata("thread_name", *track, json!({"name": track.name()})), out)?;
        out.write_all(b",\n")?;
        write_event(&metadata("thread_sort_index", *track, json!({"sort_index": track.job})), out)?;
    }
    for record in order.iter().filter_map(|at| records.get(*at)) {
        out.write_all(b",\n")?;
        write_event(&slice(record, track_of(record)), out)?;
    }
    out.write_all(b"\n]}\n")
}

/// One row of slices: the job's own, or one of calls that run beside those.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Track {
    job: u32,
    /// 0: the job's own.
    beside: usize,
}

/// Track numbers of one job; no job has so high a number in practice, and a clash only puts two rows into one.
const TRACK_STRIDE: u64 = 1_000_000;

impl Track {
    fn id(self) -> u64 {
        u64::from(self.job) + self.beside as u64 * TRACK_STRIDE
    }

    fn name(self) -> String {
        match self.beside {
            // Loads at the prompt are of no job.
            0 if self.job == 0 => "shell".to_owned(),
            0 => format!("%{}", self.job),
            beside => format!("%{} beside {beside}", self.job),
        }
    }
}

fn write_event(event: &Value, out: &mut dyn Write) -> io::Result<()> {
    Ok(serde_json::to_writer(out, event)?)
}

fn metadata(name: &str, track: Track, args: Value) -> Value {
    json!({"name": name, "ph": "M", "pid": 1, "tid": track.id(), "args": args})
}

/// A complete slice (`X`) for an ended call; a begin event (`B`) for a running one.
fn slice(record: &Record, track: Track) -> Value {
    let ended = record.outcome.is_ended();
    let mut slice = json!({
        "name": record_name(record),
        "cat": record.outcome.as_str(),
        "ph": if ended { "X" } else { "B" },
        "ts": Micros(record.at_ns),
        "pid": 1,
        "tid": track.id(),
        "args": {
            "seq": record.seq,
            "caller": record.caller_label(),
            "callee": record.callee_label(),
            "function": record.function.as_str(),
            "bytes_in": record.bytes_in,
            "bytes_out": ended.then_some(record.bytes_out),
            "depth": record.depth,
            "outcome": record.outcome.as_str(),
            "error": record.error_line(),
            "changed_by": record.changed_by.as_str(),
            "held_us": ended.then_some(Micros(record.held_ns)),
            "grew_bytes": record.grew.bytes().filter(|_| ended),
            "fuel": record.counted_fuel(),
            "kind": record.kind.as_str(),
            "load": record.load(),
        },
    });
    if let Some(fields) = slice.as_object_mut() {
        if ended {
            // Holds are part of the slice: the calls after them lie inside their callers.
            fields.insert("dur".to_owned(), json!(Micros(record.end_ns().saturating_sub(record.at_ns))));
        }
        if record.outcome.is_failure() {
            fields.insert("cname".to_owned(), json!("terrible"));
        }
    }
    slice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::export::testing::{hostile, session, written};

    fn events(records: &[Record]) -> Vec<Value> {
        let text = written(|out| write(records, out));
        let whole: Value = serde_json::from_str(&text).expect("valid JSON");
        whole["traceEvents"].as_array().expect("a list of events").clone()
    }

    fn of_phase<'a>(events: &'a [Value], phase: &str) -> Vec<&'a Value> {
        events.iter().filter(|event| event["ph"] == phase).collect()
    }

    #[test]
    fn a_job_is_a_named_track() {
        let events = events(&session());
        let names: Vec<(&Value, &Value)> = of_phase(&events, "M")
            .into_iter()
            .filter(|event| event["name"] == "thread_name")
            .map(|event| (&event["tid"], &event["args"]["name"]))
            .collect();
        assert_eq!(names, [(&json!(1), &json!("%1")), (&json!(2), &json!("%2"))]);
    }

    #[test]
    fn calls_beside_each_other_have_tracks_of_their_own() {
        let call = |seq, parent_seq, at_ns, duration_ns| Record {
            seq,
            parent_seq,
            at_ns,
            duration_ns,
            job: 2,
            outcome: crate::journal::Outcome::Ok,
            ..Record::default()
        };
        let events = events(&[call(1, 0, 0, 100), call(2, 1, 10, 50), call(3, 1, 20, 50)]);
        let tids: Vec<&Value> = of_phase(&events, "X").into_iter().map(|slice| &slice["tid"]).collect();
        assert_eq!(tids, [&json!(2), &json!(2), &json!(1_000_002)]);
        let names = of_phase(&events, "M").into_iter().filter(|event| event["name"] == "thread_name");
        let names: Vec<&Value> = names.map(|event| &event["args"]["name"]).collect();
        assert_eq!(names, [&json!("%2"), &json!("%2 beside 1")]);
    }

    #[test]
    fn slices_have_their_times_and_lie_inside_their_callers() {
        let events = events(&session());
        let slices = of_phase(&events, "X");
        let names: Vec<&Value> = slices.iter().map(|slice| &slice["name"]).collect();
        assert_eq!(names, ["1:front.run", "2:cart.total", "2:cart.list"]);
        assert_eq!((&slices[0]["ts"], &slices[0]["dur"]), (&json!(1), &json!(10.5)));
        let end = |slice: &Value| slice["ts"].as_f64().unwrap() + slice["dur"].as_f64().unwrap();
        assert!(slices[1..].iter().all(|inner| inner["tid"] == 1 && end(inner) <= end(slices[0])));
        assert_eq!(slices[1]["args"]["error"], "no such item");
        assert_eq!((&slices[0]["args"]["bytes_out"], &slices[0]["args"]["caller"]), (&json!(2048), &json!("shell")));
        assert_eq!(slices[0]["args"]["changed_by"], "stub");
    }

    #[test]
    fn a_slice_contains_its_hold() {
        let mut records = session();
        records[0].held_ns = 5_000;
        let events = events(&records);
        let slice = of_phase(&events, "X")[0];
        assert_eq!((&slice["dur"], &slice["args"]["held_us"]), (&json!(15.5), &json!(5)));
    }

    #[test]
    fn a_running_call_only_begins() {
        let events = events(&session());
        let begun = of_phase(&events, "B");
        assert_eq!(begun.len(), 1);
        assert_eq!((&begun[0]["name"], &begun[0]["tid"]), (&json!("3:disk.sync"), &json!(2)));
        assert!(begun[0].get("dur").is_none() && begun[0]["args"]["bytes_out"].is_null());
    }

    #[test]
    fn no_records_and_hostile_ones_are_valid_json_too() {
        assert_eq!(events(&[]).len(), 1);
        assert_eq!(of_phase(&events(&hostile()), "X").len(), 3);
    }
}
