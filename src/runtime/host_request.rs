//! A request of a plugin to its host, for somebody who watches: a variable, a config value, a log line, HTTP or WASI.

use std::time::Instant;

/// A request that has ended.
#[derive(Debug, Clone)]
pub struct HostRequest<'a> {
    /// The host function by its name.
    pub function: &'a str,
    /// The key, URL (without credentials), path or text. Untrusted, and of any length.
    pub detail: &'a str,
    /// Bytes that the plugin gave.
    pub bytes_in: u64,
    /// Bytes that it got.
    pub bytes_out: u64,
    pub started: Instant,
    pub error: Option<String>,
}
