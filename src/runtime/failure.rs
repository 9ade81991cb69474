//! Failures of calls and loads as a host reports them. The kernel decides their effect on a chain.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::advice::{Advice, Wording};
use super::stack::{Backtrace, GuestFrame, StoppedBy, own_place, place_of};
use crate::secrets::{owned_without_secrets, without_secrets};
use crate::text::bounded;

/// Longest message that a failure carries, in bytes; a guest's own message is cut to it.
pub const MESSAGE_BYTES_MAX: usize = 4096;

/// The start of a guest's message about a panic, with its place.
const PANICKED: &str = "panicked at ";
/// The start of one without its place.
const PANICKED_SOMEWHERE: &str = "panicked: ";

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum FailureKind {
    /// The guest reported an error: a message or a return code. The instance lives on.
    Guest,
    /// A trap, an exit, or a host function that refused its arguments. The instance is spent.
    Trap,
    /// The call was told to end (a kill or a deadline); the kernel knows which.
    Interrupted,
    /// A memory limit was met.
    Oom,
    /// The fuel for this call is used up.
    Fuel,
    /// A limit or the policy refused the call or load; nothing ran.
    Denied,
    /// A nested call failed and its error stops this one; the message is the nested call's own.
    Nested,
    /// The plugin cannot be run at all: not wasm, an unknown import, a wrong hash.
    Load,
    /// The machine that ran it is out of reach: it may or may not have run.
    Lost,
}

/// A problem: the message, and advice if there is some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// One line without the advice.
    pub message: String,
    pub advice: Option<Box<Advice>>,
}

impl Problem {
    /// A problem with a way on.
    pub fn advised(message: impl Into<String>, advice: Advice) -> Self {
        Problem { message: message.into(), advice: Some(Box::new(advice)) }
    }

    /// A problem with a way on, or with none.
    pub fn new(message: impl Into<String>, advice: Option<Advice>) -> Self {
        Problem { message: message.into(), advice: advice.map(Box::new) }
    }

    /// The problem with another message, made of its own.
    pub fn map(self, message: impl FnOnce(String) -> String) -> Self {
        Problem { message: message(self.message), advice: self.advice }
    }

    /// The whole line.
    pub fn line(&self, wording: Wording) -> String {
        wording.line(&self.message, self.advice.as_deref())
    }
}

/// An error as a value, whose words stand beside its type, and whose advice is data.
pub trait Explained: fmt::Display {
    /// The way on; `None`: the words have it, or there is none.
    fn advice(&self) -> Option<Advice> {
        None
    }

    /// The whole line.
    fn line(&self, wording: Wording) -> String {
        wording.line(&self.to_string(), self.advice().as_ref())
    }
}

impl<E: Explained> From<E> for Problem {
    fn from(error: E) -> Self {
        Problem::new(error.to_string(), error.advice())
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Problem { message, advice: None }
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// Why a call, a load or a request of a guest failed: a kind, one line, and the way on as data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// One line without the advice.
    pub message: String,
    pub advice: Option<Box<Advice>>,
    /// The name in backticks that the message is about, where that is known; as it is shown.
    subject: Option<Box<str>>,
    /// The guest's own message from before the failure; cut like any message.
    guest_message: Option<Box<str>>,
    /// The guest's return code, where it gave one that is not 0 (a WASI exit code too).
    pub code: Option<i32>,
    /// The tail of the call's standard error, raw, where the guest gave no other reason.
    pub stderr_tail: Option<String>,
    /// Where the guest stood, where it was stopped.
    pub backtrace: Option<Box<Backtrace>>,
    /// The core dump of a trap, where dumps are wanted. One pointer wide: a failure is returned by value.
    #[serde(skip)]
    pub core_dump: Option<Arc<Vec<u8>>>,
    /// True when wasm was left in the middle: the instance must be dropped.
    unwound: bool,
}

impl Failure {
    /// A failure of `kind`; the message is cut to [`MESSAGE_BYTES_MAX`], and secrets in its URLs are left out. `Guest`
    /// and `Denied` keep the instance.
    pub fn new(kind: FailureKind, problem: impl Into<Problem>) -> Self {
        let Problem { message, advice } = problem.into();
        let message = cut(owned_without_secrets(message));
        let unwound = !matches!(kind, FailureKind::Guest | FailureKind::Denied);
        Failure {
            kind,
            message,
            advice,
            subject: None,
            guest_message: None,
            code: None,
            stderr_tail: None,
            backtrace: None,
            core_dump: None,
            unwound,
        }
    }

    /// A refusal by a limit or a policy; nothing ran.
    pub fn denied(problem: impl Into<Problem>) -> Self {
        Failure::new(FailureKind::Denied, problem)
    }

    /// A failure of `kind` with a way on.
    pub fn advised(kind: FailureKind, message: impl Into<String>, advice: Advice) -> Self {
        Failure::new(kind, Problem::advised(message, advice))
    }

    /// The failure, whose message names `subject` in backticks.
    pub fn about(mut self, subject: &str) -> Self {
        self.subject = Some(without_secrets(subject).into());
        self
    }

    /// True when the message names `subject`.
    pub fn is_about(&self, subject: &str) -> bool {
        self.subject.as_deref() == Some(subject)
    }

    /// The failure with a way on, or with none.
    pub fn with_advice(mut self, advice: Option<Advice>) -> Self {
        self.advice = advice.map(Box::new);
        self
    }

    /// The whole line: the guest's message, the host's, the advice in words; secrets in its URLs are left out.
    pub fn line(&self, wording: Wording) -> String {
        let line = wording.line(&self.message, self.advice.as_deref());
        let line = match &self.guest_message {
            Some(guest_message) => format!("{guest_message} ({line})"),
            None => line,
        };
        owned_without_secrets(line)
    }

    /// The failure without its backtrace and core dump.
    pub fn without_stack(self) -> Self {
        Failure { backtrace: None, core_dump: None, ..self }
    }

    /// The failure that an interrupted call ends with; the kernel replaces its message.
    pub fn interrupted() -> Self {
        Failure::new(FailureKind::Interrupted, "interrupted")
    }

    /// The failure with the guest's return code.
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = Some(code);
        self
    }

    /// The failure after the guest's own message, which is cut like any message.
    pub fn after(mut self, guest_message: String) -> Self {
        self.guest_message = Some(cut(guest_message).into());
        self
    }

    /// The failure with the place of its backtrace in the message, where a trap has one. `frames` are the backtrace's.
    /// A panic's own words, which the guest said before it trapped, replace the trap's, and get the place they lack.
    pub fn placed(mut self, frames: &[GuestFrame]) -> Self {
        let Some(backtrace) = self.backtrace.as_ref().filter(|_| self.kind == FailureKind::Trap) else { return self };
        let panic = self.guest_message.as_deref().filter(|_| backtrace.stopped_by == StoppedBy::Unreachable);
        if let Some(message) = panic.and_then(|message| panic_message(message, frames)) {
            self.message = cut(message);
            self.guest_message = None;
        } else if let Some(message) = place_of(&self.message, backtrace.stopped_by, frames) {
            self.message = cut(message);
        }
        self
    }

    /// The failure, marked as having unwound wasm: it came up through a host function.
    pub fn unwound(mut self) -> Self {
        self.unwound = true;
        self
    }

    /// The failure as it came from another machine, with its texts in their bounds.
    pub fn from_elsewhere(mut self) -> Self {
        self.message = cut(owned_without_secrets(self.message));
        self.guest_message = self.guest_message.map(|message| cut(message.into()).into());
        self.stderr_tail = self.stderr_tail.map(cut);
        if let Some(backtrace) = &mut self.backtrace {
            backtrace.bound();
        }
        self
    }

    /// True when the instance may be called again.
    pub fn keeps_instance(&self) -> bool {
        !self.unwound
    }
}

/// A guest's message about a panic, with its place where the message or the frames tell one; `None` for any other.
fn panic_message(message: &str, frames: &[GuestFrame]) -> Option<String> {
    if message.starts_with(PANICKED) {
        return Some(message.to_owned());
    }
    let reason = message.strip_prefix(PANICKED_SOMEWHERE)?;
    Some(own_place(frames).map_or_else(|| message.to_owned(), |place| format!("{PANICKED}{place}: {reason}")))
}

fn cut(message: String) -> String {
    match bounded(&message, MESSAGE_BYTES_MAX) {
        Cow::Borrowed(_) => message,
        Cow::Owned(cut) => cut,
    }
}

/// Without the advice, whose words are not known here.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
