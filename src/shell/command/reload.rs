//! `reload`: new code for a process that goes on.

use std::sync::Arc;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::{LoadRequest, ProcessId, ReplacementRequest};
use crate::runtime::Program;
use crate::shell::exchange::{Exchanged, exchange};
use crate::shell::loading::link;
use crate::shell::lookup::ended;
use crate::shell::replay::{Verified, verify_journal};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::text::counted;

/// The command `reload`.
pub static COMMAND: Command = Command {
    name: "reload",
    group: Group::Plugins,
    summary: "replace a process's code",
    description: "Reads its source again, or another SOURCE, and swaps the code: id, name, parent, children and what it may \
        do stay, its state is lost. A call that runs goes on in the old code. Code that does not start changes nothing. \
        Code that lacks a function which was called before is refused, unless `--force`. `--verify` \
        tries the new code first, on a fresh process, with the calls that `trace payloads` kept.",
    examples: &["\
        load echo --as shout\n\
        # 1:shout\n\
        reload shout text\n\
        # 1:shout reloaded\n\
        call shout upper hi\n\
        # HI"],
    syntax: syntax::<ReloadOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ReloadOptions {
    #[arg(value_name = "PROCESS")]
    process: String,
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    /// even if functions that were called are not there any more
    #[arg(long)]
    force: bool,
    /// make the calls again that the trace holds with their payloads, and take the new code only if they come to the
    /// same
    #[arg(long)]
    verify: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<ReloadOptions>()?;
    let id = session.process(&options.process)?;
    let source = match options.source {
        Some(source) => source,
        None => {
            let source = session.kernel().source_of(id);
            source.ok_or_else(|| ended(&options.process))?
        }
    };
    let program = session.resolve(&source)?;
    let verified = match options.verify {
        true => Some(verify(session, id, &program)?),
        false => None,
    };
    let verified = verified.map(|verified| verified_text(&verified)).unwrap_or_default();
    let reload = ReplacementRequest::Reload { program, force: options.force };
    match exchange(session, id, reload, verified)? {
        Exchanged::Done(done) => Ok(done.into()),
        Exchanged::Parked(reply) => Ok(reply),
    }
}

/// Makes the calls of the trace again on the new code; an error at the first that comes to something else.
fn verify(session: &mut Session, id: ProcessId, program: &Arc<Program>) -> Result<Verified, ShellError> {
    let label = session.label(id);
    let detail = session.kernel().process(id).ok_or_else(|| ended(&label))?;
    // Links of the command line stay, as in the kernel, where the new code does not bring them.
    let kept = detail.links.iter().filter(|(link, _)| program.modules.iter().all(|module| module.name != *link));
    let links: Vec<String> = kept.map(|(link, source)| format!("{link}={source}")).collect();
    let program = link(session, Arc::clone(program), &links, session.kernel().load_deadline(None))?;
    let (spec, name, host) = (detail.spec, Some(detail.view.name), detail.view.host);
    let request = LoadRequest { timeout: spec.timeout, spec, name, host, ..LoadRequest::plain(program) };
    let verified = verify_journal(session, id, request)?;
    match &verified.difference {
        Some((seq, difference)) => Err(ShellError::failed(format!(
            "`{label}` keeps its code: call {seq} comes to something else: {difference}"
        ))),
        None if verified.replayed == 0 => {
            let message = format!(
                "`{label}` keeps its code: the trace holds no call of it to verify with; `trace payloads 64k 16M` keeps them"
            );
            Err(ShellError::failed(message))
        }
        None => Ok(verified),
    }
}

fn verified_text(verified: &Verified) -> String {
    let skipped = if verified.skipped > 0 { format!(", {} skipped", verified.skipped) } else { String::new() };
    format!("{} of the trace came to the same{skipped}", counted(verified.replayed as u64, "call"))
}
