//! Completion at the cursor of a line: data, which a front lists or a server sends.

mod candidates;
mod complete;
mod programs;

pub use candidates::{Candidate, Known};
pub use complete::{Completions, complete, complete_here, expected_arguments};
