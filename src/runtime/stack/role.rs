//! Owners of frames' code, by the file and the name of the function.

use super::frame::FrameRole;

/// Parts of files of compilers' own libraries.
const RUNTIME_FILES: &[&str] = &[
    "/rustc/",
    "/library/std/",
    "/library/core/",
    "/library/alloc/",
    "/zig/lib/std/",
    "/ziglang/lib/std/",
    "wasi-libc",
    "libc-top-half",
    "libc-bottom-half",
    "/dlmalloc",
    "libcxx",
    "compiler-rt",
    "/src/runtime/",
    "~lib/",
];
/// Parts of files of packages that a package manager fetched, and plugsh's own for plugins.
const LIBRARY_FILES: &[&str] = &[
    "/.cargo/registry/",
    "/.cargo/git/",
    "/node_modules/",
    "/go/pkg/mod/",
    "/pkg/mod/",
    "plugsh.h",
    "plugsh.zig",
    "plugsh.ts",
    "/plugsh/plugsh.go",
];
/// The first part of paths of functions, for modules without lines.
const RUNTIME_PATHS: &[&str] = &[
    "core",
    "std",
    "alloc",
    "__rustc",
    "panic_abort",
    "panic_unwind",
    "rust_panic",
    "dlmalloc",
    "compiler_builtins",
    "__cxxabiv1",
    "hashbrown",
    "runtime",
    "~lib",
];
const LIBRARY_PATHS: &[&str] =
    &["extism_pdk", "plugsh_guest", "plugsh", "serde", "serde_json", "anyhow", "extism_manifest"];
/// Functions of C's, C++'s and linkers' runtimes.
const RUNTIME_NAMES: &[&str] = &[
    "abort",
    "raise",
    "__assert_fail",
    "__assert",
    "abort_message",
    "malloc",
    "free",
    "calloc",
    "realloc",
    "memcpy",
    "memmove",
    "memset",
    "_start",
    "_initialize",
    "__original_main",
    "__main_void",
    "__wasm_call_ctors",
    "_Exit",
    "exit",
    "__wasi_proc_exit",
    "rust_begin_unwind",
    "rust_panic",
    "__rust_start_panic",
    "__rg_oom",
    "__rust_alloc",
    "__rust_realloc",
    "__rust_dealloc",
    "__rdl_alloc",
    "__cxa_throw",
    "__cxa_allocate_exception",
    "__stack_chk_fail",
    "proc_exit",
    "fd_write",
    "dispose_chunk",
    "try_realloc_chunk",
];

/// The owner of a function's code.
pub fn role_of(function: Option<&str>, file: Option<&str>) -> FrameRole {
    let by_file = file.map_or(FrameRole::Own, |file| {
        if RUNTIME_FILES.iter().any(|part| file.contains(part)) {
            FrameRole::Runtime
        } else if LIBRARY_FILES.iter().any(|part| file.contains(part)) {
            FrameRole::Library
        } else {
            FrameRole::Own
        }
    });
    match (by_file, function) {
        (FrameRole::Own, Some(function)) => by_name(function),
        (role, _) => role,
    }
}

fn by_name(function: &str) -> FrameRole {
    if RUNTIME_NAMES.contains(&function) || function.ends_with(".command_export") {
        return FrameRole::Runtime;
    }
    // `<tax::Rate as core::fmt::Display>::fmt` is the author's: the type decides.
    let path = function.trim_start_matches(['<', '&', '[', '(', '*']);
    let path = path.strip_prefix("mut ").or(path.strip_prefix("dyn ")).unwrap_or(path);
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '~')).unwrap_or(path.len());
    let (first, rest) = path.split_at(end);
    let is_path = rest.starts_with("::") || rest.starts_with('.') || rest.starts_with('/');
    match first {
        _ if !is_path => FrameRole::Own,
        first if RUNTIME_PATHS.contains(&first) => FrameRole::Runtime,
        first if LIBRARY_PATHS.contains(&first) => FrameRole::Library,
        _ => FrameRole::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_by_file_and_name() {
        let role = |function: &str| role_of(Some(function), None);
        for runtime in [
            "__rustc::__rust_abort",
            "core::panicking::panic_fmt",
            "abort",
            "runtime._panic",
            "~lib/rt/abort",
            "<alloc::vec::Vec<T> as core::ops::index::Index<I>>::index",
            "std::__2::terminate",
        ] {
            assert_eq!(role(runtime), FrameRole::Runtime, "{runtime}");
        }
        for own in
            ["tax::rate", "rate", "main.rate", "<tax::Rate as core::fmt::Display>::fmt", "core", "assembly/index/rate"]
        {
            assert_eq!(role(own), FrameRole::Own, "{own}");
        }
        assert_eq!(role("extism_pdk::memory::Memory::new"), FrameRole::Library);
        assert_eq!(role_of(Some("f"), Some("/rustc/1234/library/core/src/panicking.rs")), FrameRole::Runtime);
        assert_eq!(role_of(Some("f"), Some("/home/u/.cargo/registry/src/x/serde/src/de.rs")), FrameRole::Library);
        let zig = "/usr/lib/zig/lib/std/debug.zig";
        assert_eq!(role_of(Some("debug.FullPanic((function 'f')).call"), Some(zig)), FrameRole::Runtime);
        for binding in ["plugsh.zig", "include/plugsh.h", "/home/u/hello/plugsh/plugsh.go"] {
            assert_eq!(role_of(Some("f"), Some(binding)), FrameRole::Library, "{binding}");
        }
        assert_eq!(role_of(Some("f"), Some("src/lib.rs")), FrameRole::Own);
    }
}
