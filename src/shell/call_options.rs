//! The options of a call, as `call`, `plugsh call` and a replay give them, and its end in JSON.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::reply::{Reply, ShellError};
use super::units::{parse_count, parse_duration};
use super::words::payload::JsonPayload;
use super::words::stack::{StackRow, stack_rows};
use crate::json::as_us;
use crate::kernel::{CallError, JobEnd, JobId, JobOutput, ProcessId};

/// The words of `call`.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub struct CallOptions {
    #[arg(value_name = "PLUGIN")]
    pub plugin: String,
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    #[arg(id = "input", value_name = "INPUT")]
    pub input: Option<String>,
    /// run it N times, and give the last output
    #[arg(long = "loop", value_name = "N", value_parser = parse_count)]
    pub repeat: Option<u64>,
    /// end it, and all that it calls, after this time
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// INPUT is hexadecimal
    #[arg(long)]
    pub hex: bool,
    /// write the bytes only, with no newline added
    #[arg(long)]
    pub raw: bool,
    /// write a JSON object that holds the output and how the call ended
    #[arg(long)]
    pub json: bool,
}

impl CallOptions {
    /// Timeout of the call; a `--timeout` of zero is none, as a load's.
    pub fn time_limit(&self) -> Option<Duration> {
        self.timeout.filter(|timeout| !timeout.is_zero())
    }

    /// Adds the options of another stage of the same pipe: they hold for the whole pipe.
    ///
    /// # Errors
    /// Both stages have the same option.
    pub fn merge(&mut self, other: CallOptions) -> Result<(), ShellError> {
        let twice = |option: &str| {
            ShellError::usage(format!("`{option}` stands twice: it holds for the whole pipe, so give it once"))
        };
        if self.repeat.is_some() && other.repeat.is_some() {
            return Err(twice("--loop"));
        }
        if self.timeout.is_some() && other.timeout.is_some() {
            return Err(twice("--timeout"));
        }
        self.repeat = self.repeat.or(other.repeat);
        self.timeout = self.timeout.or(other.timeout);
        self.hex |= other.hex;
        self.raw |= other.raw;
        self.json |= other.json;
        Ok(())
    }
}

/// End of a background job, in JSON; without the output where that went to a file.
pub fn job_json(id: JobId, end: &JobEnd) -> Value {
    #[derive(Serialize)]
    struct Ended<'a> {
        job: JobId,
        outcome: &'static str,
        #[serde(flatten)]
        output: JsonPayload<'a>,
        #[serde(rename = "duration_us", serialize_with = "as_us")]
        duration: Duration,
        error: Option<String>,
    }
    let (bytes, error) = (end.bytes().ok(), end.result.as_ref().err());
    let is_sunk = end.result.as_ref().is_ok_and(JobOutput::is_sunk);
    let ended = Ended {
        job: id,
        outcome: error.map_or("ok", |error| error.outcome.as_str()),
        output: JsonPayload::whole("output", bytes.as_deref().filter(|_| !is_sunk)),
        duration: end.duration,
        error: error.map(CallError::with_reason),
    };
    serde_json::to_value(&ended).unwrap_or_default()
}

/// `call --json`: how a call of the process `id` ended.
pub fn call_reply(id: ProcessId, end: &JobEnd) -> Reply {
    #[derive(Serialize)]
    struct CallEnd<'a> {
        id: ProcessId,
        outcome: &'static str,
        #[serde(flatten)]
        output: JsonPayload<'a>,
        bytes_out: u64,
        #[serde(rename = "duration_us", serialize_with = "as_us")]
        duration: Duration,
        #[serde(rename = "held_us", serialize_with = "as_us")]
        held_for: Duration,
        error: Option<String>,
        /// Where the plugins stood, for a call that failed.
        stack: Option<Vec<StackRow<'a>>>,
    }
    let (bytes, error) = (end.bytes().ok(), end.result.as_ref().err());
    let stack = error.and_then(|error| error.stack.as_ref()).map(|stack| stack.view());
    Reply::json(&CallEnd {
        id,
        outcome: error.map_or("ok", |error| error.outcome.as_str()),
        output: JsonPayload::whole("output", bytes.as_deref()),
        bytes_out: bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
        duration: end.duration,
        held_for: end.held_for,
        error: error.map(CallError::with_reason),
        stack: stack.as_ref().map(stack_rows),
    })
}
