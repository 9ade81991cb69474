//! `json`: extracting one value of a JSON text.

use serde_json::Value;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::json::value_at;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `json`.
pub static COMMAND: Command = Command {
    name: "json",
    group: Group::Scripting,
    summary: "take a value out of JSON",
    description: "Prints the value that POINTER names (`/items/0/name`; `\"\"` is all of it) in INPUT, or in `$_`, the last \
        output: a string as its text, anything else as JSON. In a line it is `$(json POINTER VALUE)`.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        call echo echo {\"items\": [{\"name\": \"Ada\"}]}\n\
        # {\"items\": [{\"name\": \"Ada\"}]}\n\
        json /items/0/name\n\
        # Ada\n\
        set who $(json /who {\"who\": \"Bob\"})\n\
        echo \"hello $who\"\n\
        # hello Bob"],
    syntax: syntax::<JsonOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct JsonOptions {
    #[arg(value_name = "POINTER")]
    pointer: String,
    #[arg(id = "input", value_name = "INPUT")]
    input: Option<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, input) = arguments.parse::<JsonOptions>()?;
    let value = match input {
        Some(input) => value_at(&input, &options.pointer, "INPUT")?,
        None => value_at(&session.last_output_for("json")?, &options.pointer, "the last output")?,
    };
    if session.speaks_json() {
        return Ok(Reply::Json(value));
    }
    let text = match value {
        Value::String(text) => text,
        value => value.to_string(),
    };
    Ok(Reply::Output { bytes: text.into_bytes().into(), raw: false })
}
