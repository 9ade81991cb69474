//! `plugsh call --attach`: one call of a process that a server has.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::front::console::{Color, Console};
use crate::front::one_call::{OutputForm, gets_newline};
use crate::serve::client::{Connect, connect};
use crate::serve::wire::{WireError, bytes_of, put_bytes};
use crate::shell::front::Front;
use crate::shell::reply::{ErrorKind, Reply};
use crate::shell::{ShellError, Stdin};

/// A call at a server.
#[derive(Debug)]
pub struct RemoteCall {
    pub connect: Connect,
    pub plugin: String,
    pub function: String,
    /// `None`: standard input.
    pub input: Option<Vec<u8>>,
    pub timeout: Option<std::time::Duration>,
    /// The number of calls; each prints its output.
    pub repeat: u64,
    pub form: OutputForm,
    pub color: Color,
}

/// Calls and prints; returns the exit code.
///
/// # Errors
/// Nobody serves there, or the call fails.
pub fn run(call: RemoteCall) -> Result<u8, ShellError> {
    let input = match &call.input {
        Some(input) => input.clone(),
        None => Stdin::Free.take(&|| false)?,
    };
    let client = connect(&call.connect)?;
    let mut console = Console::new(None, call.color, std::rc::Rc::default());
    let ends_each = call.repeat > 1 && call.form == OutputForm::Text;
    for _ in 0..call.repeat {
        let mut params = Map::new();
        params.insert("plugin".to_owned(), call.plugin.clone().into());
        params.insert("function".to_owned(), call.function.clone().into());
        put_bytes(&mut params, "input", &input);
        if let Some(timeout) = call.timeout {
            params.insert("timeout_ms".to_owned(), u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).into());
        }
        let answer = client.request("call", &Value::Object(params)).wait();
        let reply = reply(answer, call.form)?;
        console.show(&reply).map_err(|error| output_error(&error))?;
        // As a local call's loop has it.
        if ends_each && !gets_newline(&reply) {
            console.show(&Reply::line("")).map_err(|error| output_error(&error))?;
        }
    }
    Ok(0)
}

/// The reply that prints an answer.
fn reply(answer: Result<Value, WireError>, form: OutputForm) -> Result<Reply, ShellError> {
    let answer = answer.map_err(WireError::into_shell)?;
    if form == OutputForm::Json {
        return Ok(Reply::Json(answer));
    }
    let bytes = answer.as_object().map(|fields| bytes_of(fields, "output")).transpose().map_err(ShellError::failed)?;
    let bytes: Arc<[u8]> = bytes.flatten().unwrap_or_default().into();
    Ok(Reply::Output { bytes, raw: form == OutputForm::Raw && !io::stdout().is_terminal() })
}

fn output_error(error: &io::Error) -> ShellError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => ShellError::new(ErrorKind::BrokenPipe, "standard output is closed"),
        _ => ShellError::failed(format!("standard output: {}", crate::text::io_cause(error))),
    }
}
