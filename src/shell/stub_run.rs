//! Running the commands of `stub --run`, in a session of their own on the thread of the call that they answer.

use super::command::TABLE;
use super::headless::Headless;
use super::interrupt::Interrupt;
use super::session::{Session, Sink};
use crate::kernel::error::HandlerError;
use crate::kernel::hooks::StubCall;

/// Runs a stub's commands; their output is its answer.
///
/// # Errors
/// The commands fail; one line.
pub fn run(call: StubCall<'_>) -> Result<Vec<u8>, HandlerError> {
    let StubCall { kernel, commands, input, process, owner, cancelled } = call;
    let (front, _) = Headless::new();
    let interrupt = Interrupt::linked(move || cancelled());
    let mut session = Session::helper(kernel, TABLE, Box::new(front), owner, interrupt);
    session.set("INPUT", input)?;
    let name = format!("stub of {}", process.name);
    let (result, sink) =
        session.with_sink(Sink::Memory(Vec::new()), |session| session.run_text(&name, commands.as_bytes(), 1));
    result?;
    match sink {
        Some(Sink::Memory(bytes)) => Ok(bytes),
        _ => Err("its output was lost".into()),
    }
}
