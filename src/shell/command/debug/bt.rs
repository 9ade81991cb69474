//! `bt`: the stack of a held or running job, or of a failed call.

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::RecordKind;
use crate::kernel::hooks::HeldView;
use crate::kernel::{Job, StackView};
use crate::shell::lookup::{job_word, record_of};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::words::held::{held_json, held_lines};
use crate::shell::words::hold_error::hold_error;
use crate::shell::words::stack::{Fold, StackRow, stack_lines, stack_rows};

/// The command `bt`.
pub static COMMAND: Command = Command {
    name: "bt",
    group: Group::Debugging,
    summary: "show where a job stands, or where a call failed",
    description: "Of a held job, its chain of calls, the input of the held call (and its output or error, after it), what \
        bounds it, and where its plugins stand: functions, files and lines, the innermost first. Of a running job (`%N`) or \
        process, where it stands now; of a process that does not run, where its last failed call failed. Without either, the \
        newest held job, or the last failed call. Frames of panics, allocators and runtimes are folded.",
    examples: &["\
        load front\n\
        # 1:front\n\
        break 'callee=count_vowels'\n\
        # breakpoint 1: before callee=count_vowels\n\
        call front run abc\n\
        # %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
        # …\n\
        bt\n\
        # %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
        #   chain   1:front.run → 2:count_vowels.count_vowels\n\
        #   input   3 bytes: abc\n\
        #   limits  depth 2 of 64\n\
        continue\n\
        # {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}"],
    syntax: syntax::<BtWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct BtWords {
    #[arg(value_name = "PROCESS|%JOB")]
    target: Option<String>,
    /// show the frames of panics, allocators and runtimes too
    #[arg(long)]
    all: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<BtWords>()?;
    let fold = if words.all { Fold::Nothing } else { Fold::Runtime };
    let json = session.wants_json(words.json);
    Ok(match subject(session, words.target.as_deref())? {
        Subject::Held(view) if json => Reply::Json(held_json(&view)),
        Subject::Held(view) => Reply::Lines(held_lines(&view, fold)),
        Subject::Stack { title, stack } if json => Reply::json(&LooseStack { of: &title, stack: stack_rows(&stack) }),
        Subject::Stack { title, stack } => {
            let mut lines = vec![Line::new().with(Role::Strong, title)];
            lines.extend(stack_lines(&stack, fold));
            Reply::Lines(lines)
        }
    })
}

/// Subject of the command.
enum Subject {
    Held(Box<HeldView>),
    Stack { title: String, stack: StackView },
}

/// A stack that is not of a held job, in JSON.
#[derive(Serialize)]
struct LooseStack<'a> {
    of: &'a str,
    stack: Vec<StackRow<'a>>,
}

fn subject(session: &Session, target: Option<&str>) -> Result<Subject, ShellError> {
    match target {
        None => match session.held_job(None) {
            Ok((_, view)) => Ok(Subject::Held(Box::new(view))),
            Err(error) => {
                let newest = session.kernel().newest_stack().ok_or(error)?;
                let is_load = record_of(session, newest.0).is_ok_and(|record| record.kind == RecordKind::Load);
                let what = if is_load { "load" } else { "call" };
                Ok(Subject::Stack { title: format!("{what} {} failed", newest.0), stack: newest.1 })
            }
        },
        Some(word) => match job_word(session, word)? {
            Some(job) => of_job(session, &job),
            None => of_process(session, word),
        },
    }
}

fn of_job(session: &Session, job: &Job) -> Result<Subject, ShellError> {
    let word = format!("%{}", job.id());
    if job.is_held() {
        return Ok(Subject::Held(Box::new(session.held_job(Some(&word))?.1)));
    }
    if job.is_running() {
        let stack = session.kernel().look_at(job).map_err(hold_error)?;
        let waits = || ShellError::failed(format!("{word} waits in the host; `jobs` shows its chain"));
        return Ok(Subject::Stack { title: format!("{word} runs"), stack: stack.ok_or_else(waits)? });
    }
    let end = job.wait();
    let stack = end.result.as_ref().err().and_then(|error| error.stack.as_ref()).map(|stack| stack.view());
    let ended = || ShellError::failed(format!("{word} has ended, and no call of it failed"));
    Ok(Subject::Stack { title: format!("{word} failed"), stack: stack.ok_or_else(ended)? })
}

fn of_process(session: &Session, word: &str) -> Result<Subject, ShellError> {
    let id = session.process(word)?;
    if let Some(job) = session.kernel().job_in(id) {
        return of_job(session, &job);
    }
    let failed = session.kernel().last_failure(id);
    let (label, stack) = failed.ok_or_else(|| ShellError::failed(format!("no call of `{word}` has failed")))?;
    Ok(Subject::Stack { title: format!("the last failed call of {label}"), stack })
}
