//! `plugsh dap`: the debug adapter on standard input and output.

mod framing;

use std::io::{self, BufReader};
use std::sync::Arc;

use crate::dap::{Adapter, Flow, Mode, Outlet};
use crate::kernel::{Kernel, OwnerId};
use crate::shell::{SessionOptions, ShellError};
use crate::text::io_cause;
use framing::FramingError;

/// Answers the editor's requests until it disconnects; returns the exit code.
///
/// # Errors
/// What it sends is not the protocol.
pub fn run(kernel: Arc<Kernel>, options: SessionOptions) -> Result<u8, ShellError> {
    let outlet = Outlet::new(|message| framing::write(&mut io::stdout().lock(), &message).is_ok());
    let mut adapter = Adapter::new(kernel, Mode::Launches, outlet, OwnerId::FIRST, options);
    let mut stream = BufReader::new(io::stdin());
    loop {
        match framing::read(&mut stream) {
            Ok(Some(message)) => match adapter.handle(&message) {
                Flow::GoesOn => {}
                Flow::Ends => return Ok(0),
            },
            // The editor is gone.
            Ok(None) => return Ok(0),
            Err(error) => return Err(framing_error(&error)),
        }
    }
}

fn framing_error(error: &FramingError) -> ShellError {
    let why = match error {
        FramingError::Io(error) => io_cause(error),
        FramingError::Header => {
            "no header with `Content-Length`; an editor speaks with `plugsh dap`, a person with `plugsh`".to_owned()
        }
        FramingError::TooLong(bytes) => format!("a message of {bytes} bytes is too long"),
        FramingError::Json(why) => format!("a message is no JSON: {why}"),
    };
    ShellError::failed(format!("standard input: {why}"))
}
