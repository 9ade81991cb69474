//! The call path: one call from the end of a chain into a process, from the look-up to the record.
//!
//! In order: the slot is taken or queued for and the frame is pushed (`enter`); a missing instance is made, the input
//! is copied and the function runs (`run`); the frame is popped, a failure gets its message and the record is written
//! (`leave`); the instance goes back after the output was read (`entered`). No lock is held while a guest runs.
//!
//! Avoid reference counting on the hot path: a call borrows its chain and its process. Owned references are one to the
//! chain in the instance, one to the process in the frame.

mod capture;
mod denied;
mod enter;
mod entered;
mod hooked;
mod leave;
mod payload;
mod recorded;
mod run;
mod stubbed;

pub(super) use capture::keep;
pub use enter::{CallRequest, Queueing};
pub use entered::Finished;
