//! How a call ends when it does not end well, as a host saw it. What that means for a chain is the kernel's to say.

use std::fmt;

use crate::secrets::owned_without_secrets;

/// Longest message that a failure carries, in bytes; a guest's own message is cut to it.
pub const MAX_MESSAGE_BYTES: usize = 4096;

/// What kind of end it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The guest said so: an error message or a return code. The instance lives on.
    Guest,
    /// A trap, an exit, or a host function that refused its arguments. The instance is spent.
    Trap,
    /// The call was told to end (a kill or a deadline); the kernel knows which.
    Interrupted,
    /// A memory limit was met.
    Oom,
    /// The fuel for this call is used up.
    Fuel,
    /// A limit or the policy refused what was asked; nothing ran.
    Denied,
    /// A nested call failed and its error stops this one; the message is the nested call's own.
    Nested,
    /// The plugin cannot be run at all: not wasm, an unknown import, a wrong hash.
    Load,
}

/// Why a call, a load or a request of a guest failed: a kind and one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// The guest's return code, where it gave one that is not 0 (a WASI exit code too).
    pub code: Option<i32>,
    /// The end of what the call wrote to WASI's standard error before it failed, where the guest gave no other reason. Raw.
    pub stderr_tail: Option<String>,
    /// True when wasm was left in the middle: the instance must be dropped.
    unwound: bool,
}

impl Failure {
    /// A failure of `kind`; the message is cut to [`MAX_MESSAGE_BYTES`], and secrets in its URLs are left out. `Guest` and
    /// `Denied` keep the instance.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let message = cut(owned_without_secrets(message.into()));
        let unwound = !matches!(kind, FailureKind::Guest | FailureKind::Denied);
        Failure { kind, message, code: None, stderr_tail: None, unwound }
    }

    /// The failure that an interrupted call ends with; the kernel replaces its message.
    pub fn interrupted() -> Self {
        Failure::new(FailureKind::Interrupted, "interrupted")
    }

    /// The same with the guest's return code.
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = Some(code);
        self
    }

    /// The same, after what the guest had said itself, which is cut like any message.
    pub fn after(mut self, said: String) -> Self {
        self.message = format!("{} ({})", cut(said), self.message);
        self
    }

    /// The same, marked as having left wasm in the middle: what came up through a host function.
    pub fn unwound(mut self) -> Self {
        self.unwound = true;
        self
    }

    /// True when the instance may be called again.
    pub fn keeps_instance(&self) -> bool {
        !self.unwound
    }
}

fn cut(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        let mut end = MAX_MESSAGE_BYTES;
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push('…');
    }
    message
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
