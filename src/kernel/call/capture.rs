//! Debugger data of a running call: the beginning of its input, and an answer in the plugin's place.

use std::sync::Arc;

use crate::journal::KeptBytes;

/// Debugger data of a call.
#[derive(Default)]
pub struct PayloadCapture {
    /// Answer of a stub or a person in the plugin's place.
    pub answer: Option<Arc<[u8]>>,
    /// True once the plugin has run.
    pub ran: bool,
    /// The kept part of the input, while payloads are kept or where the call failed.
    pub input: Option<KeptBytes>,
}

/// The part of some bytes that may be kept; a private plugin's bytes are only counted.
pub fn keep(bytes: &[u8], bytes_max: u64, private: bool) -> KeptBytes {
    if private { KeptBytes::private(bytes.len() as u64) } else { KeptBytes::keep(bytes, bytes_max) }
}
