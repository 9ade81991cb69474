//! WASI as a plugin is given it: environment, arguments and standard input; single files and nothing beside them; functions
//! that end with the call that waits for them, however much they copy.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{call, kernel, kernel_with, message, plan, program, text, until};
use crate::journal::Outcome;
use crate::kernel::{Kernel, Limits, LoadRequest, Policy, ProcessId};
use crate::runtime::{AllowedPath, Spec, WasiInput};

const NOENT: i32 = 44;
const PERM: i32 = 63;
const NOTCAPABLE: i32 = 76;
const BADF: i32 = 8;
const OK: i32 = 0;

fn load_with(kernel: &Arc<Kernel>, wat: &str, spec: Spec) -> Result<ProcessId, String> {
    let request = LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) };
    kernel.load(request).map(|label| label.id).map_err(|error| error.message)
}

/// What a plugin is started with, as it lies in memory behind each other.
const ASKER: &str = r#"(module
  (memory (export "memory") 2)
  (func $give (param $at i32) (param $len i32) (local $block i64) (local $i i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $i) (local.get $len)))
      (call $store_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $at) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (call $output_set (local.get $block) (i64.extend_i32_u (local.get $len))))
  (func (export "env")
    (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $environ_get (i32.const 1024) (i32.const 4096)))
    (call $give (i32.const 4096) (i32.load (i32.const 4))))
  (func (export "args")
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $args_get (i32.const 1024) (i32.const 4096)))
    (call $give (i32.const 4096) (i32.load (i32.const 4))))
  (func (export "stdin")
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.const 1000))
    (i32.store (i32.const 8) (i32.const 0))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $give (i32.const 4096) (i32.load (i32.const 8)))))"#;

fn input(stdin: Option<PathBuf>) -> WasiInput {
    let env = [("A", "1"), ("B", "x=y")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    WasiInput { env: env.into(), args: ["asker", "-v", "two words"].map(str::to_owned).into(), stdin }
}

/// The answers of `env`, `args` and `stdin`, with `|` for each end of a text.
fn answers(kernel: &Arc<Kernel>, id: ProcessId) -> [String; 3] {
    ["env", "args", "stdin"].map(|function| text(call(kernel, id, function, b"")).replace('\0', "|"))
}

#[test]
fn a_plugin_has_the_environment_arguments_and_input_it_was_given_through_restart_and_reload() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    std::fs::write(&path, "typed").unwrap();
    let kernel = kernel();
    let spec = Spec { wasi_input: input(Some(path)), ..Spec::default() };
    let id = load_with(&kernel, ASKER, spec).unwrap();
    let given = ["A=1|B=x=y|", "asker|-v|two words|", "typed"];
    assert_eq!(answers(&kernel, id), given);
    assert_eq!(text(call(&kernel, id, "stdin", b"")), "", "it was read to its end");
    kernel.restart(id).unwrap();
    assert_eq!(answers(&kernel, id), given);
    kernel.reload(id, &Arc::new(program(&ASKER.replace("1000", "1001"))), false).unwrap();
    assert_eq!(answers(&kernel, id), given);
    let none = load_with(&kernel, ASKER, Spec::default()).unwrap();
    assert_eq!(answers(&kernel, none), ["", "", ""]);
}

#[test]
fn a_guests_child_has_none_of_it_but_what_the_policy_says() {
    let (kernel, dir) = kernel_with(&[("asker.wat", ASKER)], Limits::default());
    std::fs::write(dir.path().join("in"), "typed").unwrap();
    let spawner = kernel.resolve("spawner", &mut |_, _| true).unwrap();
    let spec = Spec { wasi_input: input(Some(dir.path().join("in"))), ..Spec::default() };
    let spawner = kernel.load(LoadRequest { spec, ..LoadRequest::plain(spawner) }).unwrap().id;
    assert_eq!(text(call(&kernel, spawner, "spawn", b"asker")), "2");
    assert_eq!(answers(&kernel, 2), ["", "", ""]);
    let policy = "[default.children]\nenv = ['B*', 'C=3']\nargs = ['one']\nstdin = 'in'";
    kernel.set_policy(Some(Policy::parse(policy, "p.toml", dir.path()).unwrap()));
    assert_eq!(text(call(&kernel, spawner, "spawn", b"asker")), "3");
    assert_eq!(answers(&kernel, 3), ["B=x=y|C=3|", "asker|one|", "typed"]);
    let missing = Policy::parse("[default.children]\nstdin = 'none'", "p.toml", dir.path()).unwrap_err().message;
    assert!(missing.contains("for `stdin`"), "{missing}");
}

#[cfg(unix)]
#[test]
fn standard_input_is_a_regular_file_and_the_one_that_was_granted() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let (path, secret) = (root.join("in"), root.join("secret"));
    std::fs::write(&path, "typed").unwrap();
    std::fs::write(&secret, "secret").unwrap();
    let kernel = kernel();
    let spec = |path: &Path| Spec { wasi_input: input(Some(path.into())), ..Spec::default() };
    let id = load_with(&kernel, ASKER, spec(&path)).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&secret, &path).unwrap();
    let error = kernel.restart(id).unwrap_err().message;
    assert!(error.contains("is not the file that was granted any more"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(kernel.restart(id).is_err(), "it is not there");
    for other in [root.clone(), PathBuf::from("/dev/zero")] {
        let error = load_with(&kernel, ASKER, spec(&other)).unwrap_err();
        assert!(error.contains("it is not a regular file"), "{error}");
    }
}

/// Each function takes a path in the directory that is descriptor `$fd`, and gives what WASI answers, plus 100.
fn files(fd: u32) -> String {
    format!(
        r#"(module
  (memory (export "memory") 1)
  (data (i32.const 512) "made") (data (i32.const 600) "\00\03\00\00\04\00\00\00") (data (i32.const 768) "text")
  (global $fd i32 (i32.const {fd}))
  (func $path (result i32) (local $i i32) (local $n i32)
    (local.set $n (i32.wrap_i64 (call $input_length)))
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
      (i32.store8 (i32.add (i32.const 1024) (local.get $i)) (call $input_load_u8 (i64.extend_i32_u (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (local.get $n))
  (func $plus (param i32) (result i32) (i32.add (i32.const 100) (local.get 0)))
  (func $open_as (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (global.get $fd) (i32.const 1) (i32.const 1024) (call $path) (local.get $oflags) (local.get $rights)
      (i64.const 0) (i32.const 0) (i32.const 16)))
  (func (export "read") (result i32) (call $plus (call $open_as (i32.const 0) (i64.const 2))))
  (func (export "create") (result i32) (call $plus (call $open_as (i32.const 1) (i64.const 64))))
  (func (export "directory") (result i32) (call $plus (call $open_as (i32.const 2) (i64.const 2))))
  (func (export "write") (result i32) (local $errno i32)
    (local.set $errno (call $open_as (i32.const 9) (i64.const 64)))
    (if (i32.eqz (local.get $errno)) (then
      (local.set $errno (call $fd_write (i32.load (i32.const 16)) (i32.const 600) (i32.const 1) (i32.const 20)))))
    (call $plus (local.get $errno)))
  (func (export "stat") (result i32)
    (call $plus (call $path_filestat_get (global.get $fd) (i32.const 1) (i32.const 1024) (call $path) (i32.const 64))))
  (func (export "unlink") (result i32) (call $plus (call $path_unlink_file (global.get $fd) (i32.const 1024) (call $path))))
  (func (export "mkdir") (result i32) (call $plus (call $path_create_directory (global.get $fd) (i32.const 1024) (call $path))))
  (func (export "readlink") (result i32)
    (call $plus (call $path_readlink (global.get $fd) (i32.const 1024) (call $path) (i32.const 64) (i32.const 64) (i32.const 20))))
  (func (export "symlink") (result i32)
    (call $plus (call $path_symlink (i32.const 1024) (call $path) (global.get $fd) (i32.const 512) (i32.const 4))))
  (func (export "rename") (result i32)
    (call $plus (call $path_rename (global.get $fd) (i32.const 1024) (call $path) (global.get $fd) (i32.const 512) (i32.const 4))))
  (func (export "link") (result i32)
    (call $plus (call $path_link (global.get $fd) (i32.const 0) (i32.const 1024) (call $path)
      (global.get $fd) (i32.const 512) (i32.const 4))))
  (func (export "list") (result i32)
    (call $plus (call $fd_readdir (global.get $fd) (i32.const 2048) (i32.const 512) (i64.const 0) (i32.const 20))))
  (func (export "touch") (result i32)
    (call $plus (call $fd_filestat_set_times (global.get $fd) (i64.const 0) (i64.const 0) (i32.const 5))))
  (func (export "prestat") (result i32) (call $plus (call $fd_prestat_get (global.get $fd) (i32.const 64))))
  (func (export "close") (result i32) (call $plus (call $fd_close (global.get $fd))))
  (func (export "renumber") (result i32) (call $plus (call $fd_renumber (i32.const 3) (global.get $fd)))))"#
    )
}

fn answer(kernel: &Arc<Kernel>, id: ProcessId, function: &str, path: &str) -> i32 {
    call(kernel, id, function, path.as_bytes()).unwrap_err().code.unwrap() - 100
}

fn allowed(host: &Path, guest: &str, read_only: bool) -> AllowedPath {
    AllowedPath { host: host.into(), guest: guest.into(), read_only }
}

#[cfg(unix)]
#[test]
fn a_single_file_is_reached_and_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    for name in ["mine", "other"] {
        std::fs::write(root.join(name), "old").unwrap();
    }
    std::fs::create_dir(root.join("sub")).unwrap();
    let kernel = kernel();
    let spec =
        |read_only| Spec { allowed_paths: vec![allowed(&root.join("mine"), "/data/it", read_only)], ..Spec::default() };
    let id = load_with(&kernel, &files(3), spec(false)).unwrap();
    assert_eq!(answer(&kernel, id, "prestat", ""), OK);
    for path in ["it", "./it"] {
        assert_eq!((answer(&kernel, id, "read", path), answer(&kernel, id, "stat", path)), (OK, OK), "{path}");
    }
    assert_eq!(answer(&kernel, id, "write", "it"), OK);
    assert_eq!(std::fs::read_to_string(root.join("mine")).unwrap(), "text");
    for path in ["mine", "other", "sub", "../other", "sub/../other", ".", "..", "", "/etc/passwd", "it/../other", "it/"]
    {
        for function in ["read", "create", "directory", "stat", "write"] {
            assert_eq!(answer(&kernel, id, function, path), NOENT, "{function} {path}");
        }
    }
    assert_ne!(answer(&kernel, id, "directory", "it"), OK);
    for function in ["unlink", "mkdir", "readlink", "symlink", "rename", "link", "list", "touch"] {
        for path in ["it", "other"] {
            assert_eq!(answer(&kernel, id, function, path), NOTCAPABLE, "{function} {path}");
        }
    }
    let reader = load_with(&kernel, &files(3), spec(true)).unwrap();
    assert_eq!(answer(&kernel, reader, "read", "it"), OK);
    for function in ["create", "write"] {
        assert_eq!(answer(&kernel, reader, function, "it"), PERM, "{function} through `ro:`");
    }
    let mut left: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["mine", "other", "sub"]);
}

#[cfg(unix)]
#[test]
fn what_takes_the_place_of_a_single_file_is_not_followed_nor_made() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let (mine, other) = (root.join("mine"), root.join("other"));
    std::fs::write(&mine, "mine").unwrap();
    std::fs::write(&other, "other").unwrap();
    let kernel = kernel();
    let spec = Spec { allowed_paths: vec![allowed(&mine, "/it", false)], ..Spec::default() };
    let id = load_with(&kernel, &files(3), spec).unwrap();
    // As editors save: the name has another file.
    std::fs::write(root.join("new"), "new").unwrap();
    std::fs::rename(root.join("new"), &mine).unwrap();
    assert_eq!(answer(&kernel, id, "read", "it"), OK);
    std::fs::remove_file(&mine).unwrap();
    for function in ["read", "create", "write"] {
        assert_eq!(answer(&kernel, id, function, "it"), NOENT, "{function}");
    }
    std::os::unix::fs::symlink("other", &mine).unwrap();
    for function in ["read", "create", "write", "directory"] {
        assert_eq!(answer(&kernel, id, function, "it"), NOTCAPABLE, "{function} through a link");
    }
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "other");
    let error = kernel.restart(id).unwrap_err().message;
    assert!(error.contains("is not what was granted any more"), "{error}");
    std::fs::remove_file(&mine).unwrap();
    std::fs::create_dir(&mine).unwrap();
    for function in ["read", "directory"] {
        assert_eq!(answer(&kernel, id, function, "it"), NOTCAPABLE, "{function} of a directory");
    }
}

#[test]
fn what_stands_behind_single_files_is_out_of_reach() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    for name in ["a", "b"] {
        std::fs::create_dir(root.join(name)).unwrap();
        std::fs::write(root.join(name).join("f"), name).unwrap();
    }
    let kernel = kernel();
    // A directory, one that shows two files of two directories, and behind it those two: 3, 4, 5 and 6.
    let paths = vec![
        allowed(&root.join("a"), "/a", true),
        allowed(&root.join("a/f"), "/x/a", true),
        allowed(&root.join("b/f"), "/x/b", true),
    ];
    let spec = || Spec { allowed_paths: paths.clone(), ..Spec::default() };
    let view = load_with(&kernel, &files(4), spec()).unwrap();
    for path in ["a", "b"] {
        assert_eq!(answer(&kernel, view, "read", path), OK, "{path}");
    }
    assert_eq!(answer(&kernel, view, "read", "f"), NOENT);
    for fd in [5, 6, 7] {
        let hidden = load_with(&kernel, &files(fd), spec()).unwrap();
        for function in ["prestat", "read", "stat", "list", "close", "renumber", "touch"] {
            assert_eq!(answer(&kernel, hidden, function, "f"), BADF, "{function} of {fd}");
        }
    }
    let twice = vec![allowed(&root.join("a"), "/x", true), allowed(&root.join("b/f"), "x/f", true)];
    let error = load_with(&kernel, &files(3), Spec { allowed_paths: twice, ..Spec::default() }).unwrap_err();
    assert!(error.contains("where the allowed directory"), "{error}");
}

/// Takes places in every way there is, closes what it should not, and gives how many files it could open after that.
const CLOSER: &str = r#"(module
  (memory (export "memory") 1)
  (data (i32.const 0) ".")
  (func $open_one (result i32)
    (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2)
      (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 8)))
  (func (export "count") (result i32) (local $n i32)
    ;; Standard output and the like, twice, and what was never open.
    (loop $again
      (drop (call $fd_close (i32.const 0))) (drop (call $fd_close (i32.const 1))) (drop (call $fd_close (i32.const 2)))
      (drop (call $fd_close (i32.const 77)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 300))))
    (local.set $n (i32.const 0))
    ;; Each over the one before it, which stays open, and closed twice.
    (loop $again
      (drop (call $open_one))
      (drop (call $fd_renumber (i32.load (i32.const 8)) (i32.load (i32.const 8))))
      (drop (call $fd_close (i32.load (i32.const 8))))
      (drop (call $fd_close (i32.load (i32.const 8))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 300))))
    (local.set $n (i32.const 0))
    (loop $next
      (if (i32.and (i32.eqz (call $open_one)) (i32.lt_u (local.get $n) (i32.const 2000))) (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $next))))
    (local.get $n)))"#;

#[test]
fn no_way_of_closing_gives_more_files_than_one_may_have() {
    let dir = tempfile::tempdir().unwrap();
    let kernel = kernel();
    let spec = Spec { allowed_paths: vec![allowed(dir.path(), "/", true)], ..Spec::default() };
    let id = load_with(&kernel, CLOSER, spec).unwrap();
    assert_eq!(call(&kernel, id, "count", b"").unwrap_err().code, Some(255), "with its directory 256");
}

/// Copies as much as it can in one function after the other, over and over: nothing but WASI checks the cancel flag.
fn copier(body: &str) -> String {
    let calls = body.repeat(2_000);
    format!(
        r#"(module
  (memory (export "memory") 1600)
  (data (i32.const 0) "\00\00\01\00\00\00\00\06") (data (i32.const 32) "file")
  (func (export "run")
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 0)
      (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 16)))
    {calls}))"#
    )
}

#[test]
fn a_kill_ends_a_call_that_does_nothing_but_copy() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::File::create(dir.path().join("file")).unwrap().set_len(1 << 30).unwrap();
    let kernel = kernel();
    let spec = || Spec { allowed_paths: vec![allowed(dir.path(), "/", false)], ..Spec::default() };
    for body in [
        "(drop (call $random_get (i32.const 65536) (i32.const 100000000)))",
        "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24)))",
        "(memory.fill (i32.const 65536) (i32.const 10) (i32.const 100000000))
         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24)))",
        "(drop (call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 24)))",
        "(drop (call $fd_pwrite (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 24)))",
    ] {
        let id = load_with(&kernel, &copier(body), spec()).unwrap();
        let mut plan = plan(id, "run", b"");
        plan.timeout = Some(Duration::from_secs(3600));
        let job = kernel.start(plan).unwrap();
        until("the call runs", || !kernel.running().is_empty());
        kernel.kill(id, false).unwrap();
        // Each of the 2,000 copies 100 MB: all of them would take many times as long.
        let end = job.wait_for(Duration::from_secs(30)).expect("it was not ended");
        assert!(message(end.bytes()).contains("killed by the shell"), "{body}");
    }
}

#[test]
fn what_is_copied_in_chunks_is_copied_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, "").unwrap();
    let kernel = kernel();
    let spec = Spec { allowed_paths: vec![allowed(dir.path(), "/", false)], ..Spec::default() };
    let once = "(drop (call $random_get (i32.const 65536) (i32.const 5000000)))
        (i32.store (i32.const 4) (i32.const 5000000))
        (if (call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 24)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 24)) (i32.const 5000000)) (then unreachable))";
    let wat = copier("").replace("(i32.const 0) (i32.const 16)))", &format!("(i32.const 0) (i32.const 16)))\n{once}"));
    let id = load_with(&kernel, &wat, spec).unwrap();
    call(&kernel, id, "run", b"").unwrap();
    let written = std::fs::read(&path).unwrap();
    assert_eq!(written.len(), 5_000_000);
    let ends = written.chunks(250_000).filter(|chunk| chunk.iter().all(|byte| *byte == 0)).count();
    assert_eq!(ends, 0, "some of it is not random");
}

/// Pays for less than eight chunks of [`LENGTH`], and more than five, at a unit for each 64 bytes.
const FUEL: u64 = 100_000;
const LENGTH: u64 = 1 << 20;

#[test]
fn fuel_is_charged_for_what_wasi_copies() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), vec![1; 10 * LENGTH as usize]).unwrap();
    let kernel = kernel();
    let spec = || Spec {
        allowed_paths: vec![allowed(dir.path(), "/", false)],
        fuel: Some(FUEL),
        wasi_input: WasiInput { env: [("A".to_owned(), "x".repeat(1_000_000))].into(), ..WasiInput::default() },
        ..Spec::default()
    };
    let opened = "(i32.const 0) (i32.const 16)))";
    let with = |calls: &str| {
        let calls = format!("{opened} (i32.store (i32.const 4) (i32.const {LENGTH})) {calls}");
        load_with(&kernel, &copier("").replace(opened, &calls), spec()).unwrap()
    };
    for body in [
        "(drop (call $random_get (i32.const 65536) (i32.const 1048576)))",
        "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24)))",
        "(drop (call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 24)))",
        "(drop (call $fd_pread (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 24)))",
        "(drop (call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 24)))",
        "(drop (call $fd_pwrite (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 24)))",
        "(drop (call $fd_readdir (i32.const 3) (i32.const 65536) (i32.const 1048576) (i64.const 0) (i32.const 24)))",
        "(drop (call $environ_get (i32.const 32) (i32.const 65536)))",
    ] {
        call(&kernel, with(&body.repeat(5)), "run", b"").unwrap_or_else(|error| panic!("`{body}`: {}", error.message));
        let Err(error) = call(&kernel, with(&body.repeat(8)), "run", b"") else { panic!("`{body}` costs nothing") };
        assert_eq!(error.outcome, Outcome::Fuel, "`{body}`: {}", error.message);
        assert!(error.message.ends_with(".run: out of fuel"), "`{body}`: {}", error.message);
    }
}
