//! Findings of `lint` in words: the likely fault, its figures, and a way on.

use std::time::Duration;

use crate::journal::lint::{CallFinding, FunctionRef};
use crate::kernel::lint::{ProcessFinding, UnusedGrant};
use crate::shell::units::{show_bytes, show_duration};
use crate::text::{bounded, counted};

/// Names that stand in one line; more are counted.
const NAMES_SHOWN_MAX: usize = 6;
/// Bytes of an error in one line.
const ERROR_BYTES_MAX: usize = 120;

/// Text of a finding about calls.
pub fn call_finding_text(finding: &CallFinding) -> String {
    let pair = |caller: &FunctionRef, callee: &FunctionRef| (caller.label(), callee.label());
    match finding {
        CallFinding::Repeated { caller, callee, calls, most, same_input, took_ns, .. } => {
            let (caller, callee) = pair(caller, callee);
            let again = match same_input {
                0 => String::new(),
                again => format!(", {again} with an input that it had given before"),
            };
            let took = show_duration(Duration::from_nanos(*took_ns));
            format!("{caller} calls {callee} {most} times within one call: {calls} calls, {took}{again}")
        }
        CallFinding::Queued { process, calls, waits, waited_ns, longest_ns, .. } => {
            let of = |ns: u64| show_duration(Duration::from_nanos(ns));
            let (process, waited, longest) = (process.label(), of(*waited_ns), of(*longest_ns));
            format!("{waits} of {calls} calls waited for {process}: {waited} in all, {longest} at most")
        }
        CallFinding::Swallowed { caller, callee, calls, error, .. } => {
            let (caller, callee) = pair(caller, callee);
            let error = bounded(error, ERROR_BYTES_MAX);
            format!("{} of {callee} failed, and {caller} ended well: {error}", counted(*calls, "call"))
        }
        CallFinding::Echoed { caller, callee, calls, bytes, .. } => {
            let (caller, callee) = pair(caller, callee);
            let bytes = show_bytes(*bytes);
            format!("{callee} gave {caller} its input back unchanged in {}, {bytes}", counted(*calls, "call"))
        }
        CallFinding::PassedOn { caller, callee, calls, bytes, .. } => {
            let (caller, callee) = pair(caller, callee);
            let (calls, bytes) = (counted(*calls, "call"), show_bytes(*bytes));
            format!("{caller} only hands its input on to {callee}, and the output back: {calls}, {bytes}")
        }
    }
}

/// Text of a finding about a process.
pub fn process_finding_text(finding: &ProcessFinding) -> String {
    match finding {
        ProcessFinding::Grown { process, calls, bytes, function, .. } => {
            let (all, each) = (show_bytes(*bytes), show_bytes(bytes / (*calls).max(1)));
            let most = function.as_ref().map(|function| format!(", most in {function}")).unwrap_or_default();
            format!("{process} has grown by {all} in {calls} calls, {each} a call{most}")
        }
        ProcessFinding::UnusedFunctions { plugin, functions, called } => {
            let all = functions.len() + called;
            format!("{} of {all} functions of {plugin} were never called: {}", functions.len(), names(functions))
        }
        ProcessFinding::UnusedGrants { process, grants } => {
            let grants: Vec<String> = grants.iter().map(grant_text).collect();
            format!("{process} does not use what it may: {}", names(&grants))
        }
    }
}

fn grant_text(grant: &UnusedGrant) -> String {
    match grant {
        UnusedGrant::Host(host) => format!("host {host} (it imports no HTTP)"),
        UnusedGrant::Path(path) => format!("path {path} (it imports no WASI)"),
        UnusedGrant::Config(key) => format!("config {key} (it imports no configuration)"),
        UnusedGrant::UnreadConfig(key) => format!("config {key}"),
        UnusedGrant::Import(import) => format!("import {import} (it imports no such function)"),
        UnusedGrant::Load(pattern) => format!("load {pattern}"),
        UnusedGrant::Call(pattern) => format!("call {pattern}"),
    }
}

fn names(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN_MAX).map(String::as_str).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
