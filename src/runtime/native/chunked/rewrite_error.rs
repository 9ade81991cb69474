//! The errors of the rewrite of a module.

/// The reason that a function was not rewritten.
pub(super) enum RewriteError {
    /// The code is no wasm, or uses a feature that this build does not know.
    Unreadable,
    Refused(String),
}

impl From<wasmparser::BinaryReaderError> for RewriteError {
    fn from(_: wasmparser::BinaryReaderError) -> Self {
        RewriteError::Unreadable
    }
}
