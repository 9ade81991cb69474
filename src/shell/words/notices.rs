//! Notices of the kernel's in words.

use std::time::Duration;

use crate::journal::units::{show_duration_ns, show_size};
use crate::kernel::{Notice, ResetBy};
use crate::text::plural;

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
        Notice::NoCompiler { why } => why.clone(),
        Notice::CoreDump { process, path } => format!("core dump of `{process}`: {}", path.display()),
        Notice::NoCoreDump { why } => format!("no core dump: {why}"),
    }
}

fn took_text(took: Duration) -> String {
    show_duration_ns(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX))
}
