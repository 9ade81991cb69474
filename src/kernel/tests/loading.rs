//! Loading in time: what the load timeout ends, and that it is no part of a call's time.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::ends::{FOR_EVER, SHORT, calls_running, error, start};
use super::{call, kernel, kernel_with, load, program, text, until};
use crate::journal::Outcome;
use crate::kernel::Notice;
use crate::kernel::OwnerId;
use crate::kernel::{Kernel, KernelOptions, LoadRequest};
use crate::limits::Limits;
use crate::runtime::{NoCompilerProcess, Spec};
use crate::shell::words::SHELL;

/// Longer than a call needs that does nothing, and shorter than [`large`] takes to compile.
const CALL_MAX: Duration = Duration::from_millis(400);

/// A module that takes long to compile.
fn large(functions: u32) -> String {
    let functions: String = (0..functions).map(|n| format!("(func (param i32) (result i32) i32.const {n})")).collect();
    format!("(module {functions})")
}

fn with_load_timeout(files: &[(&str, &str)]) -> (Arc<Kernel>, tempfile::TempDir) {
    kernel_with(files, Limits { load_timeout: Some(SHORT), ..Limits::default() })
}

#[test]
fn a_compilation_is_abandoned() {
    let (kernel, _dir) = kernel_with(&[("large.wat", &large(20_000))], Limits::default());
    let spawner = load(&kernel, "spawner");
    let job = start(&kernel, spawner, "spawn", "large", FOR_EVER);
    until("it runs", || calls_running(&kernel) == 1);
    job.interrupt();
    assert!(error(&job).contains("interrupted"), "{}", error(&job));
    assert!(call(&kernel, spawner, "whoami", b"").is_ok());
}

#[test]
fn a_timeout_of_calls_is_none_of_its_compilation() {
    let kernel = kernel();
    let spec = Spec { timeout: Some(CALL_MAX), ..Spec::default() };
    let request =
        LoadRequest { timeout: Some(CALL_MAX), spec, ..LoadRequest::plain(Arc::new(program(&large(15_000)))) };
    assert_eq!(kernel.load(request).unwrap().to_string(), "1:test");
}

#[test]
fn a_caller_s_deadline_stands_still_while_it_loads() {
    let (kernel, _dir) = kernel_with(&[("large.wat", &large(15_000))], Limits::default());
    let spawner = load(&kernel, "spawner");
    let spawned = start(&kernel, spawner, "spawn", "large", CALL_MAX);
    assert_eq!(text(spawned.wait().bytes()), "2", "to load it took longer than its caller has");
    let spins = load(&kernel, "misbehave");
    let late = start(&kernel, spawner, "call", &format!("{spins} spin x"), SHORT);
    assert_eq!(late.wait().result.as_ref().unwrap_err().outcome, Outcome::Timeout, "and then it goes on");
}

#[test]
fn the_load_timeout_ends_the_wait_for_a_compilation() {
    let (kernel, _dir) = with_load_timeout(&[]);
    let error = kernel.load(LoadRequest::plain(Arc::new(program(&large(20_000))))).unwrap_err();
    assert_eq!(error.outcome, Outcome::Timeout);
    let says = "cannot load `test.wat`: timed out after 50ms while it was compiled; `--load-timeout` allows more";
    assert_eq!(error.to_string(), says);
}

#[test]
fn the_load_timeout_is_for_what_guests_load_too() {
    let (kernel, _dir) = with_load_timeout(&[("large.wat", &large(20_000))]);
    let deadline = kernel.load_deadline(Some(FOR_EVER));
    let program = kernel.resolve("spawner", &mut |_, _| true).unwrap();
    let spawner = kernel.load(LoadRequest { deadline, ..LoadRequest::plain(program) }).unwrap().id;
    let job = start(&kernel, spawner, "spawn", "large", FOR_EVER);
    let ended = job.wait();
    let error = ended.result.as_ref().unwrap_err();
    let says = "cannot load `large`: timed out after 50ms while it was compiled; `--load-timeout` allows more";
    assert!(error.to_string().contains(says), "{error}");
    assert!(call(&kernel, spawner, "whoami", b"").is_ok(), "the caller lives on");
}

#[test]
fn a_download_that_dribbles_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x.wasm", listener.local_addr().unwrap());
    let (over, is_over) = channel::<()>();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let _ = connection.read(&mut [0; 1024]);
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").unwrap();
        // Until nobody reads it any more, or the test is over.
        while connection.write_all(b".").is_ok() && is_over.recv_timeout(Duration::from_millis(5)).is_err() {}
    });
    let (kernel, _dir) = with_load_timeout(&[]);
    let error = kernel.resolve(&url, &mut |_, _| true).unwrap_err();
    assert_eq!(error.outcome, Outcome::Timeout);
    let says = format!("cannot load `{url}`: timed out after 50ms while it was fetched; `--load-timeout` allows more");
    assert_eq!(error.to_string(), says);
    drop(over);
    server.join().unwrap();
}

#[test]
fn without_a_program_to_compile_in_heavy_modules_are_compiled_here_and_that_is_told() {
    let options =
        KernelOptions { compiler: Some("/nonexistent/plugsh".into()), wording: SHELL, ..KernelOptions::default() };
    let kernel = Kernel::new(options);
    for n in 0..2 {
        let long = format!(
            "(module (func (export \"run\") {} (drop (i32.const {n}))))",
            "(drop (i32.const 1))".repeat(50_000)
        );
        let id = load(&kernel, &long);
        assert!(call(&kernel, id, "run", b"").is_ok());
    }
    let why = NoCompilerProcess { cause: "no such file or directory".into(), origin: "test.wat".into() };
    assert_eq!(kernel.take_notices(OwnerId::FIRST), [Notice::NoCompiler(why)], "once");
}
