//! `record`: writing the session's calls to a file.

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::hooks::Recorder;
use crate::shell::recording::{CallFile, Entry, started_by_shell};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::text::counted;

/// The command `record`.
pub static RECORD: Command = Command {
    name: "record",
    group: Group::Debugging,
    summary: "write calls to a file, to be replayed",
    description: "`record FILE` writes each call from the prompt as it ends, with its input and output (but for private \
        plugins), the calls it made, how its process was started, and what was killed, restarted, reloaded and stubbed; \
        `record off` ends that. `replay FILE` makes them again. \
        The file holds what `--config` gave to plugins, and `${NAME}` for what a project's file took from the environment. Without a word it says where calls are written to.",
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
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<RecordWords>()?;
    match words.file.as_deref() {
        None => Ok(match session.scripts().recording() {
            Some(file) => {
                let (calls, name) = (file.written()?, file.name());
                let json = serde_json::json!({ "recording": name, "calls": calls });
                Reply::answer(format!("{} written to `{name}`", counted(calls, "call")), json)
            }
            None => Reply::answer("calls are not recorded", serde_json::json!({ "recording": null, "calls": null })),
        }),
        Some("off") => stop(session),
        Some(_) if session.scripts().recording().is_some() => {
            Err(ShellError::failed("calls are recorded already; `record off` ends that"))
        }
        Some(name) => start(session, name),
    }
}

fn start(session: &mut Session, name: &str) -> Result<Reply, ShellError> {
    let file = CallFile::create(name, session.interrupt().clone())?;
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
    Ok(Reply::done(serde_json::json!({ "recording": name, "calls": 0 })))
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
