//! Imports of wat modules in tests: a module calls a host function by its own name and does not import it.

use crate::runtime::host_functions::{self, WASI};

/// WASI's functions that tests call, each with its parameters. All give an errno.
const WASI_FUNCTIONS: [(&str, &str); 23] = [
    ("args_get", "i32 i32"),
    ("args_sizes_get", "i32 i32"),
    ("clock_time_get", "i32 i64 i32"),
    ("environ_get", "i32 i32"),
    ("environ_sizes_get", "i32 i32"),
    ("fd_close", "i32"),
    ("fd_filestat_set_times", "i32 i64 i64 i32"),
    ("fd_pread", "i32 i32 i32 i64 i32"),
    ("fd_prestat_get", "i32 i32"),
    ("fd_pwrite", "i32 i32 i32 i64 i32"),
    ("fd_read", "i32 i32 i32 i32"),
    ("fd_readdir", "i32 i32 i32 i64 i32"),
    ("fd_renumber", "i32 i32"),
    ("fd_write", "i32 i32 i32 i32"),
    ("path_create_directory", "i32 i32 i32"),
    ("path_filestat_get", "i32 i32 i32 i32 i32"),
    ("path_link", "i32 i32 i32 i32 i32 i32 i32"),
    ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
    ("path_readlink", "i32 i32 i32 i32 i32 i32"),
    ("path_rename", "i32 i32 i32 i32 i32 i32"),
    ("path_symlink", "i32 i32 i32 i32 i32"),
    ("path_unlink_file", "i32 i32 i32"),
    ("random_get", "i32 i32"),
];

/// The module with an import of each host function that it calls by name and does not define.
pub fn with_imports(wat: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = |start: &'static str| {
        wat.split(start).skip(1).map(|rest| rest.split(|c| !is_word(c)).next().unwrap_or_default()).collect::<Vec<_>>()
    };
    let (called, defined) = (names("call $"), names("(func $"));
    let is_missing = |name: &str| called.contains(&name) && !defined.contains(&name);
    let host = host_functions::all().filter(|row| is_missing(row.name)).map(|row| row.import(row.namespaces[0]));
    let wasi = WASI_FUNCTIONS
        .iter()
        .filter(|(name, _)| is_missing(name))
        .map(|(name, params)| format!("(import \"{WASI}\" \"{name}\" (func ${name} (param {params}) (result i32)))"));
    let imports: String = host.chain(wasi).collect();
    wat.replacen("(module", &format!("(module {imports}"), 1)
}
