//! What one call leaves to the debugger while it runs: the beginning of its input, and an answer that was given for it.

use std::sync::Arc;

use crate::journal::Kept;

/// Kept beside a call that the debugger looks at.
#[derive(Default)]
pub struct PayloadCapture {
    /// What a stub or a person answered in the plugin's place.
    pub answer: Option<Arc<[u8]>>,
    /// Whether the plugin came to run.
    pub ran: bool,
    /// What is kept of the input, while payloads are kept.
    pub input: Option<Kept>,
}

/// As much of some bytes as may be kept: of a private plugin only how many they are.
pub fn keep(bytes: &[u8], bytes_max: u64, private: bool) -> Kept {
    if private { Kept::private(bytes.len() as u64) } else { Kept::keep(bytes, bytes_max) }
}
