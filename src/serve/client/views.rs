//! Views that a snapshot holds, out of its JSON: processes, records, jobs, log lines, starts and ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::journal::{CallStanding, ChangedBy, Growth, Outcome, Payload, Record, RecordKind, Symbol};
use crate::kernel::{
    CallFailure, Crash, ExitReason, FrameView, JobState, JobView, Killed, LifeChange, LifeEvent, LogLine, ProcessLabel,
    ProcessState, ProcessView,
};
use crate::runtime::{Host, MemoryUse, Wording};

/// The fields of an object, each 0, empty or absent where it is missing: a newer server may have others.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn number(self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or(0)
    }

    fn small(self, name: &str) -> u32 {
        u32::try_from(self.number(name)).unwrap_or(u32::MAX)
    }

    fn nanoseconds(self, name: &str) -> u64 {
        (self.0[name].as_f64().unwrap_or(0.0) * 1e3) as u64
    }

    fn text(self, name: &str) -> &'a str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn symbol(self, name: &str) -> Symbol {
        Symbol::intern(self.text(name))
    }

    fn label(self) -> ProcessLabel {
        ProcessLabel { id: self.small("id"), name: self.text("name").to_owned() }
    }
}

/// A row of `ps --json`, with why it ended or crashed.
pub fn process_of(row: &Value) -> ProcessView {
    let fields = Fields(row);
    let failure = |name: &str| Arc::new(CallFailure::new(None, fields.text(name).to_owned(), Wording::default()));
    let state = match (fields.text("state"), fields.text("end")) {
        ("dead", "killed") => ProcessState::Dead { reason: ExitReason::Killed },
        ("dead", "freed") => ProcessState::Dead { reason: ExitReason::Freed(Fields(&row["freed_by"]).label()) },
        ("dead", "crashed") => ProcessState::Dead { reason: ExitReason::Crashed(failure("crash")) },
        ("dead", _) => ProcessState::Dead { reason: ExitReason::NotStarted },
        ("crashed", _) => ProcessState::Crashed { crash: Crash::Call(failure("crash")) },
        ("waiting", _) => ProcessState::Waiting { on: fields.small("waiting_on") },
        ("running", _) if row["held"] == Value::Bool(true) => ProcessState::Held,
        ("running", _) => ProcessState::Running,
        _ => ProcessState::Idle,
    };
    ProcessView {
        id: fields.small("id"),
        name: fields.text("name").to_owned(),
        parent: fields.small("parent"),
        state,
        calls: fields.number("calls"),
        errors: fields.number("errors"),
        resets: fields.number("resets"),
        bytes_in: fields.number("bytes_in"),
        bytes_out: fields.number("bytes_out"),
        busy: Duration::from_nanos(fields.nanoseconds("busy_us")),
        self_time: Duration::from_nanos(fields.nanoseconds("self_us")),
        age: Duration::from_millis(fields.number("age_ms")),
        memory: MemoryUse { resident_bytes: Some(fields.number("memory_bytes")), ..MemoryUse::default() },
        source: fields.text("source").to_owned(),
        host: Host::default(),
        node: row["node"].as_str().map(str::to_owned),
    }
}

/// A line of `trace --json`. `now_ns`: the moment of the snapshot, until which a running call has run.
pub fn record_of(line: &Value, now_ns: u64) -> Record {
    let fields = Fields(line);
    let named = |word: &str| Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
    let outcome = named(fields.text("outcome")).unwrap_or_default();
    let (at_ns, held_ns) = (fields.nanoseconds("at_us"), fields.nanoseconds("held_us"));
    let so_far = now_ns.saturating_sub(at_ns).saturating_sub(held_ns);
    let changed_by = ChangedBy::ALL.into_iter().find(|by| by.as_str() == line["changed_by"].as_str());
    let kind = RecordKind::ALL.into_iter().find(|kind| kind.as_str() == fields.text("kind"));
    let detail = line["detail"].as_str().map(|detail| Box::new(Payload::of_request(detail)));
    Record {
        seq: fields.number("seq"),
        parent_seq: fields.number("parent_seq"),
        at_ns,
        duration_ns: if outcome.is_ended() { fields.nanoseconds("duration_us") } else { so_far },
        held_ns,
        job: fields.small("job"),
        caller: fields.small("caller"),
        caller_name: fields.symbol("caller_name"),
        callee: fields.small("callee"),
        callee_name: fields.symbol("callee_name"),
        function: fields.symbol("function"),
        bytes_in: fields.number("bytes_in"),
        bytes_out: fields.number("bytes_out"),
        fuel: fields.number("fuel"),
        grew: Growth::of_bytes(line["grew_bytes"].as_u64()),
        depth: u16::try_from(fields.number("depth")).unwrap_or(u16::MAX),
        outcome,
        standing: if line["started"] == true { CallStanding::Started } else { CallStanding::Awaited },
        changed_by: changed_by.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        error: line["error"].as_str().map(Into::into),
        payload: detail,
        ..Record::default()
    }
}

/// An id with its name.
pub fn label_of(label: &Value) -> ProcessLabel {
    Fields(label).label()
}

/// The answer of `kill`. New parents have ids alone.
pub fn killed_of(answer: &Value) -> Killed {
    let rows = |name: &str| answer[name].as_array().into_iter().flatten();
    let moved = |row: &Value| {
        let parent = Fields(row).small("parent");
        (label_of(row), (parent != 0).then(|| ProcessLabel { id: parent, name: String::new() }))
    };
    Killed { ended: rows("ended").map(label_of).collect(), moved: rows("moved").map(moved).collect() }
}

/// A row of `jobs --json`.
pub fn job_of(row: &Value) -> JobView {
    let fields = Fields(row);
    let states = [JobState::Running, JobState::Held, JobState::Done, JobState::Failed];
    let state = states.into_iter().find(|state| state.word() == fields.text("state"));
    let frames = row["chain"].as_array().into_iter().flatten();
    JobView {
        id: fields.small("job"),
        state: state.unwrap_or(JobState::Running),
        background: row["background"].as_bool().unwrap_or(false),
        elapsed: Duration::from_millis(fields.number("elapsed_ms")),
        runs_done: fields.number("runs_done"),
        runs_total: fields.number("runs_total"),
        runs_per_second: row["runs_per_second"].as_f64().unwrap_or(0.0),
        text: fields.text("text").to_owned(),
        chain: frames.map(frame_of).collect(),
    }
}

fn frame_of(frame: &Value) -> FrameView {
    let fields = Fields(frame);
    FrameView {
        seq: frame["seq"].as_u64(),
        process: fields.label(),
        function: fields.text("function").to_owned(),
        depth: 0,
        elapsed: Duration::ZERO,
    }
}

/// A line of `logs --json`.
pub fn log_line_of(line: &Value) -> Option<LogLine> {
    let fields = Fields(line);
    Some(LogLine {
        seq: fields.number("seq"),
        at: Duration::from_nanos(fields.nanoseconds("at_us")),
        process: fields.label(),
        call_seq: line["call_seq"].as_u64(),
        function: line["function"].as_str().map(|name| Symbol::intern(name).as_str()),
        level: serde_json::from_value(line["level"].clone()).ok()?,
        text: fields.text("text").to_owned(),
    })
}

/// A start or an end of a process.
pub fn event_of(event: &Value) -> Option<LifeEvent> {
    let fields = Fields(event);
    let failure = || Arc::new(CallFailure::new(None, fields.text("error").to_owned(), Wording::default()));
    let change = match fields.text("change") {
        "started" => LifeChange::Started {
            parent: fields.small("parent"),
            parent_name: event["parent_name"].as_str().map(Symbol::intern),
        },
        "restarted" => LifeChange::Restarted,
        "reloaded" => LifeChange::Reloaded,
        "crashed" => LifeChange::Crashed { failure: failure() },
        "killed" => LifeChange::Ended { reason: ExitReason::Killed },
        "freed" => LifeChange::Ended { reason: ExitReason::Freed(Fields(&event["freed_by"]).label()) },
        "ended" => LifeChange::Ended { reason: ExitReason::Crashed(failure()) },
        "not_started" => LifeChange::Ended { reason: ExitReason::NotStarted },
        _ => return None,
    };
    let process = fields.small("process");
    Some(LifeEvent { at_ns: fields.nanoseconds("at_us"), process, name: fields.symbol("name"), change })
}
