//! Calls in words.

use crate::journal::{Outcome, Record};
use crate::shell::reply::Role;

/// `2:cart.total`.
pub fn call_text(record: &Record) -> String {
    format!("{}.{}", record.callee_label(), record.function)
}

/// ` (stub)` when a hook changed the call.
pub fn changed_text(record: &Record) -> String {
    record.changed_by.as_str().map(|by| format!(" ({by})")).unwrap_or_default()
}

/// The role of an outcome.
pub fn outcome_role(outcome: Outcome) -> Role {
    match outcome {
        Outcome::Ok => Role::Good,
        Outcome::Running | Outcome::Held => Role::Warn,
        _ => Role::Bad,
    }
}
