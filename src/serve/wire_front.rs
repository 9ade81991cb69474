//! The front of a client's session: replies become messages, and what is the client's to do is asked of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use super::asks::Asks;
use super::outbox::{OnFull, Outbox};
use super::wire::{Hello, LINE_BYTES_MAX, WireError, bytes_of, notification, put_bytes, reply};
use crate::locks::{Mutex, Rank};
use crate::shell::front::{Front, PaneRequest};
use crate::shell::program::{Program, ProgramEnd};
use crate::shell::reply::{Line, Reply, ShellError};

/// The ends of a connection that its threads share.
pub struct Link {
    pub outbox: Outbox,
    pub asks: Asks,
    /// The lines that the session has not answered yet.
    pub runs: AtomicUsize,
    /// The other requests that are not answered yet: calls, and what takes its time. At most
    /// [`super::caller::REQUESTS_MAX`].
    pub requests: AtomicUsize,
    /// The ids of the `calls` that follow, until they are interrupted.
    pub followed: Mutex<Vec<Value>>,
    /// The id of the `run` whose line runs now; null between lines.
    pub run: Mutex<Value>,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            outbox: Outbox::default(),
            asks: Asks::default(),
            runs: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            followed: Mutex::new(Rank::ClientFollows, Vec::new()),
            run: Mutex::new(Rank::ClientRun, Value::Null),
        }
    }
}

impl Link {
    /// Whether something that the client has asked is not answered yet.
    pub fn is_owed(&self) -> bool {
        self.runs.load(Ordering::Acquire) > 0 || self.requests.load(Ordering::Acquire) > 0
    }
}

/// A front whose person is at the other end of a connection.
pub struct WireFront {
    link: Arc<Link>,
    hello: Hello,
}

impl WireFront {
    /// The front of a client that said `hello`.
    pub fn new(link: Arc<Link>, hello: Hello) -> WireFront {
        WireFront { link, hello }
    }

    /// Sends a notification about the line that runs.
    fn notify(&self, method: &str, fields: Value) -> io::Result<()> {
        let params = self.of_run(fields);
        let line = notification(method, &params);
        if line.len() > LINE_BYTES_MAX {
            let why =
                format!("an output of {} bytes is over the {LINE_BYTES_MAX} of a line; `> FILE` keeps it", line.len());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        self.link.outbox.send(line, OnFull::Wait).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Asks the client about the line that runs.
    fn ask(&self, method: &str, fields: Value) -> Result<Value, ShellError> {
        if !self.hello.carries_out {
            return Err(ShellError::failed(format!("this client carries out no `{method}`; `plugsh attach` does")));
        }
        self.link.asks.ask(&self.link.outbox, method, &self.of_run(fields)).map_err(WireError::into_shell)
    }

    fn of_run(&self, fields: Value) -> Value {
        let mut params = Map::new();
        params.insert("run".to_owned(), self.link.run.lock().clone());
        if let Value::Object(fields) = fields {
            params.extend(fields);
        }
        Value::Object(params)
    }
}

impl Front for WireFront {
    fn show(&mut self, reply: &Reply) -> io::Result<()> {
        self.notify("show", json!({ "reply": reply::to_json(reply) }))
    }

    fn notice(&mut self, line: &Line) {
        // A client that is gone reads no notices.
        self.notify("notice", json!({ "line": line })).ok();
    }

    fn error(&mut self, error: &ShellError) {
        self.notify("error", json!({ "error": WireError::from(error) })).ok();
    }

    fn progress(&mut self, text: Option<&str>) {
        if self.hello.terminal {
            self.notify("progress", json!({ "text": text })).ok();
        }
    }

    fn frame(&mut self, frame: Option<(&Line, &Reply)>) -> io::Result<()> {
        let frame = frame.map(|(title, reply)| json!({ "title": title, "reply": reply::to_json(reply) }));
        self.notify("frame", json!({ "frame": frame }))
    }

    fn is_terminal(&self) -> bool {
        self.hello.terminal
    }

    fn runs_programs(&self) -> bool {
        true
    }

    fn run_program(&mut self, program: Program) -> Result<ProgramEnd, ShellError> {
        let answer = self.ask("program", program_json(&program))?;
        let fields = answer.as_object().ok_or_else(|| ShellError::failed("the client's answer is no object"))?;
        let status = fields.get("status").and_then(Value::as_i64).and_then(|status| i32::try_from(status).ok());
        let status = status.ok_or_else(|| ShellError::failed("the client does not say how the program ended"))?;
        let output = bytes_of(fields, "output").map_err(ShellError::failed)?;
        Ok(ProgramEnd { status, output })
    }

    fn read_input(&mut self) -> Option<Result<Vec<u8>, ShellError>> {
        let read = self.ask("read_input", json!({})).and_then(|answer| {
            let input = answer.as_object().map(|fields| bytes_of(fields, "input")).transpose();
            Ok(input.map_err(ShellError::failed)?.flatten().unwrap_or_default())
        });
        Some(read)
    }

    fn owns_process(&self) -> bool {
        false
    }

    fn clear(&mut self) {
        self.notify("clear", json!({})).ok();
    }

    fn colors(&self) -> bool {
        self.hello.colors
    }

    fn history(&self) -> Vec<String> {
        let lines = self.ask("history", json!({})).ok();
        lines.and_then(|lines| serde_json::from_value(lines).ok()).unwrap_or_default()
    }

    fn pane(&mut self, request: PaneRequest) -> Result<Reply, ShellError> {
        let request = serde_json::to_value(&request).unwrap_or_default();
        let answer = self.ask("pane", json!({ "request": request }))?;
        reply::from_json(answer).map_err(ShellError::failed)
    }
}

/// A program as the fields of a request.
fn program_json(program: &Program) -> Value {
    let bytes = |bytes: &[u8]| {
        let mut field = Map::new();
        put_bytes(&mut field, "value", bytes);
        field
    };
    let arguments: Vec<_> = program.arguments.iter().map(|argument| bytes(argument)).collect();
    let named = |(name, value): &(String, Vec<u8>)| {
        let mut field = bytes(value);
        field.insert("name".to_owned(), name.clone().into());
        field
    };
    let variables: Vec<_> = program.variables.iter().map(named).collect();
    let mut fields = Map::new();
    fields.insert("line".to_owned(), program.text.clone().into());
    fields.insert("arguments".to_owned(), json!(arguments));
    fields.insert("variables".to_owned(), json!(variables));
    fields.insert("captured".to_owned(), program.is_captured.into());
    if let Some(input) = &program.input {
        put_bytes(&mut fields, "input", input);
    }
    Value::Object(fields)
}

/// The program of a request.
///
/// # Errors
/// A line: a field is missing or of another kind.
pub fn program_of(fields: &Map<String, Value>) -> Result<Program, String> {
    let list =
        |name: &str| fields.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let value = |field: &Map<String, Value>| bytes_of(field, "value").map(Option::unwrap_or_default);
    let variable = |field: &Map<String, Value>| {
        let name = field.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        value(field).map(|value| (name, value))
    };
    Ok(Program {
        text: fields.get("line").and_then(Value::as_str).ok_or("`line` is missing")?.to_owned(),
        arguments: list("arguments").map(value).collect::<Result<_, _>>()?,
        variables: list("variables").map(variable).collect::<Result<_, _>>()?,
        input: bytes_of(fields, "input")?,
        is_captured: fields.get("captured").and_then(Value::as_bool).unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_come_back_as_they_went() {
        let program = Program {
            text: "wc -c".into(),
            arguments: vec![b"a".to_vec(), b"\xff".to_vec()],
            variables: vec![("x".into(), b"1".to_vec())],
            input: Some(b"hi".to_vec()),
            is_captured: true,
        };
        assert_eq!(program_of(program_json(&program).as_object().unwrap()), Ok(program));
    }
}
