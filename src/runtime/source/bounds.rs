//! Bounds on the sizes of modules and manifests.

/// Largest module, and largest sum of the modules of one manifest, in bytes.
pub const MODULE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Largest manifest, in bytes, the modules in it included; `outline` bounds what else is in it.
pub const MANIFEST_BYTES_MAX: u64 = 64 * 1024 * 1024;
