//! One client of a server: its requests are read on a thread of its own and answered here, or by the session, or on a
//! thread where an answer takes its time.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::methods;
use super::outbox::OnFull;
use super::session_thread::{Run, RunParams, SessionThread};
use super::shared::Shared;
use super::stream::Stream;
use super::wire::{
    Access, Fault, Hello, LineReader, Message, Mistake, PROTOCOL, ReadError, WireError, notification, params_of, parse,
};
use super::wire_front::Link;
use crate::kernel::{Job, OwnerId};
use crate::locks::{Mutex, Rank};

/// Interval at which the end of a client's requests is looked for, once it says nothing more.
const FINISH_STEP: Duration = Duration::from_millis(20);
/// The stack of a thread that answers a request.
const STACK_BYTES: usize = 2 << 20;

/// The fields of `interrupt`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct InterruptParams {
    /// The `calls` that follows, and is to end; without it the session's line is interrupted.
    id: Option<Value>,
    /// Ctrl-Z instead of Ctrl-C.
    stop: bool,
}

/// The server's side of a client.
pub struct Connection {
    /// The number of the client, from 1, as it is told of.
    id: u64,
    caller: Arc<Caller>,
    session_owner: OwnerId,
    /// Whether it may ask: at once at a socket, with the token on TCP.
    is_admitted: AtomicBool,
    hello: OnceLock<Hello>,
    session: Mutex<Option<SessionThread>>,
}

impl Connection {
    /// The connection of a client that has come. `needs_token`: it says it before all else.
    pub fn new(id: u64, shared: Arc<Shared>, link: Arc<Link>, needs_token: bool) -> Arc<Connection> {
        let (owner, session_owner) = (shared.kernel.add_owner(), shared.kernel.add_owner());
        Arc::new(Connection {
            id,
            caller: Arc::new(Caller {
                shared,
                link,
                owner,
                calls: Mutex::new(Rank::ClientCalls, Vec::new()),
                debugger: Mutex::new(Rank::ClientDebugger, None),
            }),
            session_owner,
            is_admitted: AtomicBool::new(!needs_token),
            hello: OnceLock::new(),
            session: Mutex::new(Rank::ClientSession, None),
        })
    }

    /// The number of the client.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The line to the client.
    pub fn link(&self) -> &Arc<Link> {
        &self.caller.link
    }

    fn shared(&self) -> &Shared {
        &self.caller.shared
    }

    /// Greets the client, and answers it until it is gone; then ends what is left of it.
    pub fn serve(self: &Arc<Self>, stream: Stream) {
        let welcome = serde_json::to_value(self.shared().welcome()).unwrap_or_default();
        self.notify(&notification("hello", &welcome));
        let mut lines = LineReader::new(stream);
        loop {
            match lines.read_line() {
                Ok(Some([])) => {}
                Ok(Some(line)) => self.take(line),
                Ok(None) => {
                    self.finish_requests();
                    break;
                }
                Err(ReadError::Io(_)) => break,
                Err(ReadError::TooLong) => {
                    let why = format!("a line is longer than {} bytes", super::wire::LINE_BYTES_MAX);
                    self.answer(&Value::Null, &Err(WireError::new(Fault::Request, why)));
                    self.link().outbox.close();
                    break;
                }
            }
        }
        self.end();
    }

    /// Answers what a client has asked that says nothing more, and still reads.
    fn finish_requests(&self) {
        let link = self.link();
        while link.is_owed() && !link.outbox.is_closed() && link.outbox.is_read() {
            thread::sleep(FINISH_STEP);
        }
        if link.outbox.is_read() {
            link.outbox.close();
        }
    }

    /// Ends the client's session, calls and holds. Its background jobs go on.
    fn end(&self) {
        self.link().outbox.abandon();
        let debugger = self.caller.debugger.lock().take();
        drop(debugger);
        self.caller.calls.lock().iter().for_each(Job::interrupt);
        if let Some(session) = self.session.lock().take() {
            session.end();
        }
        self.shared().kernel.remove_owner(self.session_owner);
        self.shared().kernel.remove_owner(self.caller.owner);
        if self.link().outbox.was_dropped() {
            self.shared().log(&format!("client {} was dropped: it does not read what it is sent", self.id));
        }
    }

    fn take(self: &Arc<Self>, line: &[u8]) {
        match parse(line) {
            Ok(Message::Request { id, method, params }) => self.request(id, &method, params),
            Ok(Message::Notification { method, params }) if method == "interrupt" => {
                self.interrupt(params).ok();
            }
            // Nothing else can be asked without an answer.
            Ok(Message::Notification { .. }) => {}
            Ok(Message::Response { id, result }) => self.link().asks.answer(&id, result),
            Err(mistake) => {
                let Mistake { id, error } = *mistake;
                self.answer(&id, &Err(error));
            }
        }
    }

    fn request(self: &Arc<Self>, id: Value, method: &str, params: Map<String, Value>) {
        if method != "hello" && !self.is_admitted.load(Ordering::Acquire) {
            let why = "say `hello` with the token of the server's file first";
            return self.answer(&id, &Err(WireError::refused(why)));
        }
        let result = match method {
            "hello" => {
                let result = self.hello(params);
                self.answer(&id, &result);
                if !self.is_admitted.load(Ordering::Acquire) {
                    self.link().outbox.close();
                }
                return;
            }
            "interrupt" => self.interrupt(params),
            "run" => match self.run(&id, params) {
                // The session answers.
                Ok(()) => return,
                Err(error) => Err(error),
            },
            "complete" => self.with_session(|session| methods::complete(self.shared(), session, params)),
            method => match methods::find(method) {
                None => Err(methods::unknown(method)),
                Some(method) => return self.on_thread(id, method, params),
            },
        };
        self.answer(&id, &result);
    }

    /// Answers a request on a thread of its own, or here where it is quick.
    fn on_thread(self: &Arc<Self>, id: Value, method: &'static methods::Method, params: Map<String, Value>) {
        if method.changes && self.access() == Access::ReadOnly {
            let why = format!("`{}`: a read-only client may look and not touch", method.name);
            return self.answer(&id, &Err(WireError::refused(why)));
        }
        if method.changes && self.shared().is_ending() {
            return self.answer(&id, &Err(ending()));
        }
        if method.is_quick {
            return self.caller.answer_if(&id, (method.run)(&self.caller, &id, params));
        }
        let unanswered = match self.caller.begin_request() {
            Ok(unanswered) => unanswered,
            Err(error) => return self.answer(&id, &Err(error)),
        };
        let (connection, answered) = (Arc::clone(self), id.clone());
        let body = move || {
            let result = (method.run)(&connection.caller, &id, params);
            connection.caller.answer_if(&id, result);
            drop(unanswered);
        };
        let builder = thread::Builder::new().name("plugsh-request".to_owned()).stack_size(STACK_BYTES);
        if let Err(error) = builder.spawn(body) {
            self.answer(&answered, &Err(WireError::refused(format!("no thread can be started: {error}"))));
        }
    }

    fn hello(&self, params: Map<String, Value>) -> Result<Value, WireError> {
        let hello: Hello = params_of(params)?;
        if hello.protocol != PROTOCOL {
            let theirs = hello.protocol;
            return Err(WireError::refused(format!("protocol {theirs} is not spoken here, but {PROTOCOL}")));
        }
        let token = hello.token.as_deref().unwrap_or_default();
        if !self.is_admitted.load(Ordering::Acquire) && !self.shared().knows(token) {
            return Err(WireError::refused("the token is not the one in the server's file"));
        }
        let access = if self.shared().is_read_only() { Access::ReadOnly } else { hello.access };
        if self.hello.set(Hello { token: None, access, ..hello }).is_err() {
            return Err(WireError::refused("`hello` is said once, before all else"));
        }
        self.is_admitted.store(true, Ordering::Release);
        if self.hello.get().is_some_and(|hello| hello.interactive) {
            // Notices come before the first line.
            self.with_session(|_| Ok(()))?;
        }
        let mut answer = serde_json::to_value(self.shared().welcome()).unwrap_or_default();
        answer["client"] = json!(self.id);
        Ok(answer)
    }

    /// The description of a client that sent no `hello`.
    fn silent(&self) -> Hello {
        let access = if self.shared().is_read_only() { Access::ReadOnly } else { Access::Full };
        Hello { access, ..Hello::default() }
    }

    fn access(&self) -> Access {
        self.hello.get().map_or(self.silent().access, |hello| hello.access)
    }

    fn run(&self, id: &Value, params: Map<String, Value>) -> Result<(), WireError> {
        let params: RunParams = params_of(params)?;
        if self.shared().is_ending() {
            return Err(ending());
        }
        self.link().runs.fetch_add(1, Ordering::AcqRel);
        let taken = self.with_session(|session| session.run(Run { id: id.clone(), params }));
        if taken.is_err() {
            self.link().runs.fetch_sub(1, Ordering::AcqRel);
        }
        taken
    }

    /// The session, started by the first who needs it.
    fn with_session<T>(&self, work: impl FnOnce(&SessionThread) -> Result<T, WireError>) -> Result<T, WireError> {
        let mut session = self.session.lock();
        let session = match &mut *session {
            Some(session) => session,
            none => {
                let hello = self.hello.get_or_init(|| self.silent()).clone();
                let (kernel, project) = (&self.shared().kernel, self.shared().project().map(Path::to_owned));
                none.insert(SessionThread::start(kernel, self.link(), self.session_owner, hello, project)?)
            }
        };
        work(session)
    }

    /// Ctrl-C of the session's line; with `stop` Ctrl-Z, with `id` the end of a `calls` that follows.
    fn interrupt(&self, params: Map<String, Value>) -> Result<Value, WireError> {
        let InterruptParams { id, stop } = params_of(params)?;
        if let Some(id) = id {
            self.link().followed.lock().retain(|followed| *followed != id);
            return Ok(json!({}));
        }
        let line_runs = !self.link().run.lock().is_null();
        let interrupter = self.session.lock().as_ref().map(|session| session.interrupter.clone());
        let interrupter = interrupter.filter(|_| line_runs);
        if stop {
            return Ok(json!({ "taken": interrupter.is_some_and(|interrupter| interrupter.stop()) }));
        }
        if let Some(interrupter) = interrupter {
            interrupter.interrupt();
        }
        Ok(json!({}))
    }

    /// Sends a line; to a client that is gone nothing is sent.
    fn notify(&self, line: &[u8]) {
        self.link().outbox.send(line.to_vec(), OnFull::Drop).ok();
    }

    fn answer(&self, id: &Value, result: &Result<Value, WireError>) {
        self.caller.answer(id, result);
    }
}

fn ending() -> WireError {
    WireError::refused("the server is ending; nothing new is begun")
}
