//! The errors of the rewrite of a module: values, with their words beside them.

use std::fmt;

use crate::runtime::Explained;

/// Why a module is refused: an instruction of it could not be interrupted. In words the end of a sentence about the
/// module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uninterruptible {
    /// A constant expression makes an array of a length that the code computes.
    ComputedArray,
    /// The arrays of its constant expressions have so many elements.
    ConstantArrays { elements: u64, elements_max: u64 },
    /// `array.new_elem` makes an array that cannot be written afterwards of a segment of so many elements.
    Segment { elements: u32, elements_max: u32 },
}

impl fmt::Display for Uninterruptible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uninterruptible::ComputedArray => {
                f.write_str("a constant expression makes an array whose length is not a plain number")
            }
            Uninterruptible::ConstantArrays { elements, elements_max } => write!(
                f,
                "its constant expressions make arrays of {elements} elements; at most {elements_max} are made before \
                 code runs"
            ),
            Uninterruptible::Segment { elements, elements_max } => write!(
                f,
                "`array.new_elem` makes an array that cannot be written of a segment of {elements} elements; at most \
                 {elements_max} can be"
            ),
        }
    }
}

impl Explained for Uninterruptible {}

/// The reason that a function was not rewritten.
pub(super) enum RewriteError {
    /// The code is no wasm, or uses a feature that this build does not know.
    Unreadable,
    Refused(Uninterruptible),
}

impl From<wasmparser::BinaryReaderError> for RewriteError {
    fn from(_: wasmparser::BinaryReaderError) -> Self {
        RewriteError::Unreadable
    }
}
