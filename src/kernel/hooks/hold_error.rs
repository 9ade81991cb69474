//! Why a job cannot be held, looked at or given an order: values. The shell puts them into words.

use crate::kernel::debug::HoldSide;
use crate::kernel::view::{JobId, ProcessLabel};

/// Why a job cannot be held, looked at or given an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldError {
    /// The job is held already.
    Held(JobId),
    /// The job is not held, or there is none.
    NotHeld(JobId),
    /// The job is held in a call that runs: it can go on and be stepped into, nothing else.
    HeldInCall(JobId),
    /// The job is not held in a plugin's code.
    NotInCode(JobId),
    /// The job is held on a side of its call on which the input was used.
    InputUsed { job: JobId, side: HoldSide },
    /// The job has ended.
    Ended(JobId),
    /// The process runs on the extism host, which does not stop a plugin where it is.
    NotStoppable(ProcessLabel),
}
