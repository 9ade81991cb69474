//! `dap`: the messages of an editor's debugger, to an adapter that stands beside the client's session.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::dap::{Adapter, Flow, Mode, Outlet};
use crate::serve::caller::Caller;
use crate::serve::outbox::OnFull;
use crate::serve::wire::{LINE_BYTES_MAX, WireError, notification, params_of};
use crate::shell::SessionOptions;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DapParams {
    /// A message of the Debug Adapter Protocol.
    message: Value,
}

/// Hands a message to the client's adapter, which the first one starts. What the adapter says comes as notifications.
///
/// # Errors
/// The fields are wrong.
pub fn dap(caller: &Arc<Caller>, _: &Value, params: Map<String, Value>) -> Result<Option<Value>, WireError> {
    let DapParams { message } = params_of(params)?;
    let mut debugger = caller.debugger.lock();
    let adapter = debugger.get_or_insert_with(|| Box::new(adapter_for(caller)));
    if adapter.handle(&message) == Flow::Ends {
        *debugger = None;
    }
    Ok(Some(json!({})))
}

fn adapter_for(caller: &Caller) -> Adapter {
    let (kernel, link) = (Arc::clone(&caller.shared.kernel), Arc::clone(&caller.link));
    let outlet = Outlet::new(move |message| {
        let line = notification("dap", &json!({ "message": message }));
        // One that is longer than a line may be is left out; the client waits in vain, and others go on.
        line.len() > LINE_BYTES_MAX || link.outbox.send(line, OnFull::Wait).is_ok()
    });
    let owner = kernel.add_owner();
    let project = caller.shared.project().map(std::path::Path::to_owned);
    Adapter::new(kernel, Mode::Attaches, outlet, owner, SessionOptions { project, ..SessionOptions::default() })
}
