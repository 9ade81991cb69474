//! Why a host function refuses a block that a guest names: values, with their words beside them, for both hosts.

use std::fmt;

use super::failure::{Explained, Failure, FailureKind};

/// The refusal of a block. `what` is what the block is for, as the guest's author calls it: `plugin name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockError {
    /// No block lives at the handle.
    NoBlock {
        what: &'static str,
        handle: u64,
    },
    /// The block has more bytes than are taken.
    TooLong {
        what: &'static str,
        bytes: u64,
        bytes_max: u64,
    },
    /// A function's name that has more bytes than are taken.
    LongFunctionName {
        bytes: u64,
        bytes_max: u64,
    },
    NotUtf8 {
        what: &'static str,
    },
    /// So many bytes are more than the block has room for.
    NoRoom {
        bytes: usize,
    },
    /// The block table rules it out.
    OutsideMemory,
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockError::NoBlock { what, handle } => write!(f, "invalid handle for {what}: {handle}"),
            BlockError::TooLong { what, bytes, bytes_max } => {
                write!(f, "{what} has {bytes} bytes; at most {bytes_max} are taken")
            }
            BlockError::LongFunctionName { bytes, bytes_max } => {
                write!(f, "a function name of {bytes} bytes; at most {bytes_max} are taken")
            }
            BlockError::NotUtf8 { what } => write!(f, "{what} is not UTF-8"),
            BlockError::NoRoom { bytes } => write!(f, "wrote {bytes} bytes into a shorter block"),
            BlockError::OutsideMemory => f.write_str("a block lies outside its memory"),
        }
    }
}

impl Explained for BlockError {}

impl From<BlockError> for Failure {
    fn from(error: BlockError) -> Failure {
        Failure::new(FailureKind::Trap, error)
    }
}
