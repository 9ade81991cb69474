//! `snapshot`: processes, calls, jobs, starts and ends, and log lines of one moment, as the pane draws them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::journal::{Record, merge_running};
use crate::json::Micros;
use crate::kernel::{Crash, ExitReason, Kernel, LifeChange, LifeEvent, ProcessState, ProcessView};
use crate::serve::caller::Caller;
use crate::serve::wire::{WireError, params_of};
use crate::shell::command::ps::rows_json;
use crate::shell::command::trace::records_json;

/// The most rows of each kind.
const ROWS_MAX: usize = 10_000;
/// Rows of each kind where no limit is asked for.
const ROWS_DEFAULT: usize = 100;
/// The most starts and ends of processes.
const EVENTS_MAX: usize = 256;
/// The newest log lines that are looked at.
const LOG_LINES_LOOKED_AT: usize = 4_096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotParams {
    /// Ended calls with greater numbers alone.
    #[serde(default)]
    after: u64,
    /// The newest so many calls and log lines.
    limit: Option<usize>,
    /// The details of this process besides.
    process: Option<u32>,
}

/// Takes a snapshot.
///
/// # Errors
/// The fields are wrong.
pub fn snapshot(
    caller: &Arc<Caller>,
    _: &Value,
    params: serde_json::Map<String, Value>,
) -> Result<Option<Value>, WireError> {
    let SnapshotParams { after, limit, process } = params_of(params)?;
    let limit = limit.unwrap_or(ROWS_DEFAULT).min(ROWS_MAX);
    let kernel = &caller.shared.kernel;
    // Running calls are read first: a call that ends in between is then in both lists, and not missed.
    let running = kernel.running();
    let records = kernel.journal().drain().find(limit, |record: &Record| record.seq > after);
    let calls = merge_running(records, running);
    let jobs: Vec<_> = kernel.jobs().iter().map(|job| job.view()).collect();
    let notes = kernel.debug_notes();
    Ok(Some(json!({
        "at_us": Micros(u64::try_from(kernel.uptime().as_nanos()).unwrap_or(u64::MAX)),
        "processes": processes(&kernel.processes(true)),
        "calls": records_json(kernel, &calls),
        "jobs": jobs,
        "events": kernel.life_events(EVENTS_MAX, |_| true).iter().map(event).collect::<Vec<_>>(),
        "log": kernel.newest_logs(limit, LOG_LINES_LOOKED_AT, |_| true),
        "breakpoints": notes.breakpoints.len(),
        "faults": notes.faults.len(),
        "stubs": notes.stubs.len(),
        "recording": notes.recording,
        "process": process.and_then(|id| details(kernel, id)),
    })))
}

/// Rows as `ps --json` has them, with how each ended or crashed as values.
fn processes(views: &[ProcessView]) -> Vec<Value> {
    let mut rows = rows_json(views);
    for (row, view) in rows.iter_mut().zip(views) {
        match &view.state {
            ProcessState::Crashed { crash: Crash::Call(failure) } => row["crash"] = failure.with_reason().into(),
            ProcessState::Crashed { crash } => row["crash"] = crash.to_string().into(),
            ProcessState::Dead { reason } => {
                let (end, by, error) = end_of(reason);
                row["end"] = end.into();
                row["freed_by"] = by;
                row["crash"] = error;
            }
            _ => {}
        }
    }
    rows
}

/// The word for an end, who freed the process, and the error that ended it.
fn end_of(reason: &ExitReason) -> (&'static str, Value, Value) {
    match reason {
        ExitReason::Killed => ("killed", Value::Null, Value::Null),
        ExitReason::Freed(by) => ("freed", json!(by), Value::Null),
        ExitReason::Crashed(failure) => ("crashed", Value::Null, failure.to_string().into()),
        ExitReason::NotStarted => ("not_started", Value::Null, Value::Null),
    }
}

fn event(event: &LifeEvent) -> Value {
    let mut fields = json!({ "at_us": Micros(event.at_ns), "process": event.process, "name": event.name.as_str(), "change": "started" });
    match &event.change {
        LifeChange::Started { parent, parent_name } => {
            fields["parent"] = (*parent).into();
            fields["parent_name"] = parent_name.map(|name| name.as_str()).into();
        }
        LifeChange::Restarted => fields["change"] = "restarted".into(),
        LifeChange::Reloaded => fields["change"] = "reloaded".into(),
        LifeChange::Crashed { failure } => {
            fields["change"] = "crashed".into();
            fields["error"] = failure.to_string().into();
        }
        LifeChange::Ended { reason } => {
            let (end, by, error) = end_of(reason);
            fields["change"] = if end == "crashed" { "ended" } else { end }.into();
            fields["freed_by"] = by;
            fields["error"] = error;
        }
    }
    fields
}

/// The details of a process that are no figures.
fn details(kernel: &Kernel, id: u32) -> Option<Value> {
    let detail = kernel.process(id)?;
    Some(json!({
        "functions": detail.functions,
        "children": detail.children,
        "last_error": detail.last_error.map(|error| error.with_reason()),
    }))
}
