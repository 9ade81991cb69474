//! `expect` and `expect-json`: expectations of the previous command's output.

use std::sync::Arc;

use serde_json::Value;

use super::{Arguments, Command, Group, Run, held, not_as_expected, show_difference, syntax, without_newline};
use crate::shell::json::value_at;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::{Rewrite, Session};
use crate::text::{is_too_deep, json_cause};

/// The command `expect`.
pub static EXPECT: Command = Command {
    name: "expect",
    group: Group::Scripting,
    summary: "fail unless a value or the last output is this",
    description: "Compares VALUE, or without one `$_`, what the last call, pipe or program gave, with INPUT, which may be a \
        here-document or `@FILE`; a final newline on either side counts for nothing. Where they differ it shows how, and \
        fails.",
    examples: &[
        "\
        load echo\n\
        # 1:echo\n\
        call echo echo hi\n\
        # hi\n\
        expect hi\n\
        set n 3\n\
        expect 3 $n\n\
        expect bye\n\
        # - bye\n\
        # + hi\n\
        # the output is not the expected one (- expected, + came)",
        "\
        load echo\n\
        # 1:echo\n\
        call echo echo hi | !tr a-z A-Z\n\
        # HI\n\
        expect HI",
    ],
    syntax: syntax::<ExpectOptions>(),
    run: Run::Plain(run_expect),
};

/// The command `expect-json`.
pub static EXPECT_JSON: Command = Command {
    name: "expect-json",
    group: Group::Scripting,
    summary: "fail unless a value in the last output was this",
    description: "Reads `$_`, what the last call, pipe or program gave, as JSON, takes the value that POINTER names (`/items/0/name`; `\"\"` \
        is all of it), and compares it with INPUT: JSON, or else a string.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        call echo echo {\"sum\": [1, 2]}\n\
        # {\"sum\": [1, 2]}\n\
        expect-json /sum/1 2\n\
        expect-json /sum [1, 2]"],
    syntax: syntax::<ExpectJsonOptions>(),
    run: Run::Plain(run_json),
};

#[derive(Debug, clap::Args)]
struct ExpectOptions {
    #[arg(id = "input", value_name = "INPUT", required = true)]
    input: String,
    #[arg(value_name = "VALUE")]
    value: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ExpectJsonOptions {
    #[arg(value_name = "POINTER")]
    pointer: String,
    #[arg(id = "input", value_name = "INPUT", required = true)]
    input: String,
}

fn run_expect(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (options, input) = arguments.parse::<ExpectOptions>()?;
    let expected = input.unwrap_or_default();
    let (actual, what) = match options.value {
        Some(value) => (Arc::from(value.into_bytes()), "value"),
        None => (session.last_output_for("expect")?, "output"),
    };
    if without_newline(&expected) == without_newline(&actual) {
        return Ok(held(String::from_utf8_lossy(without_newline(&actual)).into()));
    }
    show_difference(session, &expected, &actual);
    let message = format!("the {what} is not the expected one (- expected, + came)");
    not_as_expected(session, Rewrite::Bytes(actual.to_vec()), message)
}

fn run_json(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    session.scripts_mut().count_expectation();
    let (options, input) = arguments.parse::<ExpectJsonOptions>()?;
    let pointer = options.pointer;
    let expected = value_of(&input.unwrap_or_default())?;
    let output = session.last_output_for("expect-json")?;
    let actual = value_at(&output, &pointer, "the last output")?;
    if actual == expected {
        return Ok(held(actual));
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    show_difference(session, pretty(&expected).as_bytes(), pretty(&actual).as_bytes());
    let place = if pointer.is_empty() { String::new() } else { format!(" at `{pointer}`") };
    let message = format!("the value{place} is not the expected one (- expected, + came)");
    not_as_expected(session, Rewrite::Bytes(actual.to_string().into_bytes()), message)
}

/// The bytes as JSON; as a JSON string where they do not parse.
fn value_of(bytes: &[u8]) -> Result<Value, ShellError> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(error) if is_too_deep(&error) => {
            Err(ShellError::usage(format!("`expect-json`: INPUT is {}", json_cause(&error))))
        }
        Err(_) => std::str::from_utf8(bytes)
            .map(|text| Value::String(text.to_owned()))
            .map_err(|_| ShellError::usage("`expect-json`: INPUT is neither JSON nor UTF-8")),
    }
}
