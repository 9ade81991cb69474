//! Why a job cannot be held, looked at or given an order, in words.

use crate::kernel::hooks::{HoldError, HoldSide};
use crate::shell::reply::ShellError;

/// The way on from a call that is held while it runs.
const GO_ON: &str = "`continue` or `step` it, or `kill` it";

/// Why a job cannot be held, looked at or given an order.
pub fn hold_error_text(error: &HoldError) -> String {
    match error {
        HoldError::Held(job) => format!("%{job} is held; `bt %{job}` shows where, `continue %{job}` lets it go on"),
        HoldError::NotHeld(job) => format!("%{job} is not held; `break EXPR` holds calls"),
        HoldError::HeldInCall(job) => format!("%{job} is held while it runs; {GO_ON}"),
        HoldError::NotInCode(job) => {
            format!("%{job} is not held in a plugin's code; `break FILE:LINE` stops a job there")
        }
        HoldError::InputUsed { job, side } => {
            let way_on = if *side == HoldSide::During { GO_ON } else { "`return BYTES` changes the output" };
            format!("%{job} is held {} its call: the input was used; {way_on}", side.as_str())
        }
        HoldError::Ended(job) => format!("%{job} has ended; `jobs` lists those that run"),
        HoldError::NotStoppable(process) => {
            format!(
                "`{process}` runs on the extism host, which does not stop a plugin where it is; `--host native` does"
            )
        }
    }
}

/// [`hold_error_text`] as the error of a command.
pub fn hold_error(error: HoldError) -> ShellError {
    ShellError::failed(hold_error_text(&error))
}
