//! Profiles: how often each stack was seen while something ran. Pure data; the kernel takes them.
//!
//! - `samples`: frames, stacks and samples without a stack. `totals`: self and total by function, plugin or line.
//! - `folded`, `firefox`, `pprof`: the formats of other tools. `format` chooses one by a file's name.

mod firefox;
mod folded;
pub mod format;
mod pprof;
mod samples;
mod strings;
#[cfg(test)]
mod testing;
pub mod totals;

pub use samples::{FrameKind, FrameTable, Profile, ProfileFrame, ProfileStack, Tally, Unseen};
