//! Why a call does not enter its process: values, with their words beside them.

use std::sync::Arc;

use crate::journal::Outcome;
use crate::kernel::call_failure::CallFailure;
use crate::kernel::crash::{DeadProcess, ExitReason};
use crate::kernel::frame::{Refusal, too_deep};
use crate::kernel::process::Process;
use crate::runtime::{Advice, Failure, FailureKind, ItemType, Problem, Wording};
use crate::text::{escape_control, quoted_within};

/// Most characters of a type in an error.
const TYPE_CHARS_MAX: usize = 200;

/// The reason why a call cannot enter its process.
pub enum Denied {
    Dead(ExitReason),
    Circle,
    NoFunction(Advice),
    /// The export is not a plugin function.
    NotCallable(ItemType),
    /// The process crashed and is not started again: the crash.
    Halted(Arc<CallFailure>),
    /// By the policy, or by the rate of calls.
    NotAllowed(Problem),
    /// By the chain, which the call had its number for.
    Refused {
        refusal: Refusal,
        seq: u64,
    },
}

/// A call that was denied, as its error names it.
pub struct DeniedCall<'a> {
    pub process: &'a Process,
    pub function: &'a str,
    /// The circle that it would close, in words.
    pub circle: &'a dyn Fn() -> String,
}

impl Denied {
    /// The number that the call has already; `None`: its record gets the next one.
    pub fn seq(&self) -> Option<u64> {
        if let Denied::Refused { seq, .. } = self { Some(*seq) } else { None }
    }

    /// Whether no function was found that could be called.
    pub fn is_unresolved(&self) -> bool {
        matches!(self, Denied::Dead(_) | Denied::NoFunction(_) | Denied::NotCallable(_))
    }

    /// Outcome of the call.
    pub fn outcome(&self) -> Outcome {
        match self {
            Denied::Dead(_) | Denied::NoFunction(_) | Denied::NotCallable(_) | Denied::Circle | Denied::Halted(_) => {
                Outcome::Error
            }
            Denied::NotAllowed(_) | Denied::Refused { refusal: Refusal::TooDeep { .. }, .. } => Outcome::Denied,
            Denied::Refused { refusal: Refusal::Ended { cause, .. }, .. } => cause.outcome(),
        }
    }

    /// The error of a call that was made now.
    pub fn problem(self, call: &DeniedCall<'_>, wording: Wording) -> Problem {
        let process = call.process;
        match self {
            Denied::Dead(reason) => DeadProcess { process: process.label(), reason }.words(wording).into(),
            Denied::NoFunction(advice) => {
                let message = format!("no function `{}` in `{}`", escape_control(call.function), process.label());
                Problem::advised(message, advice)
            }
            Denied::NotCallable(ty) => {
                format!("`{}` in `{}` {}", escape_control(call.function), process.label(), not_callable(&ty)).into()
            }
            Denied::Circle => format!("call in a circle: {}", (call.circle)()).into(),
            Denied::Halted(crash) => halted(process, &crash),
            Denied::NotAllowed(why) => why,
            Denied::Refused { refusal: Refusal::Ended { cause, target }, .. } => {
                let words = cause.words(wording);
                target.map_or(words.clone(), |target| format!("{target}: {words}")).into()
            }
            Denied::Refused { refusal: Refusal::TooDeep { depth_max }, .. } => {
                too_deep(depth_max).map(|why| format!("cannot call `{}`: {why}", process.label()))
            }
        }
    }

    /// The failure of a call that has waited for its process, which changed meanwhile.
    pub fn after_wait(self, process: &Process, function: &str, wording: Wording) -> Failure {
        match self {
            Denied::Dead(reason) => {
                Failure::denied(format!("it died while it was waited for: {}", reason.words(wording)))
            }
            Denied::NoFunction(advice) => {
                Failure::advised(FailureKind::Denied, "no function by that name after a reload", advice)
            }
            Denied::NotCallable(ty) => {
                Failure::denied(format!("after a reload `{}` {}", escape_control(function), not_callable(&ty)))
            }
            Denied::Halted(crash) => Failure::denied(halted(process, &crash)),
            Denied::Circle | Denied::NotAllowed(_) | Denied::Refused { .. } => Failure::interrupted(),
        }
    }
}

/// The message for a called export that is no plugin function.
fn not_callable(ty: &ItemType) -> String {
    let why = match ty {
        ItemType::Function(_) => {
            "a plugin function takes no parameters and gives nothing or an i32; its input and output are Extism's"
        }
        _ => "only functions can be called",
    };
    format!("is exported as {}; {why}", quoted_within(&ty.to_string(), TYPE_CHARS_MAX))
}

/// Why a process that crashed for good is not called.
fn halted(process: &Process, crash: &CallFailure) -> Problem {
    let message = format!("`{}` crashed and is not started again", process.label());
    Problem::advised(message, Advice::Restart { process: process.id, crash: crash.with_reason() })
}
