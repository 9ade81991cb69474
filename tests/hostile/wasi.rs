//! Hostile uses of WASI: random bytes for a whole memory, descriptors closed twice and renumbered, files opened until
//! that is refused, floods of output, endless waits.

const IMPORTS: &str = r#"
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;

/// A path, and at 64 a list of one buffer: the memory after the first page.
const DATA: &str = r#"(memory (export "memory") 1024) (data (i32.const 0) "file") (data (i32.const 8) ".")
  (data (i32.const 64) "\00\00\01\00\00\00\ff\03")
  (func $opened (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $open (i32.const 3) (i32.const 0) (local.get $path) (local.get $len) (local.get $oflags) (local.get $rights)
      (i64.const -1) (i32.const 0) (i32.const 128)))
  ;; The file `file`, made where it is not there, for all that one may do with a file: its descriptor.
  (func $file (result i32)
    (drop (call $opened (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 0x600066)))
    (i32.load (i32.const 128)))
  (func $newlines (memory.fill (i32.const 65536) (i32.const 10) (i32.const 0x3ff0000)))"#;

/// The functions of the plugins that start.
pub const FUNCTIONS: usize = 19;

/// The plugins with their functions, each of which loops forever.
const PLUGINS: [(&str, &[(&str, &str)]); 5] = [
    (
        "wasi_random",
        &[
            ("all", "(drop (call $random (i32.const 0) (i32.const 0x4000000)))"),
            ("more_than_all", "(drop (call $random (i32.const 0) (i32.const -1)))"),
            ("beyond", "(drop (call $random (i32.const -1) (i32.const 65536)))"),
        ],
    ),
    (
        "wasi_descriptors",
        &[
            ("close_all_twice", "(drop (call $close (local.get $n))) (drop (call $close (local.get $n)))"),
            (
                "renumber_all",
                "(drop (call $opened (i32.const 8) (i32.const 1) (i32.const 2) (i64.const 0)))
                 (drop (call $renumber (local.get $n) (i32.rem_u (i32.mul (local.get $n) (i32.const 7)) (i32.const 300))))
                 (drop (call $renumber (i32.load (i32.const 128)) (i32.const 1)))
                 (drop (call $close (i32.const 1)))",
            ),
            ("open", "(drop (call $opened (i32.const 8) (i32.const 1) (i32.const 2) (i64.const 0)))"),
            (
                "open_and_close",
                "(drop (call $opened (i32.const 8) (i32.const 1) (i32.const 2) (i64.const 0)))
                 (drop (call $close (i32.load (i32.const 128)))) (drop (call $close (i32.load (i32.const 128))))",
            ),
        ],
    ),
    (
        "wasi_floods",
        &[
            (
                "lines",
                "(call $newlines) (drop (call $write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128)))",
            ),
            ("one_line", "(drop (call $write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 128)))"),
            ("lists", "(drop (call $write (i32.const 1) (i32.const 64) (i32.const -1) (i32.const 128)))"),
            ("outside", "(drop (call $write (i32.const 1) (i32.const -4) (i32.const 9) (i32.const -4)))"),
        ],
    ),
    (
        "wasi_files",
        &[
            (
                "huge_file",
                "(drop (call $set_size (call $file) (i64.const 0x7fffffffffff)))
                 (drop (call $pread (i32.load (i32.const 128)) (i32.const 64) (i32.const 1) (i64.const 0) (i32.const 136)))
                 (drop (call $set_size (i32.load (i32.const 128)) (i64.const 0)))",
            ),
            (
                "offsets",
                "(drop (call $pread (call $file) (i32.const 64) (i32.const 1) (i64.const -1) (i32.const 136)))
                 (drop (call $pwrite (call $file) (i32.const 64) (i32.const 1) (i64.const -1) (i32.const 136)))",
            ),
            (
                "many_names",
                "(i32.store (i32.const 0) (i32.or (i32.const 0x40404040) (i32.and (local.get $n) (i32.const 0x0f0f))))
                 (drop (call $close (call $file)))
                 (drop (call $readdir (i32.const 3) (i32.const 65536) (i32.const 0x3ff0000) (i64.const 0) (i32.const 136)))",
            ),
            ("input", "(drop (call $read (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 136)))"),
        ],
    ),
    (
        "wasi_waits",
        &[
            ("everything", "(drop (call $poll (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 128)))"),
            ("much", "(drop (call $poll (i32.const 65536) (i32.const 0x800000) (i32.const 4096) (i32.const 128)))"),
            ("more", "(drop (call $poll (i32.const 65536) (i32.const 0x800000) (i32.const 4097) (i32.const 128)))"),
            ("for_ever", "(call $wait_for_ever)"),
        ],
    ),
];

/// Waits for a clock that never fires: a subscription at 0x2000000.
const WAIT_FOR_EVER: &str = r#"(func $wait_for_ever
    (memory.fill (i32.const 0x2000000) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 0x2000010) (i32.const 1))
    (i64.store (i32.const 0x2000018) (i64.const 0x7fffffffffffffff))
    (drop (call $poll (i32.const 0x2000000) (i32.const 0x2000100) (i32.const 1) (i32.const 128))))"#;

/// The plugins' names and texts.
pub fn plugins() -> Vec<(&'static str, String)> {
    let module = |body: &str| format!("(module {IMPORTS} {DATA} {WAIT_FOR_EVER} {body})");
    let mut plugins: Vec<(&'static str, String)> = PLUGINS
        .iter()
        .map(|(name, functions)| {
            let functions: String = functions
                .iter()
                .map(|(function, step)| {
                    format!(
                        "(func (export \"{function}\") (local $n i32) (loop $again {step}
                           (local.set $n (i32.rem_u (i32.add (local.get $n) (i32.const 1)) (i32.const 300)))
                           (br $again)))"
                    )
                })
                .collect();
            (*name, module(&functions))
        })
        .collect();
    plugins.push(("wasi_start_sleeps", module("(start $wait_for_ever) (func (export \"run\"))")));
    plugins.push(("wasi_initialize_sleeps", module("(func (export \"_initialize\") (call $wait_for_ever))")));
    plugins
}
