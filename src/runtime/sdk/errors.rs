//! The SDK's errors as failures. Most of them are told apart by their text, since the SDK has no types for them.

use std::time::{Duration, Instant};

use url::Url;

use super::backtrace::backtrace;
use crate::runtime::guest_end::GuestEnd;
use crate::runtime::source::format_url;
use crate::runtime::{Advice, Failure, FailureKind, Problem, Upcalls, hosts, wasm_words};

/// The SDK's text for a return code other than 0.
const EXIT_CODE: &str = "Returned non-zero exit code: ";
/// The text of WASI's exit.
const WASI_EXIT: &str = "Exited with i32 exit status ";
/// The text for an exit code above 125, which leaves the code out.
const WASI_EXIT_OUTSIDE: &str = "exit with invalid exit status";
/// The start of a trap's text.
const TRAP: &str = "wasm trap: ";
/// The text of a call that could not begin: a sibling was cancelled before this instance's first call.
const NOT_BEGUN: &str = "unable to clear error message";
/// Time for the kernel to notice a deadline that the SDK has noticed.
const DEADLINE_SLACK: Duration = Duration::from_millis(100);

/// Outcome of a call, from the SDK's error.
pub fn failure(error: &extism::Error, up: &dyn Upcalls) -> Failure {
    let causes: Vec<String> = error.chain().map(|cause| cause.to_string()).collect();
    let root = causes.last().map(String::as_str).unwrap_or_default();
    // The last words of the engine or the SDK. A guest's own words are never replaced.
    let has_message = has_guest_message(error);
    let cause = if has_message { "" } else { root };
    // A failure without a wasm trace is the guest's own message.
    let in_wasm = causes.len() > 1;
    if up.interrupted() || (cause == "timeout" && comes_due(up)) {
        return Failure::interrupted();
    }
    let code_after = |prefix: &str| {
        causes.iter().find_map(|cause| cause.strip_prefix(prefix)?.split_whitespace().next()?.parse::<i32>().ok())
    };
    if cause == "timeout" {
        let why = "the extism SDK interrupted it: it ends all running calls of a module with one of them";
        return Failure::new(FailureKind::Trap, why);
    }
    if cause == "oom" || cause.ends_with("out of memory") {
        return Failure::new(FailureKind::Oom, "oom (out of memory): a memory limit was met");
    }
    if cause == "plugin ran out of fuel" {
        return GuestEnd::OutOfFuel.into();
    }
    if let Some(code) = code_after(EXIT_CODE) {
        return GuestEnd::Code(code).into();
    }
    if let Some(code) = code_after(WASI_EXIT) {
        return GuestEnd::WasiExit(code).into();
    }
    if causes.iter().any(|cause| cause.contains(WASI_EXIT_OUTSIDE)) {
        return Failure::new(FailureKind::Guest, wasm_words::line(&[WASI_EXIT_OUTSIDE])).unwound();
    }
    if let Some(trap) = causes.iter().filter(|_| in_wasm).find_map(|cause| cause.strip_prefix(TRAP)) {
        return GuestEnd::Trap(trap).into();
    }
    match in_wasm {
        true if has_message => match trap_before_message(error) {
            Some(trap) => Failure::from(GuestEnd::Trap(&trap)).after(root.to_owned()),
            None => Failure::new(FailureKind::Trap, root),
        },
        true => Failure::new(FailureKind::Trap, not_allowed(root).unwrap_or_else(|| error_line(error))),
        false => Failure::new(FailureKind::Guest, root),
    }
}

/// True where the guest set a message before the call failed: the SDK hangs it below the error that ended the call,
/// which has causes of its own then. Alternate formatting tells them.
pub fn has_guest_message(error: &extism::Error) -> bool {
    let Some(ended_by) = error.chain().next().filter(|first| first.source().is_some()) else { return false };
    format!("{ended_by:#}") != ended_by.to_string()
}

/// The trap that ended a call whose guest had set a message: the cause of the error above that message.
fn trap_before_message(error: &extism::Error) -> Option<String> {
    let ended_by = error.chain().next().filter(|_| has_guest_message(error))?;
    let causes = format!("{ended_by:#}");
    causes.rsplit_once(TRAP).map(|(_, trap)| trap.to_owned())
}

/// The refusal of an HTTP request, with the host pattern that would allow it; `None` for another error.
fn not_allowed(text: &str) -> Option<Problem> {
    let url = Url::parse(text.strip_prefix("HTTP request to ")?.strip_suffix(" is not allowed")?).ok()?;
    let why = format!("HTTP request to {} is not allowed", format_url(&url));
    match url.scheme() {
        "http" | "https" => Some(Problem::advised(why, Advice::AllowHost(hosts::pattern_of(&url)))),
        _ => Some(why.into()),
    }
}

/// A failure that a host function ended the call with, after what the guest had said through `error_set` before: the
/// SDK hangs that below the failure.
pub fn with_guest_message(failure: Failure, error: &extism::Error) -> Failure {
    let root = error.root_cause().to_string();
    if root == failure.message { failure } else { failure.after(root) }
}

/// The failure with the frames of the SDK's error. `modules`: how many modules the program has.
pub fn with_frames(mut failure: Failure, error: &extism::Error, modules: usize) -> Failure {
    let causes = error.chain().map(|cause| cause.to_string());
    let trap = trap_before_message(error).map(|trap| format!("{TRAP}{trap}"));
    let causes: Vec<String> = causes.chain(trap).collect();
    failure.backtrace = backtrace(causes.iter().map(String::as_str), modules);
    failure
}

/// True for the error of a call that never began and can be tried again in a fresh instance.
pub fn has_not_begun(error: &extism::Error) -> bool {
    error.chain().any(|cause| cause.to_string() == NOT_BEGUN)
}

/// True when the machine itself ended the call.
pub fn is_trap(error: &extism::Error) -> bool {
    error.chain().any(|cause| cause.to_string().starts_with(TRAP))
}

/// Waits for the kernel's word where the SDK's timer was faster: false when there is no deadline near.
fn comes_due(up: &dyn Upcalls) -> bool {
    let Some(deadline) = up.deadline() else { return false };
    let left = deadline.saturating_duration_since(Instant::now());
    if left > DEADLINE_SLACK {
        return false;
    }
    std::thread::sleep(left);
    true
}

/// An error with its causes on one line, in the words of this program.
pub fn error_line(error: &extism::Error) -> Problem {
    wasm_words::line(&error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>())
}
