//! Ends of a call by the guest itself or by the engine, as both hosts tell them.

use std::fmt;

use super::failure::{Explained, Failure, FailureKind};

/// The end of a call that did not end well.
#[derive(Debug, Clone, Copy)]
pub enum GuestEnd<'a> {
    /// A return code that is not 0, without a message.
    Code(i32),
    /// WASI's `proc_exit`.
    WasiExit(i32),
    OutOfFuel,
    /// A trap, in the engine's words.
    Trap(&'a str),
}

impl fmt::Display for GuestEnd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GuestEnd::Code(code) => write!(f, "returned non-zero exit code: {code}"),
            GuestEnd::WasiExit(code) => write!(f, "exited with code {code} through WASI"),
            GuestEnd::OutOfFuel => f.write_str("out of fuel"),
            GuestEnd::Trap(text) => write!(f, "trap: {text}"),
        }
    }
}

impl Explained for GuestEnd<'_> {}

impl From<GuestEnd<'_>> for Failure {
    fn from(end: GuestEnd<'_>) -> Failure {
        match end {
            GuestEnd::Code(code) => Failure::new(FailureKind::Guest, end).with_code(code),
            GuestEnd::WasiExit(code) => Failure::new(FailureKind::Guest, end).with_code(code).unwound(),
            GuestEnd::OutOfFuel => Failure::new(FailureKind::Fuel, end),
            GuestEnd::Trap(_) => Failure::new(FailureKind::Trap, end),
        }
    }
}
