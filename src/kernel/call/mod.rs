//! The call path: one call from the end of a chain into a process, from the look-up to the record.
//!
//! In order: the slot is taken or queued for and the frame is pushed (`enter`), the instance is there or made, the input
//! goes over and the function runs (`run`), the frame is popped, the call is judged if it failed and its record is written
//! (`leave`), and the instance goes back when the output has been taken (`entered`). No lock is held while a guest runs.
//!
//! Most of what such a call costs is words that other cores may look at. So a call holds its chain and its process by
//! reference, and owns each once: the chain in its instance, the process in its frame.

mod capture;
mod enter;
mod entered;
mod hooked;
mod leave;
mod payload;
mod recorded;
mod run;
mod stubbed;

pub(super) use capture::keep;
pub use enter::Queueing;
pub use entered::Finished;
