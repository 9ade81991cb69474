//! Completion at the cursor of a line: data, which a front lists or a server sends.

mod candidate;
mod candidates;
mod complete;
mod places;
mod programs;

pub use candidate::Candidate;
pub use candidates::Known;
pub use complete::{Completions, complete, complete_here, expected_arguments};
