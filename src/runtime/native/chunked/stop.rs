//! Reasons to stop the rewrite of a module.

/// The reason that a function was not rewritten.
pub(super) enum Stop {
    /// The code is no wasm, or uses a feature that this build does not know.
    Unreadable,
    Refused(String),
}

impl From<wasmparser::BinaryReaderError> for Stop {
    fn from(_: wasmparser::BinaryReaderError) -> Self {
        Stop::Unreadable
    }
}
