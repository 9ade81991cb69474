//! WASI as a plugin is given it: environment, arguments and standard input; functions that end with the call that waits
//! for them, however much they copy.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{call, kernel, kernel_with, message, plan, program, text, until};
use crate::journal::Outcome;
use crate::kernel::{Kernel, LoadRequest, Policy, ProcessId};
use crate::limits::Limits;
use crate::runtime::{AllowedPath, Spec, WasiInput};

pub(super) const OK: i32 = 0;

pub(super) fn load_with(kernel: &Arc<Kernel>, wat: &str, spec: Spec) -> Result<ProcessId, String> {
    let request = LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) };
    kernel.load(request).map(|label| label.id).map_err(|error| error.to_string())
}

/// The start values of a plugin, as they lie in memory one behind the other.
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

pub(super) fn input(stdin: Option<PathBuf>) -> WasiInput {
    let env = [("A", "1"), ("B", "x=y")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    WasiInput { env: env.into(), args: ["asker", "-v", "two words"].map(str::to_owned).into(), stdin }
}

/// The answers of `env`, `args` and `stdin`, with `|` for each end of a text.
pub(super) fn answers(kernel: &Arc<Kernel>, id: ProcessId) -> [String; 3] {
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
    let missing = Policy::parse("[default.children]\nstdin = 'none'", "p.toml", dir.path()).unwrap_err().to_string();
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
    let error = kernel.restart(id).unwrap_err().to_string();
    assert!(error.contains("is not the file that was granted any more"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(kernel.restart(id).is_err(), "it is not there");
    for other in [root.clone(), PathBuf::from("/dev/zero")] {
        let error = load_with(&kernel, ASKER, spec(&other)).unwrap_err();
        assert!(error.contains("it is not a regular file"), "{error}");
    }
}

pub(super) fn allowed(host: &Path, guest: &str, read_only: bool) -> AllowedPath {
    AllowedPath { host: host.into(), guest: guest.into(), read_only }
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
        call(&kernel, with(&body.repeat(5)), "run", b"").unwrap_or_else(|error| panic!("`{body}`: {}", error));
        let Err(error) = call(&kernel, with(&body.repeat(8)), "run", b"") else { panic!("`{body}` costs nothing") };
        assert_eq!(error.outcome, Outcome::Fuel, "`{body}`: {}", error);
        assert!(error.to_string().ends_with(".run: out of fuel"), "`{body}`: {}", error);
    }
}
