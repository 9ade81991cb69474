//! `plugsh dap`: the debug adapter on standard input and output. A launched script runs in this process; the adapter of
//! a served system stands at the server.

mod attached;
mod framing;

use std::io::{self, BufReader};
use std::sync::Arc;

use serde_json::Value;

use crate::dap::{Adapter, Flow, Mode, Outlet, Request};
use crate::kernel::{Kernel, OwnerId};
use crate::shell::{SessionOptions, ShellError};
use crate::text::io_cause;
use attached::Attached;
use framing::FramingError;

/// The adapter that answers.
enum Answers {
    /// The one of this process, with what the editor said of itself.
    Here {
        adapter: Box<Adapter>,
        initialize: Option<Value>,
    },
    There(Attached),
}

/// Answers the editor's requests until it disconnects; returns the exit code.
///
/// # Errors
/// What it sends is not the protocol.
pub fn run(kernel: Arc<Kernel>, options: SessionOptions) -> Result<u8, ShellError> {
    let outlet = Outlet::new(|message| framing::write(&mut io::stdout().lock(), &message).is_ok());
    let adapter = Box::new(Adapter::new(kernel, Mode::Launches, outlet.clone(), OwnerId::FIRST, options));
    let mut answers = Answers::Here { adapter, initialize: None };
    let mut stream = BufReader::new(io::stdin());
    loop {
        match framing::read(&mut stream) {
            Ok(Some(message)) => {
                if take(&mut answers, &outlet, message) == Flow::Ends {
                    return Ok(0);
                }
            }
            // The editor is gone.
            Ok(None) => return Ok(0),
            Err(error) => return Err(framing_error(&error)),
        }
    }
}

fn take(answers: &mut Answers, outlet: &Outlet, message: Value) -> Flow {
    let request = Request::of(&message);
    let command = request.as_ref().map(|request| request.command.as_str());
    match (answers, command, request.as_ref()) {
        (answers @ Answers::Here { initialize: Some(_), .. }, Some("attach"), Some(request)) => {
            attach(answers, outlet, &message, request);
            Flow::GoesOn
        }
        (Answers::Here { adapter, initialize }, command, _) => {
            let flow = adapter.handle(&message);
            if command == Some("initialize") {
                initialize.get_or_insert(message);
            }
            flow
        }
        (Answers::There(attached), command, request) => {
            if let (Err(error), Some(request)) = (attached.hand_on(&message), request) {
                outlet.answer(request, Err(error.message));
            }
            if command == Some("disconnect") { Flow::Ends } else { Flow::GoesOn }
        }
    }
}

/// Leaves what follows to an adapter at a server.
fn attach(answers: &mut Answers, outlet: &Outlet, message: &Value, request: &Request) {
    let Answers::Here { initialize: Some(initialize), .. } = answers else { return };
    let attached = Attached::open(&request.arguments, initialize, outlet.clone());
    match attached.and_then(|attached| attached.hand_on(message).map(|()| attached)) {
        Ok(attached) => *answers = Answers::There(attached),
        Err(error) => outlet.answer(request, Err(error.message)),
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
