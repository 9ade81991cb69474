//! The client's side of a connection: requests with the events that follow each, notices between them, and the end of
//! the server.

mod connect;
pub mod details;
mod event;
mod running;
pub mod views;

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::stream::Stream;
use super::wire::{LineReader, Message, Welcome, WireError, notification, parse, request, response};
use crate::locks::Mutex;
use crate::shell::reply::Line;

pub use connect::{Connect, connect};
pub use event::Event;
pub use running::{Served, running};

/// The most events of one request that wait for whoever shows them: then the server is not read.
const EVENTS_WAITING_MAX: usize = 4_096;
/// The most notices that wait for the prompt; the oldest are dropped first.
const NOTICES_MAX: usize = 100;

/// Called once, with the reason, when the server is gone.
pub type OnGone = Box<dyn FnOnce(&str) + Send>;

/// Takes the messages of the debug adapter at the server.
pub type OnDap = Box<dyn FnMut(Value) + Send>;

/// A connection to a server. Clones share it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    welcome: Welcome,
    writer: Mutex<Stream>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// The requests that are not answered yet.
    requests: BTreeMap<u64, SyncSender<Event>>,
    /// Notices that no request has asked for.
    notices: VecDeque<Line>,
    /// The reason why the server is gone.
    gone: Option<String>,
    on_gone: Option<OnGone>,
    on_dap: Option<OnDap>,
}

/// A request that was sent.
pub struct Pending {
    pub id: u64,
    events: Receiver<Event>,
}

impl Pending {
    /// The next event; `None` where none comes within `at_most`.
    pub fn next(&self, at_most: Duration) -> Option<Event> {
        match self.events.recv_timeout(at_most) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::Done(Err(WireError::refused("the server is gone")))),
        }
    }

    /// The answer, awaited; other events are dropped.
    ///
    /// # Errors
    /// The server refuses or fails, or is gone.
    pub fn wait(self) -> Result<Value, WireError> {
        loop {
            match self.events.recv() {
                Ok(Event::Done(result)) => return result,
                Ok(_) => {}
                Err(_) => return Err(WireError::refused("the server is gone")),
            }
        }
    }
}

impl Client {
    /// The server's description of itself.
    pub fn welcome(&self) -> &Welcome {
        &self.shared.welcome
    }

    /// Sends a request. Its events end with [`Event::Done`].
    pub fn request(&self, method: &str, params: &Value) -> Pending {
        let (sender, events) = mpsc::sync_channel(EVENTS_WAITING_MAX);
        let id = {
            let mut waiting = self.shared.waiting.lock();
            waiting.next += 1;
            let id = waiting.next;
            match &waiting.gone {
                Some(why) => drop(sender.send(Event::Done(Err(WireError::refused(why.clone()))))),
                None => drop(waiting.requests.insert(id, sender)),
            }
            id
        };
        self.send(&request(&json!(id), method, params));
        Pending { id, events }
    }

    /// Hands the messages of the debug adapter at the server to `then`, on the thread that reads.
    pub fn on_dap(&self, then: OnDap) {
        self.shared.waiting.lock().on_dap = Some(then);
    }

    /// Answers what the server asked.
    pub fn answer(&self, id: &Value, result: &Result<Value, WireError>) {
        self.send(&response(id, result));
    }

    /// Ctrl-C of the line that runs.
    pub fn interrupt(&self) {
        self.send(&notification("interrupt", &json!({})));
    }

    /// Takes the notices that came between lines.
    pub fn take_notices(&self) -> Vec<Line> {
        self.shared.waiting.lock().notices.drain(..).collect()
    }

    /// Why the server is gone, once it is.
    pub fn gone(&self) -> Option<String> {
        self.shared.waiting.lock().gone.clone()
    }

    /// Calls `then` once, with the reason, when the server is gone.
    pub fn on_gone(&self, then: OnGone) {
        let mut waiting = self.shared.waiting.lock();
        match waiting.gone.clone() {
            None => waiting.on_gone = Some(then),
            Some(why) => {
                drop(waiting);
                then(&why);
            }
        }
    }

    fn lost(&self) -> String {
        format!("`{}` is gone: its server has ended", self.shared.welcome.name)
    }

    /// A server that is gone is told of by the thread that reads.
    fn send(&self, line: &[u8]) {
        self.shared.writer.lock().write_all(line).ok();
    }

    /// Reads what the server sends, until it is gone.
    fn read(&self, mut lines: LineReader<Stream>) {
        let mut farewell = None;
        while let Ok(Some(line)) = lines.read_line() {
            match parse(line) {
                Ok(Message::Response { id, result }) => {
                    let sender = id.as_u64().and_then(|id| self.shared.waiting.lock().requests.remove(&id));
                    if let Some(sender) = sender {
                        sender.send(Event::Done(result)).ok();
                    }
                }
                Ok(Message::Notification { method, params }) if method == "bye" => {
                    farewell = params.get("message").and_then(Value::as_str).map(str::to_owned);
                }
                Ok(Message::Notification { method, mut params }) if method == "dap" => {
                    let message = params.remove("message").unwrap_or_default();
                    self.hand_on_dap(message);
                }
                Ok(Message::Notification { method, params }) => self.hand_on(None, &method, params),
                Ok(Message::Request { id, method, params }) => self.hand_on(Some(id), &method, params),
                // Nothing that a server of this version sends.
                Err(_) => {}
            }
        }
        self.end(farewell.unwrap_or_else(|| self.lost()));
    }

    /// Hands a message to whoever listens to the adapter, without a lock: they may wait for their own reader. This
    /// thread alone calls them.
    fn hand_on_dap(&self, message: Value) {
        let Some(mut then) = self.shared.waiting.lock().on_dap.take() else { return };
        then(message);
        self.shared.waiting.lock().on_dap.get_or_insert(then);
    }

    /// Hands an event to its request, or keeps a notice that has none.
    fn hand_on(&self, id: Option<Value>, method: &str, mut params: Map<String, Value>) {
        let run = params.remove("run").or_else(|| params.get("id").cloned()).and_then(|run| run.as_u64());
        let Some(event) = Event::of(id, method, params) else { return };
        let mut waiting = self.shared.waiting.lock();
        if let Some(sender) = run.and_then(|run| waiting.requests.get(&run).cloned()) {
            drop(waiting);
            // Fails where whoever asked has stopped listening.
            sender.send(event).ok();
        } else if let Event::Notice(line) = event {
            if waiting.notices.len() >= NOTICES_MAX {
                waiting.notices.pop_front();
            }
            waiting.notices.push_back(line);
        } else if let Event::Ask { id, method, .. } = event {
            drop(waiting);
            let why = format!("`{method}`: no line of this client runs");
            self.answer(&id, &Err(WireError::refused(why)));
        }
    }

    fn end(&self, why: String) {
        let mut waiting = self.shared.waiting.lock();
        let requests = std::mem::take(&mut waiting.requests);
        let on_gone = waiting.on_gone.take();
        waiting.gone = Some(why.clone());
        drop(waiting);
        // First: it may end the program, and nobody else has to tell why.
        if let Some(on_gone) = on_gone {
            on_gone(&why);
        }
        for sender in requests.into_values() {
            sender.send(Event::Done(Err(WireError::refused(why.clone())))).ok();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.writer.lock().close();
    }
}
