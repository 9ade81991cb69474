//! WASI's error numbers, as far as plugsh gives them itself.

/// Bad descriptor.
pub const BADF: i32 = 8;
/// The file is there already.
pub const EXIST: i32 = 20;
/// Invalid argument.
pub const INVAL: i32 = 28;
/// Too many open files.
pub const MFILE: i32 = 33;
/// Name too long.
pub const NAMETOOLONG: i32 = 37;
/// No such file.
pub const NOENT: i32 = 44;
/// WASI's `notsup`: the operation is not supported.
pub const NOTSUP: i32 = 58;
/// WASI's `perm`: the operation is not permitted.
pub const PERM: i32 = 63;
/// More than the descriptor allows.
pub const NOTCAPABLE: i32 = 76;
