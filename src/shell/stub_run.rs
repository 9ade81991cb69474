//! What `stub --run` runs: commands in a session of their own, on the thread of the call that they answer.

use std::io;

use super::front::{Front, PaneRequest};
use super::interrupt::Interrupt;
use super::reply::{Line, Reply, ShellError};
use super::session::{Session, SessionOptions, Sink};
use super::stdin::Stdin;
use crate::kernel::hooks::StubCall;

/// Runs the commands; what they print is the answer.
pub fn run(call: StubCall<'_>) -> Result<Vec<u8>, String> {
    let StubCall { kernel, commands, input, process, cut } = call;
    let mut session = Session::new(kernel, Box::new(Nowhere), SessionOptions::default(), Stdin::Used);
    session.helper = true;
    session.interrupt = Interrupt::linked(move || cut());
    session.set("INPUT", input).map_err(|error| error.to_string())?;
    let name = format!("stub of {}", process.name);
    let (result, sink) =
        session.with_sink(Sink::Memory(Vec::new()), |session| session.run_text(&name, commands.as_bytes(), 1));
    result.map_err(|error| error.to_string())?;
    match sink {
        Some(Sink::Memory(bytes)) => Ok(bytes),
        _ => Err("its output was lost".into()),
    }
}

/// The front of a session that nobody looks at.
struct Nowhere;

impl Front for Nowhere {
    fn show(&mut self, _reply: &Reply) -> io::Result<()> {
        Ok(())
    }

    fn notice(&mut self, _line: &Line) {}

    fn progress(&mut self, _text: Option<&str>) {}

    fn frame(&mut self, _frame: Option<(&Line, &Reply)>) -> io::Result<()> {
        Ok(())
    }

    fn is_terminal(&self) -> bool {
        false
    }

    fn colors(&self) -> bool {
        false
    }

    fn lend_terminal(&mut self, run: &mut dyn FnMut()) {
        run();
    }

    fn history(&self) -> Vec<String> {
        Vec::new()
    }

    fn pane(&mut self, _request: PaneRequest) -> Result<Reply, ShellError> {
        Err(ShellError::failed("a stub has no pane"))
    }
}
