//! Where a session's output goes: to its front, or to the innermost of the sinks that stand in the front's place.

use std::io;

use crate::shell::front::Front;
use crate::shell::plain;
use crate::shell::redirect::FileSink;
use crate::shell::reply::{ErrorKind, Line, Reply, ShellError};
use crate::text::io_cause;

/// Captured output (`$(...)`, `| !COMMAND`) is kept up to this size.
pub const CAPTURE_BYTES_MAX: usize = 1 << 30;

/// A destination of output in place of the front.
pub enum Sink {
    /// The plain form, in memory, at most [`CAPTURE_BYTES_MAX`].
    Memory(Vec<u8>),
    /// The plain form, in a file.
    File(FileSink),
    /// The replies as they came.
    Replies(Vec<Reply>),
}

/// The front and the sinks over it. They nest as deep as statements do.
pub struct Output {
    front: Box<dyn Front>,
    /// Innermost last.
    sinks: Vec<Sink>,
}

impl Output {
    /// Output that goes to a front.
    pub fn new(front: Box<dyn Front>) -> Output {
        Output { front, sinks: Vec::new() }
    }

    /// The front, whatever output is captured.
    pub fn front(&mut self) -> &mut dyn Front {
        self.front.as_mut()
    }

    /// Hands a reply to the innermost sink, or else to the front. A file's wait ends when `is_cancelled` says so.
    ///
    /// # Errors
    /// The output cannot be written, or its wait was cancelled.
    pub fn emit(&mut self, reply: &Reply, is_cancelled: &dyn Fn() -> bool) -> Result<(), ShellError> {
        match self.sinks.last_mut() {
            None => self.front.show(reply).map_err(|error| output_error(&error)),
            Some(Sink::Replies(replies)) => {
                replies.push(reply.clone());
                Ok(())
            }
            Some(Sink::File(file)) => file.write(&plain::bytes(reply), is_cancelled),
            Some(Sink::Memory(bytes)) => {
                let more = plain::bytes(reply);
                if bytes.len() + more.len() > CAPTURE_BYTES_MAX {
                    return Err(ShellError::failed(format!("output of more than {CAPTURE_BYTES_MAX} bytes")));
                }
                bytes.extend_from_slice(&more);
                Ok(())
            }
        }
    }

    /// Shows a frame of `watch`; `None` ends it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn frame(&mut self, frame: Option<(&Line, &Reply)>) -> Result<(), ShellError> {
        self.front.frame(frame).map_err(|error| output_error(&error))
    }

    /// Whether a sink stands in the front's place.
    pub fn is_redirected(&self) -> bool {
        !self.sinks.is_empty()
    }

    /// Whether output goes to the front, and the front is a terminal.
    pub fn is_on_terminal(&self) -> bool {
        !self.is_redirected() && self.front.is_terminal()
    }

    /// Sends output to `sink` until [`Output::pop`].
    pub fn push(&mut self, sink: Sink) {
        self.sinks.push(sink);
    }

    /// Ends the innermost sink and returns it; `None` when output goes to the front.
    pub fn pop(&mut self) -> Option<Sink> {
        self.sinks.pop()
    }

    /// Takes all sinks away, for output that is the person's.
    pub fn take_sinks(&mut self) -> Vec<Sink> {
        std::mem::take(&mut self.sinks)
    }

    /// Restores the sinks that [`Output::take_sinks`] took.
    pub fn restore_sinks(&mut self, sinks: Vec<Sink>) {
        self.sinks = sinks;
    }
}

/// An error of writing to standard output.
fn output_error(error: &io::Error) -> ShellError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => ShellError::new(ErrorKind::BrokenPipe, "standard output is closed"),
        _ => ShellError::failed(format!("standard output: {}", io_cause(error))),
    }
}
