//! Profiles of running chains: a thread looks at them so many times a second, and each guest that runs takes its frames
//! at its next check of the epoch.
//!
//! - `flags`: signals between a chain and the sampling thread. `collector`: the samples, within bounds.
//! - `resolved`: from captured frames to functions and lines, once, at the end.
//! - `sampling`: the thread, and the kernel's and the tasks' part in it.
//!
//! A look that no guest answered until the next one was at the host: its stack has the calls alone. Frames of callers
//! are taken as their nested call returns, where one was sampled meanwhile, so that other calls pay nothing.

pub mod collector;
pub mod flags;
mod resolved;
mod sampling;

pub use sampling::{ProfileOptions, ProfileRun};
