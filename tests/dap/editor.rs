//! An editor that debugs: sends requests, and reads answers and events. Each message is checked against types of the
//! protocol that this project did not write.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use dapts::{IEvent, IRequest, event, request};
use serde_json::{Value, json};

/// The longest wait for a message: what does not come by then never comes.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// An editor and its adapter.
pub struct Editor {
    adapter: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    seq: i64,
    /// Events that came and were not asked for yet.
    events: VecDeque<Value>,
    /// The last number of a message of the adapter's.
    last: i64,
}

impl Editor {
    /// Starts an adapter in a directory.
    pub fn start(dir: &Path, arguments: &[&str]) -> Editor {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plugsh"));
        command.arg("dap").args(arguments).current_dir(dir).env("XDG_CACHE_HOME", dir.join("cache"));
        command.env("XDG_RUNTIME_DIR", dir);
        let mut adapter = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (adapter.stdin.take().unwrap(), adapter.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Editor { adapter, stdin, messages, seq: 0, events: VecDeque::new(), last: 0 }
    }

    /// Starts an adapter and introduces the editor, as nvim-dap does.
    pub fn introduced(dir: &Path, arguments: &[&str]) -> Editor {
        let mut editor = Editor::start(dir, arguments);
        let capabilities = editor.ask::<request::Initialize>(json!({
            "adapterID": "nvim-dap",
            "clientID": "neovim",
            "clientName": "neovim",
            "columnsStartAt1": true,
            "linesStartAt1": true,
            "locale": "en_US.UTF-8",
            "pathFormat": "path",
            "supportsProgressReporting": true,
            "supportsRunInTerminalRequest": true,
            "supportsStartDebuggingRequest": true,
            "supportsVariableType": true
        }));
        assert_eq!(capabilities["supportsConfigurationDoneRequest"], true);
        editor
    }

    /// Asks, and gives the body of the answer.
    pub fn ask<R: IRequest>(&mut self, arguments: Value) -> Value {
        match self.try_ask::<R>(arguments) {
            Ok(body) => body,
            Err(why) => panic!("`{}` is refused: {why}", R::COMMAND),
        }
    }

    /// Asks, and gives the body of the answer or the reason why there is none.
    pub fn try_ask<R: IRequest>(&mut self, arguments: Value) -> Result<Value, String> {
        let typed: Result<R::Arguments, _> = serde_json::from_value(arguments.clone());
        if !arguments.is_null() {
            typed.unwrap_or_else(|error| panic!("the test's `{}` is none: {error}", R::COMMAND));
        }
        let body = self.ask_raw(R::COMMAND, arguments)?;
        let typed: Result<R::Response, _> = serde_json::from_value(body.clone());
        if body != json!({}) {
            typed.unwrap_or_else(|error| panic!("the answer to `{}` is none: {error}: {body}", R::COMMAND));
        }
        Ok(body)
    }

    /// Asks for anything.
    pub fn ask_raw(&mut self, command: &str, arguments: Value) -> Result<Value, String> {
        self.seq += 1;
        let seq = self.seq;
        let mut message = json!({ "seq": seq, "type": "request", "command": command });
        if !arguments.is_null() {
            message["arguments"] = arguments;
        }
        self.send(&message);
        loop {
            let message = self.read();
            match message["type"].as_str() {
                Some("response") if message["request_seq"] == seq => {
                    assert_eq!(message["command"], command);
                    return match message["success"].as_bool() {
                        Some(true) => Ok(message["body"].clone()),
                        _ => Err(message["message"].as_str().unwrap().to_owned()),
                    };
                }
                Some("event") => self.events.push_back(message),
                _ => panic!("nobody asked for {message}"),
            }
        }
    }

    /// The body of the next event of a kind; those of other kinds wait.
    pub fn event<E: IEvent>(&mut self) -> Value {
        loop {
            if let Some(at) = self.events.iter().position(|message| message["event"] == E::EVENT) {
                let message = self.events.remove(at).unwrap();
                let body = message["body"].clone();
                let typed: Result<E::Body, _> = serde_json::from_value(body.clone());
                if body != json!({}) {
                    typed.unwrap_or_else(|error| panic!("the event `{}` is none: {error}: {message}", E::EVENT));
                }
                return body;
            }
            let message = self.read();
            assert_eq!(message["type"], "event", "{message}");
            self.events.push_back(message);
        }
    }

    /// The next stop: its thread, with its reason checked.
    pub fn stopped(&mut self, reason: &str) -> Value {
        let body = self.event::<event::Stopped>();
        assert_eq!(body["reason"], reason, "{body}");
        body["threadId"].clone()
    }

    /// The output until now, and until the end.
    pub fn output_until_end(&mut self) -> String {
        self.event::<event::Terminated>();
        let outputs = self.events.iter().filter(|message| message["event"] == "output");
        outputs.filter_map(|message| message["body"]["output"].as_str()).collect()
    }

    /// The frames of a thread.
    pub fn frames(&mut self, thread: &Value) -> Vec<Value> {
        let body = self.ask::<request::StackTrace>(json!({ "threadId": thread, "startFrame": 0, "levels": 20 }));
        body["stackFrames"].as_array().unwrap().clone()
    }

    /// The variables of a scope of a frame.
    pub fn variables(&mut self, frame: &Value, scope: &str) -> Vec<Value> {
        let body = self.ask::<request::Scopes>(json!({ "frameId": frame["id"] }));
        let scopes = body["scopes"].as_array().unwrap();
        let scope = scopes.iter().find(|known| known["name"] == scope).unwrap();
        self.parts(&scope["variablesReference"].clone())
    }

    /// The parts behind a number.
    pub fn parts(&mut self, reference: &Value) -> Vec<Value> {
        let body = self.ask::<request::Variables>(json!({ "variablesReference": reference }));
        body["variables"].as_array().unwrap().clone()
    }

    /// Sends a message as it is.
    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stdin.write_all(bytes).and_then(|()| self.stdin.flush()).unwrap();
    }

    fn read(&mut self) -> Value {
        let message = self.messages.recv_timeout(WAIT_MAX).expect("a message of the adapter");
        let seq = message["seq"].as_i64().unwrap();
        assert_eq!(seq, self.last + 1, "messages are numbered: {message}");
        self.last = seq;
        message
    }

    /// Leaves, and gives the exit code.
    pub fn leave(mut self) -> Option<i32> {
        self.ask::<request::Disconnect>(json!({ "terminateDebuggee": true }));
        self.exit_code()
    }

    /// The exit code of the adapter, which ends by itself.
    pub fn exit_code(mut self) -> Option<i32> {
        self.adapter.wait().unwrap().code()
    }
}

fn read(stream: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}
