//! What ends the rewrite of a module before it is done.

/// Why a function was not rewritten.
pub(super) enum Stop {
    /// Not wasm, or of a kind that this build does not know.
    Unreadable,
    Refused(String),
}

impl From<wasmparser::BinaryReaderError> for Stop {
    fn from(_: wasmparser::BinaryReaderError) -> Self {
        Stop::Unreadable
    }
}
