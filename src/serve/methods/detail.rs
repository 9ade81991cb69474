//! `info` and `record`: all that is known of one process, and of one call with its bytes. Where the plugins of a held
//! call stand is told with both.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::command::run;
use crate::journal::{KeptBytes, KeptState};
use crate::kernel::{Job, Kernel, ProcessId};
use crate::runtime::Export;
use crate::serve::caller::Caller;
use crate::serve::wire::{WireError, params_of};
use crate::shell::command::info::info_json;
use crate::shell::excerpt::Excerpt;
use crate::shell::words::stack::stack_rows;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InfoParams {
    /// A process by id or name; by its id among the last dead too.
    plugin: String,
}

/// Answers as `info --json` does, with the types of the exports as values.
///
/// # Errors
/// The fields are wrong, or there is no such process.
pub fn info(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Result<Option<Value>, WireError> {
    let InfoParams { plugin } = params_of(params)?;
    let kernel = &caller.shared.kernel;
    let known = plugin.parse::<ProcessId>().ok().filter(|id| kernel.process(*id).is_some());
    let id = match known {
        Some(id) => id,
        None => kernel.find(&plugin).map_err(|error| WireError::failed(error.with_reason()))?,
    };
    let Some(detail) = kernel.process(id) else {
        return Err(WireError::failed(format!("process {id} is gone")));
    };
    let stack = kernel.last_stack(id);
    let mut answer = info_json(&detail, stack.as_ref());
    answer["called"] = json!(detail.called);
    answer["export_types"] = detail.exports.iter().map(typed).collect();
    answer["children_names"] = json!(detail.children);
    put_held_place(&mut answer, kernel, kernel.job_in(id));
    Ok(Some(answer))
}

fn typed(export: &Export) -> Value {
    json!({ "name": export.name, "type": export.ty })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordParams {
    seq: u64,
}

/// Answers as `show --json` does: a line of the trace with the bytes that were kept, its chain, stack and log.
///
/// # Errors
/// The fields are wrong, or the journal has no such record.
pub fn record(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Result<Option<Value>, WireError> {
    let RecordParams { seq } = params_of(params)?;
    let kernel = &caller.shared.kernel;
    let Some(mut answer) = run(caller, "show", &[seq.to_string()])? else { return Ok(None) };
    let record = kernel.journal().drain().get(seq);
    let kept = record.as_ref().and_then(|record| record.kept());
    answer["input_kept"] = json!(kept.map(|payload| kept_word(&payload.input)));
    answer["output_kept"] = json!(kept.map(|payload| kept_word(&payload.output)));
    let job = kernel.running().into_iter().find(|call| call.seq == seq).and_then(|call| kernel.job(call.job));
    put_held_place(&mut answer, kernel, job);
    Ok(Some(answer))
}

/// How much of the bytes is there.
fn kept_word(kept: &KeptBytes) -> &'static str {
    match kept.state {
        KeptState::Whole => "whole",
        KeptState::Cut => "cut",
        KeptState::Dropped => "dropped",
        KeptState::Private => "private",
    }
}

/// Notes where the plugins of a held job stand, and the source there; null for one that is not held.
fn put_held_place(answer: &mut Value, kernel: &Kernel, job: Option<Job>) {
    let held = job.filter(Job::is_held).and_then(|job| kernel.held_of(job.id()));
    let source = held.as_ref().and_then(|view| Excerpt::of_held(kernel, view));
    answer["held_stack"] = held.map_or(Value::Null, |view| json!(stack_rows(&view.stack)));
    answer["held_source"] = json!(source);
}
