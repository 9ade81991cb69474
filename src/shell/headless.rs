//! The front of a session without a person (a file under test, a stub's commands): it keeps output up to a bound.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use super::front::{Front, PaneRequest, PictureSize, ProgramStreams, SavePicture, no_pane};
use super::plain;
use super::reply::{Line, Reply, ShellError};
use crate::kernel::Kernel;

/// The most bytes of output that are kept; the rest is dropped.
const PRINTED_BYTES_MAX: usize = 1 << 20;
/// The most lines of notices that are kept; the rest is dropped.
const NOTICES_MAX: usize = 1_000;
/// The most bytes of a line that a program writes as an error; a longer one is parted.
const ERROR_LINE_BYTES_MAX: usize = 4 << 10;

/// Output that a session wrote.
#[derive(Default)]
pub struct Collected {
    pub printed: Vec<u8>,
    pub notices: Vec<Line>,
}

impl Collected {
    fn keep(&mut self, bytes: &[u8]) {
        let left = PRINTED_BYTES_MAX.saturating_sub(self.printed.len());
        self.printed.extend_from_slice(bytes.get(..left).unwrap_or(bytes));
    }

    fn notice(&mut self, line: Line) {
        if self.notices.len() < NOTICES_MAX {
            self.notices.push(line);
        }
    }
}

/// The output of programs, kept with the session's own.
struct ProgramOutput(Arc<Mutex<Collected>>);

impl Write for ProgramOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().keep(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The errors of programs, a notice a line.
struct ProgramErrors {
    collected: Arc<Mutex<Collected>>,
    /// The bytes of a line that has not ended, at most [`ERROR_LINE_BYTES_MAX`].
    line: Vec<u8>,
}

impl ProgramErrors {
    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        self.collected.lock().notice(Line::from(line));
    }
}

impl Write for ProgramErrors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                byte => self.line.push(*byte),
            }
            if self.line.len() >= ERROR_LINE_BYTES_MAX {
                self.end_line();
            }
        }
        Ok(bytes.len())
    }

    /// Ends a line without a newline.
    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.end_line();
        }
        Ok(())
    }
}

/// A front without a screen.
pub struct Headless {
    collected: Arc<Mutex<Collected>>,
    /// The processes of pictures, and their painter; `None`: there are no pictures.
    pictured: Option<(Arc<Kernel>, SavePicture)>,
}

impl Headless {
    /// A front, and where its output is kept.
    pub fn new() -> (Headless, Arc<Mutex<Collected>>) {
        let collected = Arc::new(Mutex::new(Collected::default()));
        (Headless { collected: Arc::clone(&collected), pictured: None }, collected)
    }

    /// The front that can save pictures of a kernel's processes and calls.
    pub fn picturing(self, kernel: Arc<Kernel>, save: SavePicture) -> Headless {
        Headless { pictured: Some((kernel, save)), ..self }
    }
}

impl Front for Headless {
    fn show(&mut self, reply: &Reply) -> io::Result<()> {
        self.collected.lock().keep(&plain::bytes(reply));
        Ok(())
    }

    fn notice(&mut self, line: &Line) {
        self.collected.lock().notice(line.clone());
    }

    fn shows_news(&self) -> bool {
        true
    }

    fn program_streams(&mut self) -> ProgramStreams {
        ProgramStreams {
            output: Some(Box::new(ProgramOutput(Arc::clone(&self.collected)))),
            errors: Some(Box::new(ProgramErrors { collected: Arc::clone(&self.collected), line: Vec::new() })),
            no_input: true,
        }
    }

    fn owns_process(&self) -> bool {
        false
    }

    fn pane(&mut self, request: PaneRequest) -> Result<Reply, ShellError> {
        match (request, &self.pictured) {
            (PaneRequest::Save { path, size, clock }, Some((kernel, save))) => {
                save(kernel, &path, size.unwrap_or(PictureSize::DEFAULT), clock).map_err(ShellError::failed)
            }
            _ => Err(no_pane()),
        }
    }
}
