//! A server: the kernel that it serves, the sockets that it listens at, the clients that have come, and its end.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use super::connection::Connection;
use super::listen::{Listening, listen};
use super::outbox::{OnFull, WRITE_STEP};
use super::peer;
use super::shared::{CLIENTS_MAX, ServerLog, Shared};
use super::stream::Stream;
use super::token::Token;
use super::wire::notification;
use crate::kernel::{Job, Kernel};
use crate::shell::ShellError;
use crate::shell::front::ServeOptions;
use crate::text::io_cause;

/// Pause after a connection that could not be accepted: no file can be opened, and another try at once would fail too.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Interval at which the end of a server looks whether its jobs have ended.
const END_STEP: Duration = Duration::from_millis(20);
/// How long the end of a server waits for the answers to what has ended; a line that is no job may go on for ever.
const ANSWERS_WAIT: Duration = Duration::from_millis(200);
/// How long the end of a server waits for what was killed, and for its clients' last lines.
const END_WAIT: Duration = Duration::from_secs(1);

/// A kernel that is served. Dropping it ends the service, and the jobs that run.
pub struct Server {
    shared: Arc<Shared>,
    listening: Option<Listening>,
    tcp: Option<SocketAddr>,
    acceptors: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves a kernel from now on, on threads of its own.
    ///
    /// # Errors
    /// The name is served already, a socket cannot be listened at, or the token's file is no secret.
    pub fn start(kernel: Arc<Kernel>, options: &ServeOptions, log: ServerLog) -> Result<Server, ShellError> {
        let tcp = options.tcp.as_ref().map(|(address, token)| listen_tcp(*address, token)).transpose()?;
        let listening = listen(options.name.as_deref())?;
        let (tcp, token) = tcp.unzip();
        let name = listening.name.clone();
        let shared = Arc::new(Shared::new(kernel, name, token, options, log));
        let mut server = Server { shared, listening: None, tcp: None, acceptors: Vec::new() };
        let socket = listening.listener.try_clone().map_err(|error| failed(&error))?;
        server.listening = Some(listening);
        server.accept(move || socket.accept().map(|(stream, _)| Stream::Socket(stream)))?;
        if let Some(tcp) = tcp {
            server.tcp = tcp.local_addr().ok();
            server.accept(move || tcp.accept().and_then(|(stream, _)| Stream::of_tcp(stream)))?;
        }
        Ok(server)
    }

    /// Serves a kernel without a socket of its own: clients come by [`Server::join`].
    pub fn unlisted(kernel: Arc<Kernel>, name: String, log: ServerLog) -> Server {
        let shared = Arc::new(Shared::new(kernel, name, None, &ServeOptions::default(), log));
        Server { shared, listening: None, tcp: None, acceptors: Vec::new() }
    }

    /// Lets in a client whose connection is there already.
    pub fn join(&self, stream: UnixStream) {
        let_in(&self.shared, Stream::Socket(stream));
    }

    /// The number of clients that are here.
    pub fn clients(&self) -> usize {
        self.shared.links().len()
    }

    /// The name that is served.
    pub fn name(&self) -> &str {
        self.shared.name()
    }

    /// The name that is served, with its socket and address.
    pub fn title(&self) -> String {
        let at = self.path().map(|path| format!(" at {}", path.display())).unwrap_or_default();
        let tcp = self.tcp.map(|address| format!(" and {address}")).unwrap_or_default();
        format!("serving `{}`{at}{tcp}", self.name())
    }

    /// The socket's path.
    pub fn path(&self) -> Option<&Path> {
        self.listening.as_ref().map(|listening| listening.path.as_path())
    }

    /// The address on loopback, if one is listened at.
    pub fn tcp(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Starts a thread that lets clients in.
    fn accept(&mut self, accept: impl Fn() -> std::io::Result<Stream> + Send + 'static) -> Result<(), ShellError> {
        let shared = Arc::clone(&self.shared);
        let body = move || {
            while !shared.is_ending() {
                match accept() {
                    Ok(stream) => let_in(&shared, stream),
                    Err(error) => {
                        shared.log(&format!("a client could not come in: {}", io_cause(&error)));
                        thread::sleep(ACCEPT_PAUSE);
                    }
                }
            }
        };
        let builder = thread::Builder::new().name("plugsh-accept".to_owned());
        let thread = builder.spawn(body).map_err(|error| failed(&error))?;
        self.acceptors.push(thread);
        Ok(())
    }

    /// Ends the service: nothing new is begun, jobs get `grace` to end and are killed then, clients are sent away, and
    /// the socket is removed.
    pub fn end(mut self, grace: Duration) {
        self.end_within(grace);
    }

    /// Ends the service alone: jobs go on.
    pub fn leave(mut self) {
        if self.shared.begin_end() {
            self.send_away();
        }
    }

    fn end_within(&mut self, grace: Duration) {
        if self.shared.begin_end() {
            end_jobs(&self.shared.kernel, grace);
            self.send_away();
        }
    }

    fn send_away(&mut self) {
        let until = Instant::now() + ANSWERS_WAIT;
        while self.shared.links().iter().any(|link| link.is_owed()) && Instant::now() < until {
            thread::sleep(END_STEP);
        }
        let goodbye = notification("bye", &json!({ "message": format!("`{}` has ended", self.shared.name()) }));
        for link in self.shared.links() {
            link.outbox.send(goodbye.clone(), OnFull::Drop).ok();
            link.outbox.close();
        }
        let until = Instant::now() + END_WAIT;
        while !self.shared.links().is_empty() && Instant::now() < until {
            thread::sleep(END_STEP);
        }
        // Wakes the thread that waits for clients: it sees that the server ends.
        if let Some(listening) = &self.listening {
            UnixStream::connect(&listening.path).ok();
        }
        if let Some(address) = self.tcp {
            std::net::TcpStream::connect(address).ok();
        }
        self.listening = None;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end_within(Duration::ZERO);
    }
}

/// Starts the threads of a client, if it may come in.
fn let_in(shared: &Arc<Shared>, mut stream: Stream) {
    if shared.is_ending() {
        return;
    }
    if let Stream::Socket(socket) = &stream
        && !peer::is_own(socket).unwrap_or(false)
    {
        return shared.log("a client of another user was sent away");
    }
    let needs_token = matches!(stream, Stream::Tcp(_));
    let link = Arc::default();
    let Some(id) = shared.add(&link) else {
        let full = json!({ "message": format!("{CLIENTS_MAX} clients are here, the limit") });
        // A client that does not read it sees that it was closed.
        stream.write_all(&notification("bye", &full)).ok();
        return;
    };
    let connection = Connection::new(id, Arc::clone(shared), Arc::clone(&link), needs_token);
    if let Err(error) = start_threads(shared, &connection, stream) {
        shared.remove(id);
        shared.log(&format!("a client could not come in: {}", io_cause(&error)));
    }
}

fn start_threads(shared: &Arc<Shared>, connection: &Arc<Connection>, stream: Stream) -> io::Result<()> {
    let mut written = stream.try_clone()?;
    let link = Arc::clone(connection.link());
    stream.set_write_timeout(Some(WRITE_STEP))?;
    link.outbox.set_stream(stream.try_clone()?, dropped(shared.name()));
    thread::Builder::new().name("plugsh-write".to_owned()).spawn(move || link.outbox.write_to(&mut written))?;
    let (shared, connection) = (Arc::clone(shared), Arc::clone(connection));
    let reader = thread::Builder::new().name("plugsh-read".to_owned());
    reader.spawn(move || {
        connection.serve(stream);
        shared.remove(connection.id());
        drop(connection);
        shared.trim_memory();
    })?;
    Ok(())
}

/// The last line to a client that is dropped because it does not read.
fn dropped(name: &str) -> Vec<u8> {
    let why = format!("`{name}` has dropped this client: it did not read what it was sent");
    notification("bye", &json!({ "message": why }))
}

/// Lets jobs end for `grace`, and kills those that are left.
fn end_jobs(kernel: &Kernel, grace: Duration) {
    let run = || kernel.jobs().into_iter().filter(Job::is_running).collect::<Vec<_>>();
    let wait = |at_most: Duration| {
        let until = Instant::now() + at_most;
        while !run().is_empty() && Instant::now() < until {
            thread::sleep(END_STEP);
        }
    };
    wait(grace);
    run().iter().for_each(Job::kill);
    wait(END_WAIT);
}

/// Listens on loopback, for clients that know the token.
fn listen_tcp(address: SocketAddr, token: &Path) -> Result<(TcpListener, Token), ShellError> {
    if !address.ip().is_loopback() {
        let why =
            "only an address on loopback is served, as 127.0.0.1:7070; a tunnel of ssh leads there from elsewhere";
        return Err(ShellError::usage(format!("`--tcp {address}`: {why}")));
    }
    let token = Token::of_server(token)?;
    let listener = TcpListener::bind(address)
        .map_err(|error| ShellError::failed(format!("`--tcp {address}`: {}", io_cause(&error))))?;
    Ok((listener, token))
}

fn failed(error: &std::io::Error) -> ShellError {
    ShellError::failed(format!("cannot serve: {}", io_cause(error)))
}
