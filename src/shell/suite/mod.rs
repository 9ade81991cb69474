//! `plugsh test`: runs one file of commands and expectations in a session of its own, and keeps its output. The front
//! prints results and runs files in parallel.

mod update;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::front::SavePicture;
use super::headless::Headless;
use super::incoming::SCRIPT_BYTES_MAX;
use super::interrupt::Interrupter;
use super::place::ScriptPlace;
use super::redirect::FileSink;
use super::reply::{Line, ShellError};
use super::session::{Case, Session, SessionOptions};
use super::start::start;
use super::stdin::Stdin;
use crate::kernel::Kernel;

/// The result of one file.
pub struct FileRun {
    pub name: String,
    pub took: Duration,
    /// Count of checked expectations: a file without any always passes.
    pub expectations: u64,
    /// The expectations, and last the statement that made the file fail.
    pub cases: Vec<Case>,
    /// Units of fuel of the calls that its trace ends with; `None` where none was counted, or calls have left the
    /// trace.
    pub fuel: Option<u64>,
    /// Standard output in its plain form, up to a bound.
    pub printed: Vec<u8>,
    /// Standard error, up to a bound.
    pub notices: Vec<Line>,
    /// Count of rewritten expectations, or the error; one that is among the notices counts as shown.
    pub result: Result<usize, ShellError>,
}

/// The surroundings of files under test, alike for all of them.
pub struct FileSetup<'a> {
    pub options: &'a SessionOptions,
    /// Set before the first line of each file.
    pub variables: &'a [(String, String)],
    /// Expectations that do not hold are rewritten in the file.
    pub update: bool,
    /// The work of `pane save`.
    pub picture: SavePicture,
}

/// Runs a file on a kernel that nothing else uses. `begun` gets the interrupter of the run before its first line.
pub fn run_file(kernel: Arc<Kernel>, path: &Path, setup: FileSetup<'_>, begun: &dyn Fn(Interrupter)) -> FileRun {
    let started = Instant::now();
    let name = path.display().to_string();
    let (front, collected) = Headless::new();
    let front = front.picturing(Arc::clone(&kernel), setup.picture);
    let mut session = start(kernel, Box::new(front), setup.options.clone(), Stdin::Used);
    session.scripts_mut().begin_cases();
    begun(session.interrupter());
    let result = setup.variables.iter().try_for_each(|(name, value)| session.set(name, value.as_bytes()));
    let place = ScriptPlace::of(Some(path), Arc::default());
    let result = result.and_then(|()| session.at_place(place, |session| run_in(session, path, &name, setup.update)));
    for job in session.background_jobs() {
        job.kill();
    }
    let fuel = fuel_of(session.kernel());
    let (expectations, cases) = (session.scripts().expectations(), session.scripts_mut().take_cases().into_vec());
    drop(session);
    let collected = std::mem::take(&mut *collected.lock());
    let (printed, notices) = (collected.printed, collected.notices);
    FileRun { name, took: started.elapsed(), expectations, cases, fuel, printed, notices, result }
}

/// The fuel of the calls in the trace; `None` where none was counted, or calls have left the trace.
fn fuel_of(kernel: &Kernel) -> Option<u64> {
    let journal = kernel.journal().drain();
    let fuel = journal.with_records(|records| records.fold(0, |sum: u64, record| sum.saturating_add(record.fuel)));
    (fuel > 0 && journal.dropped() == 0).then_some(fuel)
}

fn run_in(session: &mut Session, path: &Path, name: &str, update: bool) -> Result<usize, ShellError> {
    let bytes = session.read_file(path, SCRIPT_BYTES_MAX)?;
    let rewritten = match update {
        false => {
            session.run_text(name, &bytes, 1)?;
            None
        }
        true => Some(update::updated(session, name, &bytes)?),
    };
    match session.exit_code() {
        None => session.finish_jobs()?,
        Some(0) => {}
        Some(code) => return Err(ShellError::failed(format!("{name}: it ended with `exit {code}`"))),
    }
    session.show_notices();
    let Some((text, count)) = rewritten.filter(|(_, count)| *count > 0) else { return Ok(0) };
    let interrupt = session.interrupt().clone();
    let is_cancelled = || interrupt.is_raised();
    let mut file = FileSink::open(name, false, &is_cancelled)?;
    file.write(text.as_bytes(), &is_cancelled)?;
    file.commit()?;
    Ok(count)
}
