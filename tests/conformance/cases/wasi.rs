//! WASI preview 1: what a plugin sees of the machine.

use super::super::case::{Case, Place, body, wat};
use plugsh::runtime::AllowedPath;
use plugsh::runtime::{FailureKind, Spec};

const WASI: &str = r#"
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $prestat_name (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    ---
    (data (i32.const 1024) "a line\0a") (data (i32.const 1040) "in.txt") (data (i32.const 1056) "out.txt")
    (data (i32.const 1072) "../secret") (data (i32.const 1088) "/etc/passwd")
    ;; One iovec at 512: 64 bytes at 2048.
    (func $iovec (param $at i32) (param $length i32)
        (i32.store (i32.const 512) (local.get $at)) (i32.store (i32.const 516) (local.get $length)))
    (func $say_at (param $at i32) (param $length i32)
        (call $say_block (call $str (local.get $at) (local.get $length))))
    (func (export "args")
        (call $say32 (call $args_sizes (i32.const 256) (i32.const 260)))
        (call $say32 (i32.load (i32.const 256))) (call $say32 (i32.load (i32.const 260))) (call $done))
    (func (export "environ")
        (call $say32 (call $environ_sizes (i32.const 256) (i32.const 260)))
        (call $say32 (i32.load (i32.const 256))) (call $say32 (i32.load (i32.const 260))) (call $done))
    (func (export "clock")
        (call $say32 (call $clock (i32.const 0) (i64.const 1) (i32.const 256)))
        (call $say32 (i64.gt_u (i64.load (i32.const 256)) (i64.const 1700000000000000000)))
        (call $done))
    (func (export "random")
        (call $say32 (call $random (i32.const 256) (i32.const 32)))
        (call $say32 (i64.ne (i64.or (i64.load (i32.const 256)) (i64.load (i32.const 264))) (i64.const 0)))
        (call $done))
    (func $write (param $fd i32)
        (call $iovec (i32.const 1024) (i32.const 7))
        (call $say32 (call $fd_write (local.get $fd) (i32.const 512) (i32.const 1) (i32.const 520)))
        (call $say32 (i32.load (i32.const 520))) (call $done))
    (func (export "stdout") (call $write (i32.const 1)))
    (func (export "stderr") (call $write (i32.const 2)))
    (func (export "stdin")
        (call $iovec (i32.const 2048) (i32.const 64))
        (call $say32 (call $fd_read (i32.const 0) (i32.const 512) (i32.const 1) (i32.const 520)))
        (call $say32 (i32.load (i32.const 520))) (call $done))
    (func (export "preopens")
        (call $say32 (call $prestat (i32.const 3) (i32.const 256)))
        (call $say32 (i32.load (i32.const 260)))
        (call $say32 (call $prestat_name (i32.const 3) (i32.const 2048) (i32.load (i32.const 260))))
        (call $say_at (i32.const 2048) (i32.load (i32.const 260)))
        (call $say32 (call $prestat (i32.const 4) (i32.const 256)))
        (call $done))
    (func (export "all_preopens") (local $fd i32)
        (local.set $fd (i32.const 3))
        (block $end (loop $next
            (br_if $end (call $prestat (local.get $fd) (i32.const 256)))
            (drop (call $prestat_name (local.get $fd) (i32.const 2048) (i32.load (i32.const 260))))
            (call $say_at (i32.const 2048) (i32.load (i32.const 260)))
            (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
            (br $next)))
        (call $done))
    (func (export "no_preopens") (call $say32 (call $prestat (i32.const 3) (i32.const 256))) (call $done))
    (func $open (param $path i32) (param $length i32) (param $oflags i32) (param $rights i64) (result i32)
        (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $length) (local.get $oflags)
            (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 524)))
    (func (export "read")
        (call $say32 (call $open (i32.const 1040) (i32.const 6) (i32.const 0) (i64.const 2)))
        (call $iovec (i32.const 2048) (i32.const 64))
        (call $say32 (call $fd_read (i32.load (i32.const 524)) (i32.const 512) (i32.const 1) (i32.const 520)))
        (call $say_at (i32.const 2048) (i32.load (i32.const 520)))
        (call $say32 (call $fd_close (i32.load (i32.const 524))))
        (call $done))
    (func (export "write_file") (local $opened i32)
        (local.set $opened (call $open (i32.const 1056) (i32.const 7) (i32.const 1) (i64.const 64)))
        (call $say32 (i32.eqz (local.get $opened)))
        (if (i32.eqz (local.get $opened)) (then
            (call $iovec (i32.const 1024) (i32.const 7))
            (call $say32 (call $fd_write (i32.load (i32.const 524)) (i32.const 512) (i32.const 1) (i32.const 520)))
            (call $say32 (call $fd_close (i32.load (i32.const 524))))))
        (call $done))
    (func (export "missing") (call $say32 (call $open (i32.const 1056) (i32.const 7) (i32.const 0) (i64.const 2))) (call $done))
    (func (export "mkdir") (call $say32 (i32.eqz (call $mkdir (i32.const 3) (i32.const 1056) (i32.const 7)))) (call $done))
    (func (export "unlink") (call $say32 (i32.eqz (call $unlink (i32.const 3) (i32.const 1040) (i32.const 6)))) (call $done))
    (func (export "outside")
        (call $say32 (i32.eqz (call $open (i32.const 1072) (i32.const 9) (i32.const 0) (i64.const 2))))
        (call $say32 (i32.eqz (call $open (i32.const 1088) (i32.const 11) (i32.const 0) (i64.const 2))))
        (call $done))
    (func (export "read_only_error")
        (call $say32 (call $open (i32.const 1056) (i32.const 7) (i32.const 1) (i64.const 64))) (call $done))
    (func (export "outside_error")
        (call $say32 (call $open (i32.const 1072) (i32.const 9) (i32.const 0) (i64.const 2))) (call $done))
    (func (export "nap")
        ;; A subscription to the monotonic clock, 1 ms from now.
        (i32.store8 (i32.const 1544) (i32.const 0)) (i32.store (i32.const 1552) (i32.const 1))
        (i64.store (i32.const 1560) (i64.const 1000000))
        (call $say32 (call $poll (i32.const 1536) (i32.const 1600) (i32.const 1) (i32.const 1700)))
        (call $say32 (i32.load (i32.const 1700)))
        (call $say32 (call $yield))
        (call $done))
    (func (export "long_nap")
        (i32.store8 (i32.const 1544) (i32.const 0)) (i32.store (i32.const 1552) (i32.const 1))
        (i64.store (i32.const 1560) (i64.const 1500000000))
        (drop (call $poll (i32.const 1536) (i32.const 1600) (i32.const 1) (i32.const 1700))))
    (global $calls (mut i32) (i32.const 0))
    (func (export "exit_0")
        (global.set $calls (i32.const 1)) (call $say32 (i32.const 42)) (call $done) (call $exit (i32.const 0)))
    (func (export "exit_200") (call $exit (i32.const 200)))
    (func (export "exit_3") (call $exit (i32.const 3)))
    (func (export "exit_said")
        (call $error_set (call $str (i32.const 1024) (i32.const 6))) (call $exit (i32.const 0)))
    (func (export "calls") (call $say32 (global.get $calls)) (call $done))
    (func (export "_start") (call $exit (i32.const 4)))"#;

fn case(name: &'static str) -> Case {
    body(name, WASI)
}

/// Folders in the folder, each with a file, at places of the guest's.
fn folders(allowed: &'static [(&'static str, &'static str)]) -> impl Fn(&mut Spec, &Place) {
    move |spec, place| {
        for (name, guest) in allowed {
            let host = place.folder.path().join(name);
            std::fs::create_dir_all(&host).expect("a folder");
            std::fs::write(host.join("in.txt"), format!("from {name}")).expect("written");
            spec.allowed_paths.push(AllowedPath { host, guest: (*guest).to_owned(), read_only: false });
        }
    }
}

fn folder(read_only: bool) -> impl Fn(&mut Spec, &Place) {
    move |spec, place| {
        std::fs::write(place.folder.path().join("in.txt"), "from the file").expect("written");
        let host = place.folder.path().to_owned();
        spec.allowed_paths = vec![AllowedPath { host, guest: "/data".to_owned(), read_only }];
    }
}

pub fn cases() -> Vec<Case> {
    [machine(), files(), ends()].into_iter().flatten().collect()
}

fn machine() -> Vec<Case> {
    vec![
        case("wasi: no arguments").call("args", "").gives("0 0 0 "),
        case("wasi: no environment").call("environ", "").gives("0 0 0 "),
        case("wasi: arguments")
            .spec(|spec, _| spec.wasi_input.args = vec!["name".to_owned(), "one".to_owned()])
            .call("args", "")
            .gives("0 2 9 "),
        case("wasi: an environment")
            .spec(|spec, _| spec.wasi_input.env = [("A".to_owned(), "bc".to_owned())].into())
            .call("environ", "")
            .gives("0 1 5 "),
        case("wasi: standard input")
            .spec(|spec, place| {
                let file = place.folder.path().join("typed");
                std::fs::write(&file, "a line\n").expect("written");
                spec.wasi_input.stdin = Some(file);
            })
            .call("stdin", "")
            .gives("0 7 "),
        case("wasi: clocks").call("clock", "").gives("0 1 "),
        case("wasi: random bytes").call("random", "").gives("0 1 "),
        case("wasi: standard output").call("stdout", "").gives("0 7 "),
        case("wasi: standard error").call("stderr", "").gives("0 7 "),
        case("wasi: standard input is empty").call("stdin", "").gives("0 0 "),
        case("wasi: a nap").call("nap", "").gives("0 1 0 "),
        case("wasi: a long nap ends at the deadline")
            .spec(|spec, _| spec.timeout = Some(std::time::Duration::from_millis(200)))
            .call("long_nap", "")
            .fails(FailureKind::Interrupted),
        case("wasi: switched off").spec(|spec, _| spec.wasi = false).fails_to_load(FailureKind::Load),
        wat(
            "wasi: a function that it does not have",
            r#"(module (import "wasi_snapshot_preview1" "teleport" (func)) (func (export "run")))"#,
        )
        .fails_to_load(FailureKind::Load),
    ]
}

fn files() -> Vec<Case> {
    vec![
        case("wasi: no folder is open").call("no_preopens", "").gives("8 "),
        case("wasi: an allowed folder has its name")
            .covers(&["allowed_paths"])
            .spec(folder(false))
            .call("preopens", ""),
        case("wasi: a file is read").spec(folder(false)).call("read", "").gives("0 0 [from the file]0 "),
        case("wasi: a file is written").spec(folder(false)).call("write_file", "").gives("1 0 0 "),
        case("wasi: a file that is not there").spec(folder(false)).call("missing", "").gives("44 "),
        case("wasi: a folder is made").spec(folder(false)).call("mkdir", "").gives("1 "),
        case("wasi: a file is removed").spec(folder(false)).call("unlink", "").gives("1 "),
        case("wasi: nothing outside of the folder").spec(folder(false)).call("outside", "").gives("0 0 "),
        case("wasi: the error for what is outside").spec(folder(false)).call("outside_error", ""),
        case("wasi: a read-only folder is read").spec(folder(true)).call("read", "").gives("0 0 [from the file]0 "),
        case("wasi: a read-only folder is not written").spec(folder(true)).call("write_file", "").gives("0 "),
        case("wasi: nothing is made or removed in a read-only folder")
            .spec(folder(true))
            .call("mkdir", "")
            .gives("0 ")
            .call("unlink", "")
            .gives("0 "),
        case("wasi: the error in a read-only folder").spec(folder(true)).call("read_only_error", ""),
        case("wasi: two folders at one place")
            .spec(folders(&[("second", "/data"), ("first", "/data")]))
            .call("read", "")
            .gives("0 0 [from first]0 "),
        case("wasi: folders within folders")
            .spec(folders(&[("second", "/data/inner"), ("first", "/data"), ("", "/")]))
            .call("all_preopens", "")
            .gives("[/][/data][/data/inner]"),
        case("wasi: one folder at two places")
            .spec(folders(&[("first", "/a"), ("first", "/b")]))
            .call("all_preopens", "")
            .gives("[/a][/b]"),
        case("wasi: a single file")
            .spec(|spec, place| {
                let host = place.folder.path().join("in.txt");
                std::fs::write(&host, "from the file").expect("written");
                spec.allowed_paths = vec![AllowedPath { host, guest: "/data/in.txt".to_owned(), read_only: true }];
            })
            .call("read", "")
            .gives("0 0 [from the file]0 "),
        case("wasi: a folder that is not there")
            .spec(|spec, place| {
                let host = place.folder.path().join("none");
                spec.allowed_paths = vec![AllowedPath { host, guest: "/data".to_owned(), read_only: false }];
            })
            .fails_to_load(FailureKind::Load),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        case("wasi: an exit with code 0 is well").call("exit_0", "").gives("42 "),
        case("wasi: after an exit").call("exit_0", "").call("calls", ""),
        case("wasi: an exit with a code").call("exit_3", "").fails(FailureKind::Guest),
        case("wasi: an exit with a code above 125").call("exit_200", "").fails(FailureKind::Guest),
        case("wasi: an exit with code 0 and a message").call("exit_said", ""),
        case("wasi: a command that exits").call("_start", "").fails(FailureKind::Guest).call("calls", "").gives("0 "),
    ]
}
