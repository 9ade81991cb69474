//! One shell's state, grouped by concern, and the narrow ways to it. The files beside this folder work on the
//! state: `run` carries statements out, `calls` and `waits` run jobs, `holds` treats held ones, `notices` hands the
//! kernel's notices on.

mod cases;
mod context;
mod jobs;
mod options;
mod output;
mod scripts;
mod settings;
mod variables;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::command::definition::CommandTable;
use super::front::Front;
use super::interrupt::{Interrupt, Interrupter};
use super::notice_feed::NoticeFeed;
use super::reply::{Line, Reply, ShellError};
use super::stdin::Stdin;
use crate::journal::profile::Profile;
use crate::kernel::{JobEnd, Kernel, LogLine, OwnerId};
use jobs::JobNotes;
use output::Output;
use scripts::Scripts;
use settings::Settings;
use variables::Variables;

pub use cases::{Case, CasePlace};
pub use jobs::ChosenFrame;
pub use options::{Access, HeldJobs, LinesFrom, SessionOptions};
pub use output::{CAPTURE_BYTES_MAX, Sink};
pub use scripts::{Rewrite, SOURCE_DEPTH_MAX};
pub use settings::EditMode;

/// One shell.
pub struct Session {
    // Constant for the session's lifetime.
    kernel: Arc<Kernel>,
    table: CommandTable<Session>,
    options: SessionOptions,
    interrupt: Interrupt,
    /// Another session's call waits for it: notices and held jobs are that one's.
    helper: bool,
    /// `--json` stands with the command that runs.
    json_asked: bool,

    // Input and output.
    stdin: Stdin,
    output: Output,
    notices: NoticeFeed,
    /// Sequence number of the last log line shown.
    logs_shown_seq: u64,

    // State that statements change.
    variables: Variables,
    settings: Settings,
    jobs: JobNotes<Continuation>,
    exit: Option<u8>,
    last_profile: Option<Arc<Profile>>,

    // Context of the running statements.
    scripts: Scripts,
}

/// Continuation of a job that the prompt left, run once the job has ended.
pub type Continuation = Box<dyn FnOnce(&mut Session, &JobEnd) -> Result<Reply, ShellError>>;

impl Session {
    /// A session on a kernel, with commands, under a front.
    pub fn new(
        kernel: Arc<Kernel>,
        table: CommandTable<Session>,
        front: Box<dyn Front>,
        options: SessionOptions,
        stdin: Stdin,
    ) -> Session {
        let notices = NoticeFeed::new(Arc::clone(&kernel), options.owner);
        Session {
            kernel,
            table,
            options,
            interrupt: Interrupt::default(),
            helper: false,
            json_asked: false,
            stdin,
            output: Output::new(front),
            notices,
            logs_shown_seq: 0,
            variables: Variables::default(),
            settings: Settings::default(),
            jobs: JobNotes::default(),
            exit: None,
            last_profile: None,
            scripts: Scripts::default(),
        }
    }

    /// A session that works for another session's call, until `interrupt` is raised.
    pub fn helper(
        kernel: Arc<Kernel>,
        table: CommandTable<Session>,
        front: Box<dyn Front>,
        owner: OwnerId,
        interrupt: Interrupt,
    ) -> Session {
        let options = SessionOptions { owner, ..SessionOptions::default() };
        let session = Session::new(kernel, table, front, options, Stdin::Used);
        Session { interrupt, helper: true, ..session }
    }
}

/// Constants of the session.
impl Session {
    /// The kernel whose processes the session works with.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// The commands that it knows.
    pub fn table(&self) -> CommandTable<Session> {
        self.table
    }

    /// Whose its jobs, breakpoints and notices are.
    pub fn owner(&self) -> OwnerId {
        self.options.owner
    }

    /// The options of the session.
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// From now on a person is at the prompt.
    pub fn make_interactive(&mut self) {
        self.options.lines_from = LinesFrom::Prompt;
    }

    /// Whether `--json` holds: asked for here, or the session's default.
    pub fn wants_json(&self, requested: bool) -> bool {
        requested || self.options.json || self.json_asked
    }

    /// Whether a command's answer is a JSON value: `--json` stands with it, or is the session's default and nothing
    /// captures the answer.
    pub fn speaks_json(&self) -> bool {
        self.json_asked || self.options.json && !self.is_redirected()
    }

    /// Runs `work`, with `--json` where it is asked for.
    pub(super) fn asking_json<T>(&mut self, json: bool, work: impl FnOnce(&mut Session) -> T) -> T {
        let before = std::mem::replace(&mut self.json_asked, json);
        let result = work(self);
        self.json_asked = before;
        result
    }

    /// Ctrl-C, as a flag.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Handle for the thread that receives Ctrl-C.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter { kernel: Arc::clone(&self.kernel), owner: self.options.owner, interrupt: self.interrupt.clone() }
    }

    /// Waits for `at_most`, or until Ctrl-C: then an error.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn pause(&self, at_most: Duration) -> Result<(), ShellError> {
        if self.interrupt.wait(at_most) { Err(ShellError::interrupted()) } else { Ok(()) }
    }

    /// Whether another session's call waits for it.
    pub(super) fn is_helper(&self) -> bool {
        self.helper
    }
}

/// The last profile.
impl Session {
    /// The profile that was taken last.
    pub fn last_profile(&self) -> Option<&Arc<Profile>> {
        self.last_profile.as_ref()
    }

    /// Keeps a profile in place of the one before.
    pub fn set_last_profile(&mut self, profile: Arc<Profile>) {
        self.last_profile = Some(profile);
    }
}

/// Input and output.
impl Session {
    /// The front that shows replies.
    pub fn front(&mut self) -> &mut dyn Front {
        self.output.front()
    }

    /// The front, and the use of standard input.
    pub(super) fn front_and_stdin(&mut self) -> (&mut dyn Front, &mut Stdin) {
        (self.output.front(), &mut self.stdin)
    }

    /// Owner of standard input.
    pub(super) fn stdin(&self) -> Stdin {
        self.stdin
    }

    /// The stack of places that output goes to.
    pub(super) fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Whether output goes elsewhere than to the front.
    pub fn is_redirected(&self) -> bool {
        self.output.is_redirected()
    }

    /// Whether a person reads the output of the present command at a terminal, all at once.
    pub fn is_read_by_person(&self) -> bool {
        self.output.is_on_terminal()
    }

    /// Hands a part of the output on while a command still runs.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn emit(&mut self, reply: &Reply) -> Result<(), ShellError> {
        if self.speaks_json() {
            let json = reply.clone().into_json();
            return json.map_or(Ok(()), |json| self.output.emit(&json, &|| self.interrupt.is_raised()));
        }
        match reply {
            Reply::News { lines, .. } if !self.is_redirected() => self.emit_news(lines, reply),
            Reply::Answer { lines, .. } if lines.is_empty() => Ok(()),
            reply => self.output.emit(reply, &|| self.interrupt.is_raised()),
        }
    }

    /// News that nothing captures.
    fn emit_news(&mut self, lines: &[Line], reply: &Reply) -> Result<(), ShellError> {
        if self.options.quiet {
            return Ok(());
        }
        if self.front().shows_news() {
            return self.output.emit(reply, &|| self.interrupt.is_raised());
        }
        lines.iter().for_each(|line| self.front().notice(line));
        Ok(())
    }

    /// Runs `work` with its output going to `sink`, and gives the sink back.
    ///
    /// # Errors
    /// `work` fails.
    pub fn with_sink<T>(
        &mut self,
        sink: Sink,
        work: impl FnOnce(&mut Session) -> Result<T, ShellError>,
    ) -> (Result<T, ShellError>, Option<Sink>) {
        self.output.push(sink);
        let result = work(self);
        (result, self.output.pop())
    }

    /// One line for the person, on standard error.
    pub fn notice(&mut self, line: impl Into<Line>) {
        self.front().notice(&line.into());
    }

    /// The kernel's notices, for this session and for whoever prints them meanwhile.
    pub fn notices(&self) -> &NoticeFeed {
        &self.notices
    }

    /// Log lines of plugins since the last call.
    pub(super) fn take_new_logs(&mut self) -> Vec<LogLine> {
        let logs = self.kernel.logs(self.logs_shown_seq, None);
        self.logs_shown_seq = logs.last().map_or(self.logs_shown_seq, |last| last.seq);
        logs
    }
}

/// State that statements change.
impl Session {
    /// Sets `$NAME`.
    ///
    /// # Errors
    /// The variables are at their bound, or the value is too long.
    pub fn set(&mut self, name: &str, value: impl Into<Arc<[u8]>>) -> Result<(), ShellError> {
        self.variables.set(name, value.into())
    }

    /// Forgets `$NAME`; false when it was not set.
    pub fn unset(&mut self, name: &str) -> bool {
        self.variables.unset(name)
    }

    /// The value of `$NAME`, `$_` or `$?`.
    pub fn variable(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.get(name)
    }

    /// All variables that were set, by name.
    pub fn variables(&self) -> &BTreeMap<String, Arc<[u8]>> {
        self.variables.named()
    }

    /// `$_`; `None` before a call or a program has succeeded.
    pub fn last_output(&self) -> Option<&Arc<[u8]>> {
        self.variables.last_output()
    }

    /// `$_`, for the command `name`.
    ///
    /// # Errors
    /// No command has given an output yet.
    pub fn last_output_for(&self, name: &str) -> Result<Arc<[u8]>, ShellError> {
        self.last_output().cloned().ok_or_else(|| ShellError::failed(format!("no call has succeeded before `{name}`")))
    }

    /// Sets the value of `$_`.
    pub(super) fn set_last_output(&mut self, output: Arc<[u8]>) {
        self.variables.set_last_output(Some(output));
    }

    /// Sets `$_` back to an earlier value of [`Session::last_output`].
    pub(super) fn restore_last_output(&mut self, output: Option<Arc<[u8]>>) {
        self.variables.set_last_output(output);
    }

    /// `$?`: 0, or the code that the last failure would exit with.
    pub fn last_code(&self) -> u8 {
        self.variables.last_code()
    }

    /// Sets the value of `$?`.
    pub fn set_last_code(&mut self, code: u8) {
        self.variables.set_last_code(code);
    }

    /// Notes of the session about its jobs.
    pub(super) fn jobs(&mut self) -> &mut JobNotes<Continuation> {
        &mut self.jobs
    }

    /// Whether a breakpoint's commands run now.
    pub(super) fn is_serving_hold(&self) -> bool {
        self.jobs.is_serving()
    }

    /// Aliases, the edit mode and the previous directory.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings, to change them.
    pub(super) fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Ends the session after the present statement.
    pub fn exit(&mut self, code: u8) {
        self.exit = Some(code);
    }

    /// The code of `exit`, once it was given.
    pub fn exit_code(&self) -> Option<u8> {
        self.exit
    }

    /// Takes the exit back: jobs still run, and a person was warned.
    pub fn stay(&mut self) {
        self.exit = None;
    }
}
