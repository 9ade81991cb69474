//! `record`: writing the session's calls to a file.

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::hooks::Recorder;
use crate::shell::answers::DEEP_BYTES_MAX_DEFAULT;
use crate::shell::call_file::{CallFile, Deep};
use crate::shell::recording::{Entry, started_by_shell};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_size;
use crate::text::counted;

/// The command `record`.
pub static RECORD: Command = Command {
    name: "record",
    group: Group::Debugging,
    summary: "write calls to a file, to be replayed",
    description: "`record FILE` writes each call from the prompt as it ends, with its input and output (but for private \
        plugins), the calls it made, how its process was started, and what was killed, restarted, reloaded and stubbed; \
        `record off` ends that. `replay FILE` makes them again. \
        `--deep` keeps what the host answered too (clock, random bytes, files, HTTP, variables), and counts fuel: a replay is \
        then answered from the file and is the same to the last instruction. It begins before the first `load`, in the native \
        host. The file holds what `--config` gave to plugins, and `${NAME}` for what a project's file took from the environment. Without a word it says where calls are written to.",
    examples: &["\
        record calls.jsonl\n\
        load echo\n\
        # 1:echo\n\
        call echo echo hi\n\
        # hi\n\
        record off\n\
        # 1 call in `calls.jsonl`\n\
        replay calls.jsonl\n\
        # 1 call replayed: the same"],
    syntax: syntax::<RecordWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct RecordWords {
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// keep what the host answers to plugins too
    #[arg(long, requires = "file")]
    deep: bool,
    /// the most bytes of answers that are kept: 256M
    #[arg(long, value_name = "SIZE", value_parser = parse_size, requires = "deep")]
    deep_bytes: Option<u64>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<RecordWords>()?;
    match words.file.as_deref() {
        None => Ok(match session.scripts().recording() {
            Some(file) => {
                let (calls, name) = (file.written()?, file.name());
                let json = serde_json::json!({ "recording": name, "calls": calls, "deep": file.is_deep() });
                Reply::answer(format!("{} written to `{name}`", counted(calls, "call")), json)
            }
            None => Reply::answer(
                "calls are not recorded",
                serde_json::json!({ "recording": null, "calls": null, "deep": null }),
            ),
        }),
        Some("off") if words.deep => Err(ShellError::usage("`--deep` is for `record FILE`")),
        Some("off") => stop(session),
        Some(_) if session.scripts().recording().is_some() => {
            Err(ShellError::failed("calls are recorded already; `record off` ends that"))
        }
        Some(name) if words.deep => start_deep(session, name, words.deep_bytes.unwrap_or(DEEP_BYTES_MAX_DEFAULT)),
        Some(name) => start(session, name, None),
    }
}

/// Starts a deep recording. An instance that lives already got answers that nobody kept.
fn start_deep(session: &mut Session, name: &str, bytes_max: u64) -> Result<Reply, ShellError> {
    if let Some(process) = session.kernel().processes(false).first() {
        let label = process.label();
        let message =
            format!("`{label}` has answers of the host that were not kept; `record --deep` before its `load`");
        return Err(ShellError::failed(message));
    }
    let deep = Deep::start(session.kernel(), bytes_max);
    start(session, name, Some(deep))
}

fn start(session: &mut Session, name: &str, deep: Option<Deep>) -> Result<Reply, ShellError> {
    let is_deep = deep.is_some();
    let file = CallFile::create(name, session.interrupt().clone(), deep)?;
    for stub in session.kernel().stubs() {
        file.write(&Entry::Stub((&stub.spec).into()));
    }
    let processes = started_by_shell(session.kernel());
    for process in &processes {
        file.loaded(process);
    }
    if let Some(used) = processes.iter().find(|process| process.view.calls > 0) {
        let text = format!("`{}` was called before: a replay starts it fresh", used.view.label());
        session.notice(Line::new().with(Role::Warn, text));
    }
    session.kernel().record_calls(Some(file.clone()));
    session.scripts_mut().replace_recording(Some(file));
    Ok(Reply::done(serde_json::json!({ "recording": name, "calls": 0, "deep": is_deep })))
}

fn stop(session: &mut Session) -> Result<Reply, ShellError> {
    session.kernel().record_calls(None);
    let file = session
        .scripts_mut()
        .replace_recording(None)
        .ok_or_else(|| ShellError::failed("calls are not recorded; `record FILE` does it"))?;
    let (calls, name) = (file.written()?, file.name());
    let json = serde_json::json!({ "file": name, "calls": calls });
    Ok(Reply::answer(format!("{} in `{name}`", counted(calls, "call")), json))
}
