//! The session of a client, on a thread of its own: it runs the client's lines in their order, and between them shows
//! the notices of its jobs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::outbox::OnFull;
use super::wire::{self, Hello, WireError, response};
use super::wire_front::{Link, WireFront};
use crate::kernel::{JobState, Kernel, OwnerId};
use crate::locks::{Mutex, Rank};
use crate::shell::place::{ARGUMENTS_MAX, ScriptPlace};
use crate::shell::session::{Access, LinesFrom};
use crate::shell::{AliasGrammar, Interrupter, Session, SessionOptions, ShellError, Stdin, start};

/// The most lines of one client that wait for those before them.
const RUNS_WAITING_MAX: usize = 64;
/// Interval at which notices are shown between lines.
const NOTICE_STEP: Duration = Duration::from_millis(100);
/// The stack of the thread: blocks and sourced files nest on it, as they do at a terminal.
const STACK_BYTES: usize = 8 << 20;

/// The fields of `run`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunParams {
    /// One line or several, as they would be typed.
    pub line: String,
    /// For lines of a script.
    pub script: Option<ScriptParams>,
    /// Variables that are set before.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// Waits for the session's background jobs afterwards, as the end of a script does.
    #[serde(default)]
    pub finish: bool,
}

/// The script that lines are from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptParams {
    /// The name that its errors begin with.
    pub name: String,
    #[serde(default = "one")]
    pub first_line: usize,
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The file's path, absolute: `$DIR` is the directory.
    pub file: Option<PathBuf>,
}

fn one() -> usize {
    1
}

/// A line to run, and the id of its request.
pub struct Run {
    pub id: Value,
    pub params: RunParams,
}

/// The handle of a session. Its thread ends with it, once its line has ended.
pub struct SessionThread {
    runs: SyncSender<Run>,
    pub interrupter: Interrupter,
    pub grammar: AliasGrammar,
    /// The names of the session's variables.
    pub variables: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

/// The parts of the session for users outside its thread.
struct Outside {
    interrupter: Interrupter,
    grammar: AliasGrammar,
}

impl SessionThread {
    /// Starts a session for a client.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        kernel: &Arc<Kernel>,
        link: &Arc<Link>,
        owner: OwnerId,
        hello: Hello,
        project: Option<PathBuf>,
    ) -> Result<SessionThread, WireError> {
        let (runs, incoming) = mpsc::sync_channel(RUNS_WAITING_MAX);
        let (sender, outside) = mpsc::channel();
        let variables = Arc::new(Mutex::new(Rank::ClientVariables, Vec::new()));
        let (kernel, link, names) = (Arc::clone(kernel), Arc::clone(link), Arc::clone(&variables));
        let body = move || {
            let front = WireFront::new(Arc::clone(&link), hello.clone());
            let mut session = start(kernel, Box::new(front), options(&hello, owner, project), Stdin::Free);
            let outside = Outside { interrupter: session.interrupter(), grammar: session.grammar() };
            if sender.send(outside).is_ok() {
                Runner { session: &mut session, link: &link, names: &names, aliases: Value::Null }.serve(&incoming);
            }
        };
        let builder = thread::Builder::new().name("plugsh-session".to_owned()).stack_size(STACK_BYTES);
        let failed = |why: String| WireError::refused(format!("no session can be started: {why}"));
        let thread = builder.spawn(body).map_err(|error| failed(error.to_string()))?;
        let Outside { interrupter, grammar } = outside.recv().map_err(|error| failed(error.to_string()))?;
        Ok(SessionThread { runs, interrupter, grammar, variables, thread })
    }

    /// Hands a line to the session.
    ///
    /// # Errors
    /// Too many lines wait.
    pub fn run(&self, run: Run) -> Result<(), WireError> {
        self.runs.try_send(run).map_err(|error| match error {
            TrySendError::Full(_) => WireError::refused(format!("{RUNS_WAITING_MAX} lines wait, the limit")),
            TrySendError::Disconnected(_) => WireError::refused("the session has ended by `exit`"),
        })
    }

    /// Interrupts the session's line until it has ended, and ends the thread.
    pub fn end(self) {
        let SessionThread { runs, interrupter, thread, .. } = self;
        drop(runs);
        while !thread.is_finished() {
            interrupter.interrupt();
            thread::sleep(NOTICE_STEP);
        }
        // A panic was reported by its command.
        thread.join().ok();
    }
}

fn options(hello: &Hello, owner: OwnerId, project: Option<PathBuf>) -> SessionOptions {
    SessionOptions {
        project,
        json: hello.json,
        quiet: hello.quiet,
        keep_going: hello.keep_going,
        echo: hello.echo,
        lines_from: if hello.interactive { LinesFrom::Prompt } else { LinesFrom::Script },
        owner,
        access: match hello.access {
            wire::Access::Full => Access::Full,
            wire::Access::ReadOnly => Access::ReadOnly,
        },
        ..SessionOptions::default()
    }
}

/// The thread's side of a session.
struct Runner<'a> {
    session: &'a mut Session,
    link: &'a Link,
    names: &'a Mutex<Vec<String>>,
    /// The aliases that the client has, as JSON; null: none were sent yet.
    aliases: Value,
}

impl Runner<'_> {
    fn serve(&mut self, incoming: &Receiver<Run>) {
        loop {
            match incoming.recv_timeout(NOTICE_STEP) {
                Ok(run) => self.run(run),
                Err(RecvTimeoutError::Timeout) => self.session.show_notices(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.link.outbox.is_closed() {
                return;
            }
        }
    }

    fn run(&mut self, run: Run) {
        *self.link.run.lock() = run.id.clone();
        // Ctrl-C of the line before must not end this one.
        self.session.interrupt().take();
        let result = self.run_lines(&run.params);
        let code = match &result {
            Err(error) => error.code(),
            Ok(()) => self.session.exit_code().unwrap_or(0),
        };
        if result.is_err() {
            self.session.set_last_code(code);
        }
        *self.link.run.lock() = Value::Null;
        let error = result.err().map(|error| WireError::from(&error));
        let answer = json!({ "code": code, "error": error, "session": self.take_session_changes() });
        // The client asks again whether it leaves.
        self.session.stay();
        // A client that is gone waits for no answer.
        self.link.outbox.send(response(&run.id, &Ok(answer)), OnFull::Wait).ok();
        self.link.runs.fetch_sub(1, Ordering::AcqRel);
    }

    fn run_lines(&mut self, params: &RunParams) -> Result<(), ShellError> {
        for (name, value) in &params.variables {
            let value = value.as_str().ok_or_else(|| ShellError::usage(format!("variable `{name}` is no text")))?;
            self.session.set(name, value.as_bytes())?;
        }
        match &params.script {
            Some(script) => self.run_script(script, &params.line)?,
            None => self.session.run_typed(&params.line)?,
        }
        if params.finish && self.session.exit_code().is_none() {
            let result = self.session.finish_jobs();
            self.session.show_notices();
            result?;
        }
        Ok(())
    }

    fn run_script(&mut self, script: &ScriptParams, text: &str) -> Result<(), ShellError> {
        if script.arguments.len() > ARGUMENTS_MAX {
            return Err(ShellError::usage(format!("a script is given at most {ARGUMENTS_MAX} arguments")));
        }
        let arguments: Vec<Vec<u8>> = script.arguments.iter().map(|argument| argument.clone().into_bytes()).collect();
        let place = ScriptPlace::of(script.file.as_deref(), arguments.into());
        let first_line = script.first_line.max(1);
        self.session.at_place(place, |session| session.run_text(&script.name, text.as_bytes(), first_line))
    }

    /// The session's state for the client's editor, with its aliases if they changed since the last time.
    fn take_session_changes(&mut self) -> Value {
        let names: Vec<String> = self.session.variables().keys().cloned().collect();
        let listed = self.session.settings().aliases.list();
        let aliases: Map<String, Value> =
            listed.into_iter().map(|(name, alias)| (name, alias.line.clone().into())).collect();
        let aliases = Value::Object(aliases);
        let changed = (aliases != self.aliases).then(|| aliases.clone());
        self.aliases = aliases;
        let running = |state: JobState| matches!(state, JobState::Running | JobState::Held);
        let jobs = self.session.background_jobs().iter().map(|job| job.view()).collect::<Vec<_>>();
        let jobs: Vec<u32> = jobs.iter().filter(|view| running(view.state)).map(|view| view.id).collect();
        self.names.lock().clone_from(&names);
        json!({
            "exit": self.session.exit_code(),
            "last_code": self.session.last_code(),
            "edit_mode": self.session.settings().edit_mode,
            "variables": names,
            "aliases": changed,
            "jobs": jobs,
        })
    }
}
