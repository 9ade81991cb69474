//! Why a call does not enter its process: values, and the cause that each is for the call's error.

use std::fmt;
use std::sync::Arc;

use crate::journal::{CallStanding, FailedCall, Outcome};
use crate::kernel::call_failure::{CallFailure, ChainTooDeep, DeadProcess, ExitReason, FailureCause, NotCallable};
use crate::kernel::frame::Refusal;
use crate::kernel::policy::Denial;
use crate::kernel::process::Process;
use crate::runtime::{Advice, Failure, ItemType, Worded, Wording};
use crate::text::escape_control;

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
    NotAllowed(Denial),
    /// By the chain, which the call had its number for.
    Refused {
        refusal: Refusal,
        seq: u64,
    },
}

impl Denied {
    /// The number that the call has already; `None`: its record gets the next one.
    pub fn seq(&self) -> Option<u64> {
        if let Denied::Refused { seq, .. } = self { Some(*seq) } else { None }
    }

    /// Whether a function was found that could be called.
    pub fn standing(&self) -> CallStanding {
        match self {
            Denied::Dead(_) | Denied::NoFunction(_) | Denied::NotCallable(_) => CallStanding::Unresolved,
            Denied::Circle | Denied::Halted(_) | Denied::NotAllowed(_) | Denied::Refused { .. } => {
                CallStanding::Awaited
            }
        }
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

    /// The cause of the error of a call of `function` in `process` that was made now, and the call that is to blame.
    /// `circle`: the path of the circle that it would close.
    pub fn cause(
        self,
        process: &Process,
        function: &str,
        circle: impl FnOnce() -> String,
    ) -> (Option<FailedCall>, FailureCause) {
        let (label, function) = (process.label(), function.into());
        let cause = match self {
            Denied::Dead(reason) => FailureCause::Dead(DeadProcess { process: label, reason }),
            Denied::NoFunction(advice) => {
                FailureCause::NoFunction { process: label, function, advice: Box::new(advice) }
            }
            Denied::NotCallable(ty) => FailureCause::NotCallable { process: label, function, ty: Box::new(ty) },
            Denied::Circle => FailureCause::Circle { path: circle().into() },
            Denied::Halted(crash) => FailureCause::Halted { process: label, crash },
            Denied::NotAllowed(why) => FailureCause::Denied(why),
            Denied::Refused { refusal: Refusal::Ended { cause, target }, .. } => {
                return (target, FailureCause::Cancelled(cause));
            }
            Denied::Refused { refusal: Refusal::TooDeep { depth_max }, .. } => {
                FailureCause::TooDeep { process: label, error: ChainTooDeep { depth_max } }
            }
        };
        (None, cause)
    }

    /// The failure of a call that has waited for its process, which changed meanwhile.
    pub fn after_wait(self, process: &Process, function: &str, wording: Wording) -> Failure {
        if matches!(self, Denied::Circle | Denied::NotAllowed(_) | Denied::Refused { .. }) {
            return Failure::interrupted();
        }
        let changed = Changed { denied: &self, process, function }.words(wording);
        let advice = match self {
            Denied::NoFunction(advice) => Some(advice),
            Denied::Halted(crash) => Some(crash.restart_advice(process.id)),
            _ => None,
        };
        Failure::denied(changed).with_advice(advice)
    }
}

/// A process that changed while a call of it waited.
struct Changed<'a> {
    denied: &'a Denied,
    process: &'a Process,
    function: &'a str,
}

impl Worded for Changed<'_> {
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denied {
            Denied::Dead(reason) => write!(f, "it died while it was waited for: {}", reason.words(wording)),
            Denied::NoFunction(_) => f.write_str("no function by that name after a reload"),
            Denied::NotCallable(ty) => {
                write!(f, "after a reload `{}` {}", escape_control(self.function), NotCallable(ty))
            }
            Denied::Halted(_) => write!(f, "`{}` crashed and is not started again", self.process.label()),
            Denied::Circle | Denied::NotAllowed(_) | Denied::Refused { .. } => Ok(()),
        }
    }
}
