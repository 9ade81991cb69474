//! Pipes of calls: from words to one job of the kernel, and the reply and variables that a finished one leaves.

use std::sync::Arc;

use super::call_options::{CallOptions, call_reply};
use super::command::{Arguments, Command, Inner, describe, find};
use super::grammar::split_dotted;
use super::line::{Stage, Word};
use super::redirect::{FileSink, OutputFile};
use super::reply::{Line, Reply, Role, ShellError};
use super::run::not_in_background;
use super::session::{Continuation, Session};
use super::units::parse_hex;
use super::waits::WaitOutcome;
use crate::kernel::{CallPlan, CallStage, JobEnd, OutputSink, ProcessId};

/// A pipe of calls, read.
struct Calls {
    plan: CallPlan,
    options: CallOptions,
    /// `| !COMMAND`.
    program: Option<String>,
}

/// The reading of a pipe's words.
enum ReadCalls {
    Calls(Calls),
    /// The help of `call`: `--help` stands among the words.
    Help(Reply),
}

impl Session {
    /// Runs a pipe of calls as one job. `name`: its first word, which has been expanded (a command in it runs once).
    /// `into`: the file that a background job's output goes to.
    ///
    /// # Errors
    /// A stage is no call, an option does not fit, or a call fails.
    pub(super) fn run_calls(
        &mut self,
        inner: &Inner<'_>,
        name: String,
        into: Option<OutputFile>,
    ) -> Result<Reply, ShellError> {
        let calls = match self.read_calls(inner, name)? {
            ReadCalls::Calls(calls) => calls,
            ReadCalls::Help(help) => return Ok(help),
        };
        if calls.plan.background {
            return self.start_in_background(calls, into);
        }
        let last = calls.plan.stages.last().cloned();
        let job = self.kernel().start(calls.plan).map_err(|error| self.call_error(error))?;
        let process = last.map_or(0, |stage| stage.process);
        let piped = calls.program.is_some();
        match self.wait_or_park(&job, piped)? {
            WaitOutcome::Ended(end) => {
                let before = self.last_output().cloned();
                let reply = self.finish_call(process, &end, &calls.options)?;
                let Some(program) = calls.program else { return Ok(reply) };
                // The pipe has failed, and not the call.
                self.run_system_on(&program, reply).inspect_err(|_| self.restore_last_output(before))
            }
            blocked => self.park_job(&job, &blocked, call_ends(process, calls.options), piped),
        }
    }

    fn read_calls(&mut self, inner: &Inner<'_>, name: String) -> Result<ReadCalls, ShellError> {
        let mut options = CallOptions::default();
        let mut stages = Vec::new();
        let mut input = Vec::new();
        let mut program = None;
        let first = Stage::Command(inner.words.to_vec());
        let mut name = Some(name);
        for (index, stage) in std::iter::once(&first).chain(inner.rest).enumerate() {
            let words = match stage {
                Stage::System(text) => {
                    program = Some(text.clone());
                    continue;
                }
                Stage::Command(words) => words,
                // Where a block may stand, only the first stage is one.
                Stage::Block(_) => return Err(ShellError::usage("`|` joins plugin calls, and a block is none")),
            };
            let (name_word, rest) = words.split_first().ok_or_else(|| ShellError::usage("no command"))?;
            let name = name.take().map_or_else(|| self.expand_text(name_word), Ok)?;
            let arguments = self.call_arguments(&name, (stage, rest), inner, index)?;
            if arguments.asks_help() {
                return Ok(ReadCalls::Help(describe(self.call_command()?)));
            }
            let (stage_options, stage_input) = arguments.parse::<CallOptions>()?;
            if index > 0 && stage_input.is_some() {
                return Err(ShellError::usage("a later stage of `|` takes no INPUT: it is fed by the stage before"));
            }
            input = stage_input.unwrap_or(input);
            stages.push(self.call_stage(&stage_options)?);
            options.merge(stage_options)?;
        }
        // A program gets the bytes.
        options.json |= program.is_none() && self.speaks_json();
        if options.hex {
            input = parse_hex(&input).map_err(ShellError::usage)?;
        }
        if inner.background && program.is_some() {
            return Err(not_in_background("a program of the system"));
        }
        let plan = CallPlan {
            stages,
            input: Arc::from(input),
            repeat: options.repeat.unwrap_or(1),
            timeout: options.time_limit(),
            text: inner.text.to_owned(),
            background: inner.background,
            owner: self.owner(),
        };
        Ok(ReadCalls::Calls(Calls { plan, options, program }))
    }

    fn call_command(&self) -> Result<&'static Command, ShellError> {
        find(self.table(), "call").ok_or_else(|| ShellError::failed("no command `call`"))
    }

    /// The arguments of one stage. `name` is its first word, expanded; `1.run INPUT` is read as `call 1 run INPUT`.
    fn call_arguments(
        &mut self,
        name: &str,
        (stage, rest): (&Stage, &[Word]),
        inner: &Inner<'_>,
        index: usize,
    ) -> Result<Arguments, ShellError> {
        let call = self.call_command()?;
        let taken = match find(self.table(), name) {
            Some(command) if command.name == call.name => Vec::new(),
            Some(command) if index > 0 => {
                let stage = Stage::Command(inner.words.to_vec());
                return Err(self.not_a_call(command.name, &stage));
            }
            _ => match split_dotted(name) {
                Some(_) => self.split_call(name),
                None if index > 0 => return Err(self.not_a_call("call", stage)),
                None => return Err(self.unknown_command(name)),
            },
        };
        let is_dotted = !taken.is_empty();
        let arguments = Arguments::new(call.shape(), self.expand_all(call, rest)?, taken);
        match self.dotted_after_call(&arguments) {
            Some(error) if !is_dotted => Err(error),
            _ => Ok(arguments),
        }
    }

    /// The error for `call PLUGIN.FUNCTION`, which mixes the two ways to write a call.
    fn dotted_after_call(&self, arguments: &Arguments) -> Option<ShellError> {
        let word = arguments.positional(0).filter(|word| self.kernel().find(word).is_err())?;
        let mut parts = self.split_call(word).into_iter().filter(|part| !part.is_empty());
        let (plugin, function) = (parts.next()?, parts.next()?);
        self.kernel().find(&plugin).ok()?;
        Some(ShellError::usage(format!(
            "`call {word}`: write `{word} INPUT` without `call`, or `call {plugin} {function} INPUT`"
        )))
    }

    /// `PLUGIN.FUNCTION` in its two parts: the longest living name that fits wins.
    pub(super) fn split_call(&self, word: &str) -> Vec<String> {
        let living = self.kernel().split_at_living(word).map(|(_, plugin, function)| (plugin, function));
        let (plugin, function) = living.or_else(|| word.split_once('.')).unwrap_or((word, ""));
        vec![plugin.to_owned(), function.to_owned()]
    }

    fn call_stage(&self, options: &CallOptions) -> Result<CallStage, ShellError> {
        Ok(CallStage { process: self.process(&options.plugin)?, function: options.function.clone() })
    }

    fn start_in_background(&mut self, calls: Calls, into: Option<OutputFile>) -> Result<Reply, ShellError> {
        let is_cancelled = || self.interrupt().is_raised();
        let sink = into.map(|file| file.open(&is_cancelled)).transpose()?;
        let text = calls.plan.text.clone();
        let started = match sink {
            Some(sink) => self.kernel().start_into(calls.plan, written_to(sink)),
            None => self.kernel().start(calls.plan),
        };
        let job = started.map_err(|error| self.call_error(error))?;
        let json = serde_json::json!({ "job": job.id(), "text": text });
        self.notice(Line::new().with(Role::Strong, format!("%{}", job.id())).with(Role::Dim, format!(" {text}")));
        Ok(Reply::done(json))
    }

    /// The reply to a finished foreground call: its output, which `$_` keeps too, or its error.
    ///
    /// # Errors
    /// The call failed.
    pub(super) fn finish_call(
        &mut self,
        id: ProcessId,
        end: &JobEnd,
        options: &CallOptions,
    ) -> Result<Reply, ShellError> {
        let json = options.json.then(|| call_reply(id, end));
        match end.bytes() {
            Ok(bytes) => {
                self.set_last_output(bytes.clone());
                Ok(json.unwrap_or_else(|| Reply::Output { bytes, raw: options.raw }))
            }
            Err(error) => {
                if let Some(json) = json {
                    self.emit(&json)?;
                }
                Err(self.call_error(error))
            }
        }
    }

    /// Calls a process in the foreground.
    ///
    /// # Errors
    /// The call fails or is interrupted.
    pub fn call(
        &mut self,
        process: ProcessId,
        input: impl Into<Arc<[u8]>>,
        options: &CallOptions,
    ) -> Result<Reply, ShellError> {
        let plan = CallPlan {
            stages: vec![CallStage { process, function: options.function.clone() }],
            input: input.into(),
            repeat: options.repeat.unwrap_or(1),
            timeout: options.time_limit(),
            text: format!("call {} {}", options.plugin, options.function),
            background: false,
            owner: self.owner(),
        };
        let job = self.kernel().start(plan).map_err(|error| self.call_error(error))?;
        match self.wait_or_park(&job, false)? {
            WaitOutcome::Ended(end) => self.finish_call(process, &end, options),
            blocked => self.park_job(&job, &blocked, call_ends(process, options.clone()), false),
        }
    }
}

/// Finishes a parked call once it has ended. `process` is the one of its last stage.
pub(super) fn call_ends(process: ProcessId, options: CallOptions) -> Continuation {
    Box::new(move |session, end| session.finish_call(process, end, &options))
}

/// The sink of a job whose output goes to a file, which replaces its target once all is written.
fn written_to(mut file: FileSink) -> OutputSink {
    Box::new(move |output, is_cancelled| {
        file.write(output, is_cancelled).and_then(|()| file.commit()).map_err(Box::from)
    })
}
