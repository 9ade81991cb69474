//! Coming in: the address, the server's first words, and the client's.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Shared, Waiting, running};
use crate::locks::{Mutex, Rank};
use crate::serve::peer;
use crate::serve::place::Address;
use crate::serve::stream::Stream;
use crate::serve::token::Token;
use crate::serve::wire::{Hello, LineReader, Message, PROTOCOL, Welcome, parse, request};
use crate::shell::ShellError;
use crate::text::{io_cause, quoted};

/// How long a server has for its first words.
const HELLO_MAX: Duration = Duration::from_secs(5);

/// A client's server, and its rights there.
#[derive(Debug, Clone, Default)]
pub struct Connect {
    /// A name, a path or an address; `None`: the one server of the user.
    pub target: Option<String>,
    /// The file of the token, for TCP.
    pub token_file: Option<PathBuf>,
    pub hello: Hello,
}

/// Connects to a server.
///
/// # Errors
/// Nobody serves there, or the server speaks another protocol or does not let the client in.
pub fn connect(wanted: &Connect) -> Result<Client, ShellError> {
    let (name, address) = find(wanted.target.as_deref())?;
    let stream = Stream::connect(&address).map_err(|error| not_served(&name, &error))?;
    let failed = |error: io::Error| ShellError::failed(format!("`{name}`: {}", io_cause(&error)));
    if let Stream::Socket(socket) = &stream
        && !peer::is_own(socket).map_err(failed)?
    {
        return Err(ShellError::failed(format!("`{name}` is served by another user")));
    }
    stream.set_read_timeout(Some(HELLO_MAX)).map_err(failed)?;
    let mut writer = stream.try_clone().map_err(failed)?;
    let closer = stream.try_clone().map_err(failed)?;
    let mut lines = LineReader::new(stream);
    let welcome = welcomed(&name, next(&name, &mut lines)?)?;
    let mut hello = wanted.hello.clone();
    if matches!(address, Address::Tcp(_)) {
        let file = wanted.token_file.as_deref();
        let file = file.ok_or_else(|| ShellError::usage(format!("`{name}`: an address wants `--token-file FILE`")))?;
        hello.token = Some(Token::read(file)?.secret().to_owned());
    }
    let hello = serde_json::to_value(&hello).unwrap_or_default();
    writer.write_all(&request(&json!(0), "hello", &hello)).map_err(failed)?;
    match next(&name, &mut lines)? {
        Message::Response { result: Ok(_), .. } => {}
        Message::Response { result: Err(error), .. } => {
            return Err(ShellError::failed(format!("`{name}`: {}", error.message)));
        }
        other => return Err(stranger(&name, &other)),
    }
    closer.set_read_timeout(None).map_err(failed)?;
    let shared = Shared {
        welcome,
        writer: Mutex::new(Rank::ServerStream, writer),
        waiting: Mutex::new(Rank::ServerRequests, Waiting::default()),
    };
    let client = Client { shared: Arc::new(shared) };
    let reader = client.clone();
    thread::Builder::new().name("client".to_owned()).spawn(move || reader.read(lines)).map_err(failed)?;
    Ok(client)
}

/// The name and the address of the server that is meant.
fn find(target: Option<&str>) -> Result<(String, Address), ShellError> {
    if let Some(word) = target {
        return Ok((quoted(word), Address::of(word)?));
    }
    let served = running()?;
    match served.as_slice() {
        [] => Err(ShellError::failed("nothing is served; `plugsh serve` or `serve` at a prompt does that")),
        [one] => Ok((one.name.clone(), Address::of(&one.name)?)),
        several => {
            let names: Vec<&str> = several.iter().map(|served| served.name.as_str()).collect();
            Err(ShellError::usage(format!("which one? served are: {}", names.join(", "))))
        }
    }
}

fn not_served(name: &str, error: &io::Error) -> ShellError {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "is not served".to_owned(),
        io::ErrorKind::ConnectionRefused => "is not served any more".to_owned(),
        _ => io_cause(error),
    };
    ShellError::failed(format!("`{name}` {why}; `plugsh ls` lists what is"))
}

fn next(name: &str, lines: &mut LineReader<Stream>) -> Result<Message, ShellError> {
    let silent = || ShellError::failed(format!("`{name}` does not answer, or is no plugsh"));
    let line = lines.read_line().map_err(|_| silent())?.ok_or_else(silent)?;
    parse(line).map_err(|_| silent())
}

fn welcomed(name: &str, first: Message) -> Result<Welcome, ShellError> {
    let params = match first {
        Message::Notification { method, params } if method == "hello" => params,
        other => return Err(stranger(name, &other)),
    };
    let welcome: Welcome = serde_json::from_value(Value::Object(params))
        .map_err(|error| ShellError::failed(format!("`{name}`: its first line cannot be read: {error}")))?;
    if welcome.protocol != PROTOCOL {
        let Welcome { protocol, plugsh, .. } = welcome;
        let own = env!("CARGO_PKG_VERSION");
        let why =
            format!("plugsh {plugsh} serves it with protocol {protocol}, and this is plugsh {own} with {PROTOCOL}");
        return Err(ShellError::failed(format!("`{name}`: {why}")));
    }
    Ok(welcome)
}

/// The error of a first message that is not expected: a server that is full says so.
fn stranger(name: &str, message: &Message) -> ShellError {
    let reason = match message {
        Message::Notification { method, params } if method == "bye" => params.get("message").and_then(Value::as_str),
        _ => None,
    };
    ShellError::failed(format!("`{name}`: {}", reason.unwrap_or("it is no plugsh")))
}
