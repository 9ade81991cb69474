//! A process that compiles one module, as its parent sees it: it gets the module on its standard input and gives the
//! compiled form on its standard output. It ends with that, by [`Child::kill`], or when its parent has ended: then its
//! standard input, which stays open until then, is closed.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime::{Engine, Module};

use super::serve::CompilerAnswer;
use crate::runtime::Problem;
use crate::runtime::native::compiled_functions::Percent;
use crate::runtime::native::instrumentation::Instrumentation;
use crate::text::io_cause;

/// Largest compiled form that is taken, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// Bytes of a process's standard error that are read.
const STDERR_BYTES_MAX: u64 = 4_096;
/// Threads that compile one module; each takes memory.
const THREADS_MAX: usize = 8;
/// Messages of a process that runs out of memory: Rust's before it aborts, and the system's.
const NO_MEMORY: [&str; 3] = ["memory allocation of", "out of memory", "Cannot allocate memory"];

/// The end of a compiler process.
pub enum CompilerEnd {
    /// The compiled form.
    Compiled(Vec<u8>),
    /// The reason why the module is invalid.
    Invalid(Problem),
    OutOfMemory,
    OutOfTime,
    /// By a fault of the compiler, or by a kill: how.
    Failed(String),
}

/// A process that compiles.
pub struct Child {
    pid: u32,
    process: Mutex<std::process::Child>,
    pipes: Mutex<Option<(ChildStdin, ChildStdout, std::process::ChildStderr)>>,
}

impl Child {
    /// Starts one; the error is the system's.
    ///
    /// # Errors
    /// The system cannot start the process.
    pub fn start(
        program: &Path,
        instrumentation: Instrumentation,
        memory_bytes_max: u64,
        cpu_max: Duration,
    ) -> io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(THREADS_MAX));
        let mut command = Command::new(program);
        command.arg("compile").args(["--memory-max", &memory_bytes_max.to_string()]);
        command.args(["--cpu-max", &cpu_max.as_secs().to_string()]);
        if instrumentation.fuel {
            command.arg("--fuelled");
        }
        if instrumentation.debug {
            command.arg("--debugged");
        }
        command.env_clear().env("RAYON_NUM_THREADS", threads.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        out_of_the_foreground(&mut command);
        let mut process = command.spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take()).zip(process.stderr.take());
        let pipes = pipes.map(|((stdin, stdout), stderr)| (stdin, stdout, stderr));
        Ok(Child { pid: process.id(), process: Mutex::new(process), pipes: Mutex::new(pipes) })
    }

    /// Id of the system's process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it, if it has not ended.
    pub fn kill(&self) {
        // `std` refuses to signal a process that was waited for, so the id is this child's. An ended process is no
        // error.
        self.process.lock().kill().ok();
    }

    /// Hands it a module and waits for its end. `report` gets the share of functions that are compiled.
    pub fn run(&self, wasm: &[u8], report: impl Fn(Percent)) -> CompilerEnd {
        let Some((mut stdin, mut stdout, mut stderr)) = self.pipes.lock().take() else {
            return CompilerEnd::Failed("it was asked twice".to_owned());
        };
        let length = (wasm.len() as u64).to_le_bytes();
        // A process that has ended reads no more; its exit status tells why.
        let _ = stdin.write_all(&length).and_then(|()| stdin.write_all(wasm)).and_then(|()| stdin.flush());
        let (mut answer, mut errors) = (Vec::new(), Vec::new());
        let read = CompilerAnswer::await_in(&mut stdout, report)
            .and_then(|()| stdout.by_ref().take(ANSWER_BYTES_MAX + 1).read_to_end(&mut answer));
        // Standard error is short enough for the pipe's buffer.
        let _ = stderr.by_ref().take(STDERR_BYTES_MAX).read_to_end(&mut errors);
        // The answer is read. Standard input stays open until here, to tell the process that its parent lives.
        self.kill();
        drop(stdin);
        let status = self.process.lock().wait();
        if answer.len() as u64 > ANSWER_BYTES_MAX {
            return CompilerEnd::Failed(format!("its code is larger than {} MiB", ANSWER_BYTES_MAX >> 20));
        }
        match (read.ok().and_then(|_| CompilerAnswer::read(answer)), status) {
            (Some(CompilerAnswer::Compiled(code)), _) => CompilerEnd::Compiled(code),
            (Some(CompilerAnswer::Invalid(why)), _) => CompilerEnd::Invalid(why),
            (None, Ok(status)) => how(status, &String::from_utf8_lossy(&errors)),
            (None, Err(error)) => CompilerEnd::Failed(io_cause(&error)),
        }
    }
}

/// Moves the process out of the foreground group: Ctrl-C must not reach it, since the compilation may be another job's.
#[cfg(unix)]
fn out_of_the_foreground(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn out_of_the_foreground(_: &mut Command) {}

#[cfg(unix)]
fn how(status: std::process::ExitStatus, stderr: &str) -> CompilerEnd {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(libc::SIGXCPU) => CompilerEnd::OutOfTime,
        _ if NO_MEMORY.iter().any(|word| stderr.contains(word)) => CompilerEnd::OutOfMemory,
        Some(signal) => CompilerEnd::Failed(format!("it was ended by signal {signal}")),
        None => CompilerEnd::Failed(format!("{}, {status}", last_line(stderr))),
    }
}

#[cfg(not(unix))]
fn how(status: std::process::ExitStatus, stderr: &str) -> CompilerEnd {
    match NO_MEMORY.iter().any(|word| stderr.contains(word)) {
        true => CompilerEnd::OutOfMemory,
        false => CompilerEnd::Failed(format!("{}, {status}", last_line(stderr))),
    }
}

fn last_line(stderr: &str) -> &str {
    stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it did not say why")
}

/// The module whose compiled form a child has given.
///
/// # Errors
/// The compiled form is of another engine.
pub fn revive(engine: &Engine, code: &[u8]) -> wasmtime::Result<Module> {
    // SAFETY: `deserialize` asks for bytes that `precompile_module` gave. These come from the same program as this one,
    // started by it, over a pipe that nobody else holds, and the answer says that it is whole. The child wrote nothing
    // else there: the module that it was given is data to it, as to this process. wasmtime itself refuses another
    // version's or another configuration's.
    unsafe { Module::deserialize(engine, code) }
}
