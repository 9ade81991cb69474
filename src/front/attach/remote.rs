//! A session of a server as the shell behind a prompt: lines go to the server, and what comes back is shown here.

use std::io;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::front::console::{Console, TypedLines};
use crate::front::repl::{Complete, Shell, TakeNotices};
use crate::serve::client::{Client, Event};
use crate::serve::wire::{WireError, put_bytes, reply};
use crate::serve::wire_front::program_of;
use crate::shell::alias::{Alias, Aliases};
use crate::shell::command::TABLE;
use crate::shell::completion::{Completions, complete_here};
use crate::shell::edit_text::edit_text;
use crate::shell::front::{Front, Loan, PaneRequest};
use crate::shell::line::parse;
use crate::shell::reply::{ErrorKind, Line};
use crate::shell::run_program;
use crate::shell::session::EditMode;
use crate::shell::{AliasGrammar, Interrupt, ShellError, Stdin};

/// The longest wait for an event, after which Ctrl-C is looked at.
const EVENT_WAIT: Duration = Duration::from_millis(200);
/// How long a completion is waited for: whoever types does not wait for a server that hangs.
const COMPLETE_MAX: Duration = Duration::from_secs(2);

/// The session.
pub struct Remote {
    client: Client,
    front: Console,
    interrupt: Interrupt,
    typed: TypedLines,
    stdin: Stdin,
    grammar: AliasGrammar,
    state: SessionState,
    /// The code to leave with.
    exit: Option<u8>,
}

/// The state of the session in an answer to `run`.
#[derive(Debug, Clone, Default, Deserialize)]
struct SessionState {
    exit: Option<u8>,
    last_code: u8,
    edit_mode: EditMode,
    variables: Vec<String>,
    /// `None` where they are as they were.
    aliases: Option<Map<String, Value>>,
}

/// The answer to `run`.
#[derive(Debug, Deserialize)]
struct Ran {
    error: Option<WireError>,
    session: SessionState,
}

impl Remote {
    /// The session of a client, shown by a console.
    pub fn new(client: Client, front: Console, interrupt: Interrupt, typed: TypedLines) -> Remote {
        let grammar = AliasGrammar { table: TABLE, aliases: Aliases::default() };
        let state = SessionState::default();
        Remote { client, front, interrupt, typed, stdin: Stdin::Free, grammar, state, exit: None }
    }

    /// The console.
    pub fn front(&mut self) -> &mut dyn Front {
        &mut self.front
    }

    /// Standard input, and its use.
    pub fn stdin(&mut self) -> &mut Stdin {
        &mut self.stdin
    }

    /// Whether a line has asked to leave.
    pub fn has_exited(&self) -> bool {
        self.exit.is_some()
    }

    /// Runs lines at the server, and shows what comes of them.
    ///
    /// # Errors
    /// A line fails, the server is gone, or standard output is closed.
    pub fn run(&mut self, params: &Value) -> Result<(), ShellError> {
        let pending = self.client.request("run", params);
        let mut shown = Ok(());
        let answer = loop {
            let Some(event) = pending.next(EVENT_WAIT) else { continue };
            let result = match event {
                Event::Done(answer) => break answer,
                event => self.show_event(event),
            };
            if result.is_err() && shown.is_ok() {
                // Nobody reads what the line gives.
                self.client.interrupt();
                shown = result;
            }
        };
        self.front.progress(None);
        shown.map_err(|_| ShellError::new(ErrorKind::BrokenPipe, "standard output is closed"))?;
        let ran: Result<Ran, _> = serde_json::from_value(answer.map_err(WireError::into_shell)?);
        let ran = ran.map_err(|error| ShellError::failed(format!("the server's answer cannot be read: {error}")))?;
        self.take_state(ran.session);
        ran.error.map_or(Ok(()), |error| Err(error.into_shell()))
    }

    /// Shows what follows a line, or does what the server asks.
    fn show_event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Show(reply) => return self.front.show(&reply),
            Event::Frame(frame) => return self.front.frame(frame.as_ref().map(|(title, reply)| (title, reply))),
            Event::Notice(line) => self.front.notice(&line),
            Event::Error(error) => self.front.error(&error),
            Event::Progress(text) => self.front.progress(text.as_deref()),
            Event::Clear => self.front.clear(),
            Event::Ask { id, method, params } => {
                let answer = self.carry_out(&method, &params);
                self.client.answer(&id, &answer);
            }
            Event::Done(_) => {}
        }
        Ok(())
    }

    fn take_state(&mut self, state: SessionState) {
        self.exit = state.exit;
        if let Some(aliases) = &state.aliases {
            for (name, _) in self.grammar.aliases.list() {
                self.grammar.aliases.remove(&name);
            }
            for (name, line) in aliases {
                let line = line.as_str().unwrap_or_default();
                if let Ok(script) = parse(line, &self.grammar) {
                    self.grammar.aliases.set(name, Alias { line: line.to_owned(), script });
                }
            }
        }
        self.state = state;
    }

    /// Does what the server asks.
    fn carry_out(&mut self, method: &str, params: &Map<String, Value>) -> Result<Value, WireError> {
        match method {
            "program" => {
                let program = program_of(params).map_err(WireError::params)?;
                let interrupt = self.interrupt.clone();
                let text = program.text.clone();
                let end = run_program::run(program, &mut self.front, &interrupt)
                    .map_err(|error| program_error(&text, &error))?;
                let mut fields = Map::new();
                fields.insert("status".to_owned(), end.status.into());
                if let Some(output) = end.output {
                    put_bytes(&mut fields, "output", &output);
                }
                Ok(Value::Object(fields))
            }
            "read_input" => {
                let input = self.read_input().map_err(|error| WireError::from(&error))?;
                let mut fields = Map::new();
                put_bytes(&mut fields, "input", &input);
                Ok(Value::Object(fields))
            }
            "history" => Ok(json!(*self.typed.borrow())),
            "pane" => {
                let request = params.get("request").cloned().unwrap_or_default();
                let request: PaneRequest =
                    serde_json::from_value(request).map_err(|error| WireError::params(error.to_string()))?;
                let reply = self.front.pane(request).map_err(|error| WireError::from(&error))?;
                Ok(reply::to_json(&reply))
            }
            other => Err(WireError::refused(format!("no `{other}` here"))),
        }
    }

    fn read_input(&mut self) -> Result<Vec<u8>, ShellError> {
        let (interrupt, stdin) = (self.interrupt.clone(), &mut self.stdin);
        let mut read = Err(ShellError::failed("`@-`: was not read"));
        self.front.lend_terminal(&mut || {
            read = stdin.take(&|| interrupt.is_raised());
            Loan::Over
        });
        read
    }
}

fn program_error(text: &str, error: &io::Error) -> WireError {
    let error = match error.kind() {
        io::ErrorKind::Interrupted => ShellError::interrupted(),
        _ => ShellError::failed(format!("`!{}`: {}", text.trim(), crate::text::io_cause(error))),
    };
    WireError::from(&error)
}

/// A server as what completes lines.
struct OfServer(Client);

impl Complete for OfServer {
    fn complete(&self, grammar: &AliasGrammar, _: &[String], line: &str, pos: usize) -> Completions {
        // Programs run on this side.
        if let Some(here) = complete_here(grammar, line, pos) {
            return here;
        }
        let pending = self.0.request("complete", &json!({ "line": line, "pos": pos }));
        match pending.next(COMPLETE_MAX) {
            Some(Event::Done(Ok(answer))) => serde_json::from_value(answer).unwrap_or_default(),
            _ => Completions::default(),
        }
    }
}

impl Shell for Remote {
    fn notice(&mut self, line: Line) {
        self.front.notice(&line);
    }

    fn show_error(&mut self, error: &ShellError) {
        if !error.is_shown() {
            self.front.error(error);
        }
    }

    fn show_notices(&mut self) {
        for line in self.client.take_notices() {
            self.front.notice(&line);
        }
    }

    fn notices(&self) -> TakeNotices {
        let client = self.client.clone();
        Box::new(move || client.take_notices())
    }

    fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    fn grammar(&self) -> AliasGrammar {
        self.grammar.clone()
    }

    fn completer(&mut self) -> Box<dyn Complete> {
        Box::new(OfServer(self.client.clone()))
    }

    fn colors(&mut self) -> bool {
        Front::colors(&self.front)
    }

    fn edit_text(&mut self, text: &str) -> Result<String, ShellError> {
        edit_text(&mut self.front, &self.interrupt, text)
    }

    fn edit_mode(&self) -> EditMode {
        self.state.edit_mode
    }

    fn variables(&self) -> Vec<String> {
        self.state.variables.clone()
    }

    fn run_line(&mut self, text: &str) -> Result<bool, ShellError> {
        match self.run(&json!({ "line": text })) {
            Ok(()) => Ok(false),
            Err(error) if error.kind == ErrorKind::BrokenPipe || self.client.gone().is_some() => Err(error),
            Err(error) => {
                Shell::show_error(self, &error);
                Ok(true)
            }
        }
    }

    fn last_code(&self) -> u8 {
        self.state.last_code
    }

    fn exit_code(&self) -> Option<u8> {
        self.exit
    }

    fn exit(&mut self, code: u8) {
        self.exit = Some(code);
    }

    fn stay(&mut self) {
        self.exit = None;
    }

    /// Background jobs go on at the server.
    fn jobs_that_end(&self) -> Vec<String> {
        Vec::new()
    }
}
