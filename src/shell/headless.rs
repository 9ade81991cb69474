//! The front of a session without a person (a file under test, a stub's commands): it keeps output up to a bound.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::front::{Front, Loan, PaneRequest};
use super::plain;
use super::reply::{Line, Reply, ShellError};

/// The most bytes of output that are kept; the rest is dropped.
const PRINTED_BYTES_MAX: usize = 1 << 20;
/// The most lines of notices that are kept; the rest is dropped.
const NOTICES_MAX: usize = 1_000;

/// Output that a session wrote.
#[derive(Default)]
pub struct Collected {
    pub printed: Vec<u8>,
    pub notices: Vec<Line>,
}

/// A front without a screen.
pub struct Headless {
    collected: Arc<Mutex<Collected>>,
}

impl Headless {
    /// A front, and where its output is kept.
    pub fn new() -> (Headless, Arc<Mutex<Collected>>) {
        let collected = Arc::new(Mutex::new(Collected::default()));
        (Headless { collected: Arc::clone(&collected) }, collected)
    }
}

impl Front for Headless {
    fn show(&mut self, reply: &Reply) -> io::Result<()> {
        let bytes = plain::bytes(reply);
        let printed = &mut self.collected.lock().printed;
        let left = PRINTED_BYTES_MAX.saturating_sub(printed.len());
        printed.extend_from_slice(bytes.get(..left).unwrap_or(&bytes));
        Ok(())
    }

    fn notice(&mut self, line: &Line) {
        let notices = &mut self.collected.lock().notices;
        if notices.len() < NOTICES_MAX {
            notices.push(line.clone());
        }
    }

    fn progress(&mut self, _text: Option<&str>) {}

    fn frame(&mut self, frame: Option<(&Line, &Reply)>) -> io::Result<()> {
        frame.map_or(Ok(()), |(_, reply)| self.show(reply))
    }

    fn is_terminal(&self) -> bool {
        false
    }

    fn shows_news(&self) -> bool {
        true
    }

    fn keeps_program_output(&self) -> bool {
        true
    }

    fn owns_process(&self) -> bool {
        false
    }

    fn colors(&self) -> bool {
        false
    }

    fn lend_terminal(&mut self, run: &mut dyn FnMut() -> Loan) {
        while run() == Loan::Stopped {}
    }

    fn has_terminal(&self) -> bool {
        false
    }

    fn history(&self) -> Vec<String> {
        Vec::new()
    }

    fn pane(&mut self, _request: PaneRequest) -> Result<Reply, ShellError> {
        Err(ShellError::failed("no pane here: nobody looks at this session"))
    }
}
