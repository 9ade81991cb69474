//! `call`: one call of a function, and its output.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::journal::Outcome;
use crate::kernel::{CallError, CallPlan, CallStage, JobEnd, ProcessId};
use crate::serve::caller::Caller;
use crate::serve::wire::{WireError, bytes_of, params_of};
use crate::shell::call_options::call_reply;
use crate::shell::reply::{ErrorKind, Reply, ShellError};

/// The fields of `call` besides `input`, or `input_base64`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallParams {
    plugin: String,
    function: String,
    timeout_ms: Option<u64>,
}

/// Calls; the call's own thread answers at its end, as `call --json` does. One that fails is an error whose data is
/// that.
///
/// # Errors
/// The fields are wrong, there is no such process, or the call fails.
pub fn call(caller: &Arc<Caller>, id: &Value, mut params: Map<String, Value>) -> Result<Option<Value>, WireError> {
    let input = bytes_of(&params, "input").map_err(WireError::params)?.unwrap_or_default();
    params.remove("input");
    params.remove("input_base64");
    let CallParams { plugin, function, timeout_ms } = params_of(params)?;
    let kernel = &caller.shared.kernel;
    let process = kernel.find(&plugin).map_err(|error| failed(&error, json!({})))?;
    let plan = CallPlan {
        text: format!("call {plugin} {function}"),
        stages: vec![CallStage { process, function }],
        input: input.into(),
        repeat: 1,
        timeout: timeout_ms.filter(|timeout| *timeout > 0).map(Duration::from_millis),
        background: false,
        owner: caller.owner,
    };
    let unanswered = caller.begin_request()?;
    let job = kernel.start(plan).map_err(|error| failed(&error, json!({})))?;
    caller.calls.lock().push(job.clone());
    if caller.link.outbox.is_closed() {
        job.interrupt();
    }
    let (caller, id, number) = (Arc::clone(caller), id.clone(), job.id());
    job.on_end(Box::new(move |end| {
        caller.answer(&id, &answer(process, end));
        caller.calls.lock().retain(|call| call.id() != number);
        drop(unanswered);
    }));
    Ok(None)
}

fn answer(process: ProcessId, end: &JobEnd) -> Result<Value, WireError> {
    let json = match call_reply(process, end) {
        Reply::Json(json) => json,
        _ => Value::Null,
    };
    match &end.result {
        Ok(_) => Ok(json),
        Err(error) => Err(failed(error, json)),
    }
}

/// The error of a call: what `call --json` says of it, with the chain that failed, outermost first.
fn failed(error: &CallError, mut data: Value) -> WireError {
    let kind = if error.outcome == Outcome::Timeout { ErrorKind::Timeout } else { ErrorKind::Failed };
    let code = ShellError::new(kind, "").code();
    let view = error.stack.as_ref().map(|stack| stack.view()).unwrap_or_default();
    let frames = view.plugins.iter().rev();
    let frames = frames
        .map(|plugin| json!({ "id": plugin.process.id, "name": plugin.process.name, "function": plugin.function }));
    data["outcome"] = error.outcome.as_str().into();
    data["chain"] = frames.collect();
    WireError { code: code.into(), message: error.with_reason(), data }
}
