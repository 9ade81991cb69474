//! The code of a process that compiles one module: sets its bounds, reads the module, writes its compiled form.

use std::io::{self, Read, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::runtime::advice::BuildChange;
use crate::runtime::native::codegen::{invalid, precompile};
use crate::runtime::native::compiled_functions::Percent;
use crate::runtime::native::instrumentation::Instrumentation;
use crate::runtime::{Advice, Problem};

/// Largest module that is taken, in bytes.
const MODULE_BYTES_MAX: u64 = 1 << 30;
/// The byte before an answer. Each byte before that is a percentage of functions that are compiled, 1 to 100.
const ANSWER: u8 = 0;
/// The kind of an answer, and the mark at its end, which says that it is whole.
const COMPILED: u8 = b'C';
const INVALID: u8 = b'I';
const WHOLE: &[u8; 8] = b"plugsh01";
/// The exit code of a process whose parent is gone.
const CODE_ORPHANED: i32 = 3;

/// Options and bounds of a compilation.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    pub instrumentation: Instrumentation,
    /// Memory that it may write to.
    pub memory_bytes_max: u64,
    /// Processors' time that it may take, in seconds.
    pub cpu_s_max: u64,
}

/// The answer of the process.
pub enum CompilerAnswer {
    Compiled(Vec<u8>),
    /// Why the module cannot be compiled. Of its advice only a [`BuildChange`] crosses the pipe.
    Invalid(Problem),
}

/// The number of no [`BuildChange`].
const NO_CHANGE: u8 = u8::MAX;

impl CompilerAnswer {
    /// Reads what the process writes up to its answer; `report` gets each percentage.
    ///
    /// # Errors
    /// There is no answer, or it cannot be read.
    pub fn await_in(input: &mut impl Read, report: impl Fn(Percent)) -> io::Result<()> {
        let mut byte = [ANSWER];
        loop {
            input.read_exact(&mut byte)?;
            match byte {
                [ANSWER] => return Ok(()),
                [percent] => report(Percent::new(percent)),
            }
        }
    }

    /// An answer that is whole.
    pub fn read(mut bytes: Vec<u8>) -> Option<CompilerAnswer> {
        let body = bytes.strip_suffix(WHOLE)?.len();
        bytes.truncate(body);
        match bytes.pop()? {
            COMPILED => Some(CompilerAnswer::Compiled(bytes)),
            INVALID => {
                let change = BuildChange::ALL.get(usize::from(bytes.pop()?)).copied();
                let why = String::from_utf8_lossy(&bytes).into_owned();
                Some(CompilerAnswer::Invalid(Problem::new(why, change.map(Advice::Build))))
            }
            _ => None,
        }
    }

    fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        output.write_all(&[ANSWER])?;
        let (kind, bytes) = match self {
            CompilerAnswer::Compiled(code) => (COMPILED, code.as_slice()),
            CompilerAnswer::Invalid(problem) => (INVALID, problem.message.as_bytes()),
        };
        output.write_all(bytes)?;
        if let CompilerAnswer::Invalid(problem) = self {
            output.write_all(&[change_number(problem)])?;
        }
        output.write_all(&[kind])?;
        output.write_all(WHOLE)?;
        output.flush()
    }
}

fn change_number(problem: &Problem) -> u8 {
    let Some(Advice::Build(change)) = problem.advice.as_deref() else { return NO_CHANGE };
    let number = BuildChange::ALL.iter().position(|known| known == change);
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(NO_CHANGE)
}

/// Compiles the module that comes from `input` (its length in eight bytes, little end first, and its bytes) and writes
/// percentages and the answer to `output`. Ends the process when `input` is closed before.
///
/// # Errors
/// `output` cannot be written.
pub fn serve(
    served: Served,
    mut input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<()> {
    bound(served)?;
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MODULE_BYTES_MAX {
        return Err(io::Error::other("a module of such a size is not compiled"));
    }
    let mut wasm = Vec::new();
    if input.by_ref().take(length).read_to_end(&mut wasm)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let watch = move || {
        // No more input is sent: this read returns when the parent closes the pipe.
        let _ = input.read(&mut [0]);
        std::process::exit(CODE_ORPHANED);
    };
    // A thread that cannot start lacks memory, which is bounded here.
    let thread = std::thread::Builder::new().name("plugsh-orphan".into()).spawn(watch);
    thread.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let output = Arc::new(Mutex::new(output));
    let progress = Arc::clone(&output);
    let report = move |percent: Percent| {
        let mut output = progress.lock();
        // A pipe that is closed is an error of the answer.
        let _ = output.write_all(&[percent.get()]).and_then(|()| output.flush());
    };
    let answer = match precompile(served.instrumentation, &wasm, report) {
        Ok(code) => CompilerAnswer::Compiled(code),
        Err(error) => {
            let failure = invalid(&error);
            CompilerAnswer::Invalid(Problem { message: failure.message, advice: failure.advice })
        }
    };
    answer.write(&mut *output.lock())
}

/// Sets the bounds of this process.
#[cfg(unix)]
fn bound(served: Served) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |resource, most: u64| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).map_err(io::Error::from)
    };
    // The system's out-of-memory killer shall take this process before the shell.
    crate::machine::prefer_oom_kill();
    // The first limit raises SIGXCPU, the second kills.
    let cpu = Rlimit { current: Some(served.cpu_s_max), maximum: Some(served.cpu_s_max + 1) };
    setrlimit(Resource::Cpu, cpu).map_err(io::Error::from)?;
    limit(Resource::Core, 0)?;
    // The compiler process writes to pipes only.
    limit(Resource::Fsize, 0)?;
    // Counts writable memory alone: code, files and reserved address space stay free.
    limit(Resource::Data, served.memory_bytes_max)?;
    Ok(())
}

#[cfg(not(unix))]
fn bound(_: Served) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_cut_short_is_none() {
        let mut written = Vec::new();
        CompilerAnswer::Compiled(b"code".to_vec()).write(&mut written).expect("written");
        assert_eq!(written.remove(0), ANSWER);
        assert!(
            matches!(CompilerAnswer::read(written.clone()), Some(CompilerAnswer::Compiled(code)) if code == b"code")
        );
        for length in 0..written.len() {
            assert!(CompilerAnswer::read(written[..length].to_vec()).is_none(), "{length}");
        }
    }

    #[test]
    fn percentages_come_before_the_answer() {
        let mut written = vec![1, 50, 100];
        CompilerAnswer::Compiled(b"code".to_vec()).write(&mut written).expect("written");
        let (reported, mut input) = (Mutex::new(Vec::new()), written.as_slice());
        CompilerAnswer::await_in(&mut input, |percent| reported.lock().push(percent.get())).expect("an answer");
        assert_eq!(*reported.lock(), [1, 50, 100]);
        assert!(
            matches!(CompilerAnswer::read(input.to_vec()), Some(CompilerAnswer::Compiled(code)) if code == b"code")
        );
        CompilerAnswer::await_in(&mut [7].as_slice(), |_| ()).expect_err("no answer");
    }

    #[test]
    fn a_reason_crosses_the_pipe_with_its_advice() {
        let changes = BuildChange::ALL.into_iter().map(Some).chain([None]);
        for change in changes {
            let problem = Problem::new("why", change.map(Advice::Build));
            let mut written = Vec::new();
            CompilerAnswer::Invalid(problem.clone()).write(&mut written).expect("written");
            written.remove(0);
            assert!(
                matches!(CompilerAnswer::read(written), Some(CompilerAnswer::Invalid(read)) if read == problem),
                "{change:?}"
            );
        }
    }
}
