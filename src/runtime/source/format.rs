//! The two ways to write a manifest.

/// Syntax of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Toml,
}
