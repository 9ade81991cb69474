//! The list of what is served: the servers of the user, asked one by one.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::serve::place::{Address, names, socket_of};
use crate::serve::stream::Stream;
use crate::serve::wire::{LineReader, Message, Welcome, parse};
use crate::shell::ShellError;

/// How long a server has for its first words, where several are asked.
const HELLO_MAX: Duration = Duration::from_secs(1);

/// A server that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    pub name: String,
    pub pid: u32,
    /// The version of the program that serves.
    pub plugsh: String,
    pub socket: PathBuf,
}

/// The servers of the user that answer, by name. A socket whose server is gone is left out.
///
/// # Errors
/// The directory of sockets is not the user's own.
pub fn running() -> Result<Vec<Served>, ShellError> {
    Ok(names()?.iter().filter_map(|name| ask(name)).collect())
}

fn ask(name: &str) -> Option<Served> {
    let socket = socket_of(name).ok()?;
    let stream = Stream::connect(&Address::Socket(socket.clone())).ok()?;
    stream.set_read_timeout(Some(HELLO_MAX)).ok()?;
    let mut lines = LineReader::new(stream);
    let Ok(Message::Notification { params, .. }) = parse(lines.read_line().ok()??) else { return None };
    let Welcome { pid, plugsh, .. } = serde_json::from_value(Value::Object(params)).ok()?;
    Some(Served { name: name.to_owned(), pid, plugsh, socket })
}
