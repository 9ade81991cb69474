//! `snapshot`: processes, calls, jobs and log lines of one moment, as the pane draws them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::serve::caller::Caller;
use crate::serve::wire::{WireError, params_of};
use crate::shell::command::trace::records_json;

/// The most rows of each kind.
const ROWS_MAX: usize = 10_000;
/// Rows of each kind where no limit is asked for.
const ROWS_DEFAULT: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotParams {
    /// The newest so many calls and log lines.
    limit: Option<usize>,
}

/// Takes a snapshot.
///
/// # Errors
/// The fields are wrong.
pub fn snapshot(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Result<Option<Value>, WireError> {
    let limit = params_of::<SnapshotParams>(params)?.limit.unwrap_or(ROWS_DEFAULT).min(ROWS_MAX);
    let kernel = &caller.shared.kernel;
    // Running calls are read first: a call that ends in between is then in both lists, and not missed.
    let running = kernel.running();
    let records = kernel.journal().drain().records(limit);
    let mut calls = crate::journal::merge_running(records, running);
    calls.drain(..calls.len().saturating_sub(limit));
    let jobs: Vec<_> = kernel.jobs().iter().map(|job| job.view()).collect();
    Ok(Some(json!({
        "at_us": kernel.uptime().as_micros() as u64,
        "processes": crate::shell::command::ps::rows_json(&kernel.processes(true)),
        "calls": records_json(kernel, &calls),
        "jobs": jobs,
        "log": kernel.newest_logs(limit, usize::MAX, |_| true),
    })))
}
