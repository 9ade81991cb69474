//! Requests of the client, and the arguments of those that have some.
//!
//! Fields that are unknown are passed over: editors send more than the protocol asks for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub seq: u64,
    pub command: String,
    pub arguments: Value,
}

impl Request {
    /// The request of a message; `None` for a message of another kind.
    pub fn of(message: &Value) -> Option<Request> {
        if message.get("type").and_then(Value::as_str) != Some("request") {
            return None;
        }
        let seq = message.get("seq").and_then(Value::as_u64)?;
        let command = message.get("command").and_then(Value::as_str)?.to_owned();
        let arguments = message.get("arguments").cloned().unwrap_or_default();
        Some(Request { seq, command, arguments })
    }

    /// The arguments of a request.
    ///
    /// # Errors
    /// One is missing or of another kind; a line.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, String> {
        let given = match &self.arguments {
            Value::Null => Value::Object(Map::new()),
            given => given.clone(),
        };
        serde_json::from_value(given).map_err(|error| format!("`{}`: {error}", self.command))
    }
}

/// How the client counts, and what it can show.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientInfo {
    pub lines_start_at1: bool,
    pub columns_start_at1: bool,
    pub supports_variable_paging: bool,
}

impl Default for ClientInfo {
    fn default() -> Self {
        ClientInfo { lines_start_at1: true, columns_start_at1: true, supports_variable_paging: false }
    }
}

impl ClientInfo {
    /// A line of the client's, counted from 1.
    pub fn line_from(self, line: u32) -> u32 {
        if self.lines_start_at1 { line } else { line.saturating_add(1) }
    }

    /// A line as the client counts it.
    pub fn line_to(self, line: u32) -> u32 {
        if self.lines_start_at1 { line } else { line.saturating_sub(1) }
    }

    /// A column as the client counts it.
    pub fn column_to(self, column: u32) -> u32 {
        if self.columns_start_at1 { column } else { column.saturating_sub(1) }
    }
}

/// One line or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ScriptLines {
    One(String),
    Several(Vec<String>),
}

impl ScriptLines {
    /// All lines as one text.
    pub fn text(&self) -> String {
        match self {
            ScriptLines::One(line) => line.clone(),
            ScriptLines::Several(lines) => lines.join("\n"),
        }
    }
}

/// The arguments of `launch`: what is run and debugged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LaunchArguments {
    /// A file of shell lines.
    pub program: Option<PathBuf>,
    /// Shell lines, run after the file.
    pub lines: Option<ScriptLines>,
    /// `$1`, `$2`, … of the file.
    pub args: Vec<String>,
    pub cwd: Option<PathBuf>,
    /// Where source files are looked for, besides the paths that compilers noted.
    pub source_dirs: Vec<PathBuf>,
    /// Beginnings of noted paths, and the directories here that have their files.
    pub source_map: BTreeMap<String, PathBuf>,
    pub stop_on_entry: bool,
    pub no_debug: bool,
}

/// The arguments of `attach`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AttachArguments {
    pub source_dirs: Vec<PathBuf>,
    pub source_map: BTreeMap<String, PathBuf>,
}

/// A file of the client's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ClientSource {
    pub path: Option<String>,
    pub name: Option<String>,
}

/// The arguments of `setBreakpoints`.
#[derive(Debug, Clone, Deserialize)]
pub struct SetBreakpoints {
    pub source: ClientSource,
    #[serde(default)]
    pub breakpoints: Vec<LineBreakpoint>,
}

/// A breakpoint at a line.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineBreakpoint {
    pub line: u32,
    pub condition: Option<String>,
    pub hit_condition: Option<String>,
    pub log_message: Option<String>,
}

/// The arguments of `setFunctionBreakpoints`.
#[derive(Debug, Clone, Deserialize)]
pub struct SetFunctionBreakpoints {
    pub breakpoints: Vec<FunctionBreakpoint>,
}

/// A breakpoint at a function.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionBreakpoint {
    pub name: String,
    pub condition: Option<String>,
    pub hit_condition: Option<String>,
}

/// The arguments of `setExceptionBreakpoints`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetExceptionBreakpoints {
    #[serde(default)]
    pub filters: Vec<String>,
    #[serde(default)]
    pub filter_options: Vec<ExceptionFilter>,
}

/// A filter of exceptions, with a condition.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionFilter {
    pub filter_id: String,
    pub condition: Option<String>,
}

/// The arguments of `breakpointLocations`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakpointLocations {
    pub source: ClientSource,
    pub line: u32,
    pub end_line: Option<u32>,
}

/// The arguments of a request about one thread.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfThread {
    pub thread_id: u32,
}

/// The arguments of `stackTrace`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackTrace {
    pub thread_id: u32,
    #[serde(default)]
    pub start_frame: usize,
    /// `None` and 0: all.
    pub levels: Option<usize>,
}

/// The arguments of `scopes`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfFrame {
    pub frame_id: u32,
}

/// The arguments of `variables`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VariablesOf {
    pub variables_reference: u32,
    pub start: Option<u64>,
    /// `None` and 0: all.
    pub count: Option<u64>,
}

/// The arguments of `evaluate`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluate {
    pub expression: String,
    pub frame_id: Option<u32>,
    pub context: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_told_from_other_messages() {
        let request = Request::of(&json!({ "type": "request", "seq": 3, "command": "threads" })).unwrap();
        assert_eq!((request.seq, request.command.as_str()), (3, "threads"));
        for message in [json!([]), json!({ "type": "event", "seq": 1 }), json!({ "type": "request", "seq": -1 })] {
            assert_eq!(Request::of(&message), None, "{message}");
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_told_with_the_request() {
        let request = |arguments| Request { seq: 1, command: "scopes".to_owned(), arguments };
        assert_eq!(request(json!({ "frameId": 4, "more": 1 })).arguments::<OfFrame>().unwrap().frame_id, 4);
        let why = request(Value::Null).arguments::<OfFrame>().unwrap_err();
        assert_eq!(why, "`scopes`: missing field `frameId`");
    }

    #[test]
    fn lines_are_counted_as_the_client_does() {
        let from_0 = ClientInfo { lines_start_at1: false, ..ClientInfo::default() };
        assert_eq!((from_0.line_from(7), from_0.line_to(8)), (8, 7));
        assert_eq!((ClientInfo::default().line_from(7), ClientInfo::default().line_to(7)), (7, 7));
    }
}
