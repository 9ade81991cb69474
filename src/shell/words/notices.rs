//! Notices of the kernel's in words.

use std::time::Duration;

use crate::journal::units::{show_duration_ns, show_size};
use crate::kernel::{DumpError, Notice, ResetBy};
use crate::runtime::NoCompilerProcess;
use crate::text::{escape_control, plural};

/// A notice in one line.
pub fn notice_text(notice: &Notice) -> String {
    match notice {
        Notice::Reset { process, calls_lost, by } => format!(
            "`{process}` was reset: its call {}, and the state of {calls_lost} earlier {} is lost",
            match by {
                ResetBy::Chain => "ended with its chain",
                ResetBy::OwnFailure => "failed",
            },
            plural(*calls_lost, "call")
        ),
        Notice::Crashed { process, failure } => format!("`{process}` ended because it crashed: {failure}"),
        Notice::Held { job } => format!("%{job} is held; `bt` shows where, `continue` lets it go on"),
        Notice::JobDone { job, took, output_bytes, text } => {
            format!("%{job} done in {}, {}: {text}", took_text(*took), show_size(*output_bytes))
        }
        Notice::JobFailed { job, took, error } => {
            format!("%{job} failed after {}: {}", took_text(*took), error.with_reason())
        }
        Notice::OutputCut { job, output_bytes, kept_bytes } => {
            format!("%{job}: of {output_bytes} bytes of output the first {kept_bytes} are kept")
        }
        Notice::Reloaded { process, source, calls_lost } => {
            let lost = match *calls_lost {
                0 => String::new(),
                lost => format!("; the state of {lost} earlier {} is lost", plural(lost, "call")),
            };
            format!("`{process}` was reloaded: `{source}` has changed{lost}")
        }
        Notice::KeepsCode { process, failure } => format!("`{process}` keeps its old code: {failure}"),
        Notice::NoCompiler(NoCompilerProcess { cause, origin }) => escape_control(&format!(
            "no process can be started to compile in ({cause}): `{origin}` and other heavy modules are compiled in this one, \
             where a compilation goes on that was given up"
        )),
        Notice::CoreDump { process, path } => format!("core dump of `{process}`: {}", path.display()),
        Notice::NoCoreDump(error) => format!("no core dump: {}", no_dump(error)),
        Notice::RecordingEnded { file, why } => escape_control(&format!("`{file}`: {why}; the recording ends there")),
    }
}

fn no_dump(error: &DumpError) -> String {
    match error {
        DumpError::Unwritten { path, cause } => format!("`{}`: {cause}", path.display()),
        DumpError::OnNode { process, node } => format!("`{process}` is on node `{node}`; a process here leaves one"),
        DumpError::NoName { dir, process } => format!("`{}` has too many dumps of `{process}`", dir.display()),
    }
}

fn took_text(took: Duration) -> String {
    show_duration_ns(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_done_is_said_with_its_cause() {
        let no_process = NoCompilerProcess { cause: "no such file or directory".into(), origin: "a\x1b.wasm".into() };
        let says = "no process can be started to compile in (no such file or directory): `a\\x1b.wasm` and other heavy \
            modules are compiled in this one, where a compilation goes on that was given up";
        assert_eq!(notice_text(&Notice::NoCompiler(no_process)), says);
        let unwritten = DumpError::Unwritten { path: "dumps/tax-7.core".into(), cause: "permission denied".into() };
        let says = "no core dump: `dumps/tax-7.core`: permission denied";
        assert_eq!(notice_text(&Notice::NoCoreDump(unwritten)), says);
        let no_name = DumpError::NoName { dir: "dumps".into(), process: "tax".into() };
        assert_eq!(notice_text(&Notice::NoCoreDump(no_name)), "no core dump: `dumps` has too many dumps of `tax`");
    }
}
