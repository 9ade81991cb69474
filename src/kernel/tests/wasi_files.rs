//! Tests of a plugin's files through WASI: single files and nothing beside them. `files` is a plugin that tries paths.

use super::wasi::*;
use super::*;

const NOENT: i32 = 44;
const PERM: i32 = 63;
const NOTCAPABLE: i32 = 76;
pub(super) const BADF: i32 = 8;

/// A plugin whose functions take a path in the directory that is descriptor `fd`, and give what WASI answers, plus 100.
pub(super) fn files(fd: u32) -> String {
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

/// WASI's answer to a function of [`files`].
pub(super) fn answer(kernel: &Arc<Kernel>, id: ProcessId, function: &str, path: &str) -> i32 {
    call(kernel, id, function, path.as_bytes()).unwrap_err().code.unwrap() - 100
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
    let error = kernel.restart(id).unwrap_err().to_string();
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
