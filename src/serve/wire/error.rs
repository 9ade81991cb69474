//! Errors on the wire: JSON-RPC's own by their numbers, and failures by the exit code that a shell would end with.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shell::ShellError;
use crate::shell::reply::ErrorKind;

/// Mistakes that JSON-RPC has numbers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The line is no JSON.
    Parse,
    /// The JSON is no request.
    Request,
    Method,
    Params,
    /// The server does not take the request now: a limit, an access that is missing, an end that has begun.
    Refused,
}

impl Fault {
    /// Code of the error.
    pub fn code(self) -> i64 {
        match self {
            Fault::Parse => -32_700,
            Fault::Request => -32_600,
            Fault::Method => -32_601,
            Fault::Params => -32_602,
            Fault::Refused => -32_000,
        }
    }
}

/// The error of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireError {
    /// A [`Fault`]'s, or the exit code of the failure: 1, 2, 124, 130 or 141.
    pub code: i64,
    /// One line.
    pub message: String,
    /// Further facts, by kind of request.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

impl WireError {
    /// The error of a mistake.
    pub fn new(fault: Fault, message: impl Into<String>) -> WireError {
        WireError { code: fault.code(), message: message.into(), data: Value::Null }
    }

    /// Wrong fields of a request.
    pub fn params(message: impl Into<String>) -> WireError {
        WireError::new(Fault::Params, message)
    }

    /// A request that is not taken now.
    pub fn refused(message: impl Into<String>) -> WireError {
        WireError::new(Fault::Refused, message)
    }

    /// A request that was tried and failed.
    pub fn failed(message: impl Into<String>) -> WireError {
        WireError { code: 1, message: message.into(), data: Value::Null }
    }

    /// The error as a shell's.
    pub fn into_shell(self) -> ShellError {
        let kind = match self.code {
            2 => ErrorKind::Usage,
            124 => ErrorKind::Timeout,
            130 => ErrorKind::Interrupted,
            141 => ErrorKind::BrokenPipe,
            _ => ErrorKind::Failed,
        };
        let stderr = self.data.get("stderr").and_then(Value::as_array).into_iter().flatten();
        let stderr = stderr.filter_map(|line| line.as_str().map(str::to_owned)).collect();
        let located = self.data.get("located").and_then(Value::as_bool).unwrap_or(false);
        let error = ShellError { stderr, located, ..ShellError::new(kind, self.message) };
        match self.data.get("shown").and_then(Value::as_bool) {
            Some(true) => error.shown(),
            _ => error,
        }
    }
}

impl From<&ShellError> for WireError {
    fn from(error: &ShellError) -> WireError {
        let data = serde_json::json!({
            "stderr": error.stderr,
            "located": error.located,
            "shown": error.is_shown(),
        });
        WireError { code: error.code().into(), message: error.message.clone(), data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_every_code() {
        let faults = [Fault::Parse, Fault::Request, Fault::Method, Fault::Params, Fault::Refused].map(Fault::code);
        let kinds =
            [ErrorKind::Failed, ErrorKind::Usage, ErrorKind::Timeout, ErrorKind::Interrupted, ErrorKind::BrokenPipe];
        let ends = kinds.map(|kind| i64::from(ShellError::new(kind, "").code()));
        let documented = crate::shell::command::wire::ERRORS.map(|(code, _)| code);
        assert_eq!(documented.to_vec(), [&faults[..], &ends].concat());
    }

    #[test]
    fn a_shells_error_comes_back_as_it_went() {
        let error = ShellError {
            stderr: vec!["why".to_owned()],
            located: true,
            ..ShellError::new(ErrorKind::Timeout, "f:1: timed out")
        };
        assert_eq!(WireError::from(&error).into_shell(), error);
        assert!(WireError::from(&ShellError::usage("x").shown()).into_shell().is_shown());
    }
}
