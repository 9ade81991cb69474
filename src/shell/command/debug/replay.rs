//! `replay`: repeating calls of the journal or of a recording.

use std::sync::Arc;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::{Outcome, Record, RecordKind};
use crate::kernel::hooks::StubSpec;
use crate::kernel::{CallError, LoadRequest, ProcessId};
use crate::runtime::{Explained, Host, Program};
use crate::shell::answers::Answers;
use crate::shell::call_options::CallOptions;
use crate::shell::loading::link;
use crate::shell::lookup::record_of;
use crate::shell::project::secrets::revealed;
use crate::shell::recording::{
    BeyondCalls, CallEntry, Entry, NestedCallEntry, ProcessEntry, RECORDING_BYTES_MAX, StubEntry, beyond_calls,
    input_of, is_deep, read,
};
use crate::shell::replay::{ObservedCall, Output, ReplayStage};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_hex;
use crate::shell::words::SHELL;
use crate::shell::words::payload::whole;
use crate::text::{counted, quoted};

/// The command `replay`.
pub static COMMAND: Command = Command {
    name: "replay",
    group: Group::Debugging,
    summary: "make recorded calls again",
    description: "`replay FILE` makes the calls of a recording again on fresh processes, apart from those of this shell, and \
        fails at the first that does not come to the same outcome, output and nested calls. Stubs are those of the \
        recording, but for functions that this shell has stubs for. A recording is data: stubs that run commands, paths and \
        hosts that it gives to plugins are shown, and wanted by `--allow-programs`, `--allow-paths` and `--allow-hosts`. What was killed, ran out of time or met a fault or a \
        breakpoint is left out. The host's answers in a recording of `record --deep` are given again: no clock, file, network \
        or other source is asked, and a call that asks for something else, or takes other fuel, is told. `replay SEQ` makes one call of \
        `trace` again on the process it was made on (`--fresh`: on a fresh one), with the input that `trace payloads` kept or \
        that of `--input`, and says when it comes to something else.",
    examples: &["\
        trace payloads 4k 1M\n\
        load counter\n\
        # 1:counter\n\
        call counter add 5\n\
        # 5\n\
        replay 2 --fresh\n\
        # 5\n\
        replay 2 --input 10\n\
        # 15"],
    syntax: syntax::<ReplayWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ReplayWords {
    #[arg(value_name = "FILE|SEQ")]
    what: String,
    /// another input for the call
    #[arg(long, value_name = "BYTES")]
    input: Option<String>,
    /// the bytes of `--input` are hexadecimal
    #[arg(long)]
    hex: bool,
    /// on a fresh process
    #[arg(long)]
    fresh: bool,
    /// let the recording's stubs run their commands, programs of the system among them
    #[arg(long)]
    allow_programs: bool,
    /// let the recording's plugins have the paths and files that they had
    #[arg(long)]
    allow_paths: bool,
    /// let them reach the hosts that they could reach
    #[arg(long)]
    allow_hosts: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<ReplayWords>()?;
    match words.what.parse() {
        Ok(seq) => replay_one(session, seq, &words),
        Err(_) if words.input.is_some() || words.fresh => {
            Err(ShellError::usage("`--input` and `--fresh` are for `replay SEQ`"))
        }
        Err(_) => replay_file(session, &words),
    }
}

fn replay_one(session: &mut Session, seq: u64, words: &ReplayWords) -> Result<Reply, ShellError> {
    let record = record_of(session, seq)?;
    if record.kind == RecordKind::Load {
        return Err(ShellError::failed(format!("{seq} is a load and no call; `load` starts the plugin again")));
    }
    if record.callee == 0 {
        return Err(ShellError::failed(format!("call {seq} named no process; it cannot be made again")));
    }
    let input = match &words.input {
        Some(text) if words.hex => parse_hex(text.as_bytes()).map_err(ShellError::usage)?,
        Some(text) => text.clone().into_bytes(),
        None => whole(seq, "input", record.kept().map(|payload| &payload.input))?,
    };
    let before = ObservedCall::of(&record, session.kernel().journal());
    if !words.fresh {
        let options = CallOptions {
            plugin: record.callee_label(),
            function: record.function.as_str().to_owned(),
            ..CallOptions::default()
        };
        let process = session.process(&options.plugin)?;
        let reply = session.call(process, input, &options)?;
        if let (None, Reply::Output { bytes, .. }) = (&words.input, &reply) {
            // The comparison covers what the caller sees; the nested calls are in the journal.
            let again = ObservedCall {
                output: Output::Bytes(bytes.to_vec()),
                outcome: "ok".into(),
                error: None,
                fuel: before.fuel,
                made: before.made.clone(),
            };
            notice_difference(session, seq, &before, &again);
        }
        return Ok(reply);
    }
    let again = call_fresh(session, &record, &input)?;
    if words.input.is_none() {
        notice_difference(session, seq, &before, &again);
    }
    match (again.error, again.output) {
        (Some(error), _) => Err(ShellError::failed(error)),
        (None, Output::Bytes(bytes)) => Ok(Reply::Output { bytes: bytes.into(), raw: false }),
        (None, _) => Ok(Reply::done(serde_json::json!(null))),
    }
}

fn call_fresh(session: &mut Session, record: &Record, input: &[u8]) -> Result<ObservedCall, ShellError> {
    let label = record.callee_label();
    let detail = session.kernel().process(record.callee);
    let detail = detail.ok_or_else(|| ShellError::failed(format!("process `{label}` has ended; `load` it again")))?;
    let stage = ReplayStage::new(session);
    let entry = ProcessEntry::from(&detail);
    let process = load(session, &stage, &entry)?;
    stage.call(session, process, record.function.as_str(), input)
}

fn notice_difference(session: &mut Session, seq: u64, before: &ObservedCall, again: &ObservedCall) {
    if let Some(difference) = before.difference(again) {
        session.notice(Line::new().with(Role::Warn, format!("not as call {seq}: {difference}")));
    }
}

fn replay_file(session: &mut Session, words: &ReplayWords) -> Result<Reply, ShellError> {
    let name = words.what.as_str();
    let entries = read(name, &session.read_file(name, RECORDING_BYTES_MAX)?)?;
    let (stage, entries) = stage_of(session, name, entries)?;
    let own: Vec<StubSpec> = stage.kernel.stubs().into_iter().map(|stub| stub.spec).collect();
    let is_own = |stub: &StubEntry| own.iter().any(|own| own.plugin == stub.plugin && own.function == stub.function);
    let mut beyond = beyond_calls(&entries, &is_own);
    if stage.answers().is_some() {
        // No host is reached: the recording answers.
        beyond.hosts.clear();
    }
    allowed_beyond_calls(words, &beyond)?;
    let (mut calls, mut no_input, mut outside) = (0, 0, 0);
    for (at, entry) in entries.iter().enumerate() {
        match entry {
            Entry::Call(call) if stage.answers().is_some() && !is_repeatable(call) => {
                outside = calls_in(&entries[at..]);
                break;
            }
            Entry::Call(call) if is_from_outside(call) => outside += 1,
            Entry::Call(call) => match input_of(call) {
                None => no_input += 1,
                Some(input) => {
                    calls += 1;
                    replay_call(session, &stage, call, calls, &input)?;
                }
            },
            entry => set_the_stage(session, &stage, &own, entry)?,
        }
    }
    if let Some(answers) = stage.answers() {
        return Ok(deep_reply(session, answers, calls, outside));
    }
    let why =
        [(no_input, "the recording has no input"), (outside, "killed, out of time, or met by a fault or breakpoint")];
    for (skipped, why) in why.into_iter().filter(|(skipped, _)| *skipped > 0) {
        session.notice(Line::new().with(Role::Warn, format!("{} not replayed: {why}", counted(skipped, "call"))));
    }
    let json = serde_json::json!({ "calls": calls, "same": true, "not_replayed": no_input + outside });
    Ok(Reply::answer(format!("{} replayed: the same", counted(calls, "call")), json))
}

/// The kernel for a recording's calls, and the entries to repeat on it: those of a deep recording are without answers,
/// which the kernel's host gives, and without files, which it does not open.
fn stage_of(session: &Session, name: &str, entries: Vec<Entry>) -> Result<(ReplayStage, Vec<Entry>), ShellError> {
    if !is_deep(&entries) {
        return Ok((ReplayStage::new(session), entries));
    }
    let (mut answers, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Answer(answer) => answers.push(answer),
            Entry::Process(process) => others.push(Entry::Process(without_files(process))),
            Entry::Reload(process) => others.push(Entry::Reload(without_files(process))),
            entry => others.push(entry),
        }
    }
    Ok((ReplayStage::deep(session, Answers::new(name, answers)?), others))
}

fn without_files(mut process: ProcessEntry) -> ProcessEntry {
    process.spec.allowed_paths.clear();
    process.spec.wasi_input.stdin = None;
    process
}

/// Whether a call of a deep recording comes to the same again: what was cut at a time, changed or not written does
/// not, and the state of its processes is another from then on.
fn is_repeatable(call: &CallEntry) -> bool {
    let is_cut = |nested: &NestedCallEntry| is_cut(&nested.outcome);
    input_of(call).is_some() && !is_from_outside(call) && !call.calls.iter().any(is_cut)
}

fn calls_in(entries: &[Entry]) -> u64 {
    entries.iter().filter(|entry| matches!(entry, Entry::Call(_))).count() as u64
}

fn deep_reply(session: &mut Session, answers: &Answers, calls: u64, not_replayed: u64) -> Reply {
    let (taken, left) = (answers.taken(), answers.left());
    if not_replayed > 0 {
        let text = format!(
            "{} not replayed: the first was killed, out of time, private, or met by a fault or breakpoint, and the rest follow it",
            counted(not_replayed, "call")
        );
        session.notice(Line::new().with(Role::Warn, text));
    } else if left > 0 {
        let text =
            format!("{} of the recording not asked for: of calls that did not end in it", counted(left, "answer"));
        session.notice(Line::new().with(Role::Warn, text));
    }
    let text = format!(
        "{} replayed: the same to the last instruction, with {} of the recording",
        counted(calls, "call"),
        counted(taken, "answer")
    );
    let json = serde_json::json!({ "calls": calls, "same": true, "not_replayed": not_replayed, "answers": taken, "answers_left": left });
    Reply::answer(text, json)
}

/// Fails if a recording needs more than calls and lacks a flag for it: one line names the needs and the flags.
fn allowed_beyond_calls(words: &ReplayWords, requested: &BeyondCalls) -> Result<(), ShellError> {
    const SHOWN_MAX: usize = 3;
    let kinds = [
        (&requested.programs, words.allow_programs, "runs", "--allow-programs"),
        (&requested.paths, words.allow_paths, "gives plugins", "--allow-paths"),
        (&requested.hosts, words.allow_hosts, "lets plugins reach", "--allow-hosts"),
    ];
    let wanted: Vec<_> =
        kinds.into_iter().filter(|(requested, allowed, ..)| !requested.is_empty() && !allowed).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let parts = wanted.iter().map(|(requested, _, verb, _)| {
        let shown: Vec<String> = requested.iter().take(SHOWN_MAX).map(|text| format!("`{}`", quoted(text))).collect();
        let more = requested.len().saturating_sub(SHOWN_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{verb} {}{more}", shown.join(", "))
    });
    let (parts, flags) = (parts.collect::<Vec<_>>().join(", "), wanted.iter().map(|(.., flag)| format!("`{flag}`")));
    let flags = flags.collect::<Vec<_>>().join(" ");
    let name = &words.what;
    Err(ShellError::failed(format!("`{name}` asks for more than calls: it {parts}; {flags} of `replay` lets it")))
}

/// Whether something outside the call decided its result: a hook's change, a kill or a timeout.
fn is_from_outside(call: &CallEntry) -> bool {
    call.changed || is_cut(&call.outcome)
}

/// Whether an outcome came at a moment that no replay meets again.
fn is_cut(outcome: &str) -> bool {
    [Outcome::Killed, Outcome::Timeout].iter().any(|cut| cut.as_str() == outcome)
}

/// Repeats a recorded change to processes or stubs. `own`: the session's own stubs, which stay.
fn set_the_stage(
    session: &mut Session,
    stage: &ReplayStage,
    own: &[StubSpec],
    entry: &Entry,
) -> Result<(), ShellError> {
    let kernel = &stage.kernel;
    let failed = |error: CallError| ShellError::failed(format!("what was recorded cannot be done again: {error}"));
    let is_own = |plugin: &str, function: Option<&str>| {
        own.iter().any(|stub| stub.plugin == plugin && function.is_none_or(|function| stub.function == function))
    };
    match entry {
        Entry::Recording { .. } | Entry::Call(_) | Entry::Answer(_) => {}
        Entry::Process(process) => drop(load(session, stage, process)?),
        Entry::Reload(process) => {
            let id = kernel.find(&process.name).map_err(failed)?;
            let program = program_of(session, process)?;
            kernel.reload(id, &program, true).map_err(failed)?;
        }
        Entry::Restart { process } => {
            let id = kernel.find(process).map_err(failed)?;
            kernel.restart(id).map_err(failed)?;
        }
        Entry::Kill { process, recursive } => {
            let id = kernel.find(process).map_err(failed)?;
            kernel.kill(id, *recursive).map_err(failed)?;
        }
        Entry::Stub(stub) if is_own(&stub.plugin, Some(&stub.function)) => {}
        Entry::Stub(stub) => {
            let wrong = || ShellError::failed(format!("the stub of `{}.{}` has no bytes", stub.plugin, stub.function));
            kernel.set_stub(stub.spec().ok_or_else(wrong)?).map_err(|why| ShellError::failed(why.line(SHELL)))?;
        }
        Entry::Unstub { plugin, function } if is_own(plugin, function.as_deref()) => {}
        Entry::Unstub { plugin, function } => {
            kernel.unstub(plugin, function.as_deref());
        }
    }
    Ok(())
}

fn replay_call(
    session: &mut Session,
    stage: &ReplayStage,
    call: &CallEntry,
    number: u64,
    input: &[u8],
) -> Result<(), ShellError> {
    let title = format!("call {number}, {}.{}", call.process, call.function);
    let process = stage.kernel.find(&call.process);
    let process = process.map_err(|error| ShellError::failed(format!("{title}: {error}")))?;
    let again = stage.call(session, process, &call.function, input)?;
    let before = ObservedCall::from(call);
    let difference = match stage.answers() {
        None => before.difference(&again),
        // An answer that is missing is the cause of what differs after it.
        Some(answers) => {
            answers.difference().or_else(|| before.difference(&again)).or_else(|| before.fuel_difference(&again))
        }
    };
    match difference {
        Some(difference) => Err(ShellError::failed(format!("{title}: {difference}"))),
        None => Ok(()),
    }
}

/// Starts a process with its recorded options, in place of a process of that name.
fn load(session: &mut Session, stage: &ReplayStage, entry: &ProcessEntry) -> Result<ProcessId, ShellError> {
    let program = match entry.source.strip_prefix("stub:") {
        Some(name) => stage.kernel.resolve(name, &mut |_, _| true).map_err(|error| session.call_error(error))?,
        None => program_of(session, entry)?,
    };
    if let Ok(old) = stage.kernel.find(&entry.name) {
        stage.kernel.kill(old, false).map_err(|error| session.call_error(error))?;
    }
    let host: Host = entry.host;
    let spec = revealed(entry.spec.clone());
    let spec = spec.map_err(|error| ShellError::failed(format!("`{}`: {error}", entry.name)))?;
    let timeout = spec.timeout;
    let name = Some(entry.name.clone());
    let request = LoadRequest { spec, name, host, timeout, ..LoadRequest::plain(program) };
    if let Some(id) = entry.id.filter(|_| stage.answers().is_some()) {
        stage.kernel.skip_process_ids_to(id);
    }
    let loaded = stage.kernel.load(request);
    if let Some(difference) = stage.answers().and_then(Answers::difference) {
        return Err(ShellError::failed(format!("the start of `{}`: {difference}", entry.name)));
    }
    Ok(loaded.map_err(|error| session.call_error(error))?.id)
}

/// The code of a recorded process, read from its source; a notice tells of code that has changed since.
fn program_of(session: &mut Session, entry: &ProcessEntry) -> Result<Arc<Program>, ShellError> {
    let program = session.resolve(&entry.source)?;
    let program = link(session, program, &entry.links, session.kernel().load_deadline(None))?;
    let now: Vec<&str> = program.modules.iter().map(|module| module.sha256.as_str()).collect();
    let before: Vec<&str> = entry.modules.iter().map(|module| module.sha256.as_str()).collect();
    if now != before {
        let text = format!("`{}` is other code than before ({})", entry.name, entry.source);
        session.notice(Line::new().with(Role::Warn, text));
    }
    Ok(program)
}
