//! Requests of a server to its client: what is the client's to do. Each waits for the client's response.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use serde_json::{Value, json};

use super::outbox::{OnFull, Outbox};
use super::wire::{WireError, request};
use crate::locks::{Mutex, Rank};

/// Interval at which a wait looks whether the client is gone.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The requests that are not answered yet: one for each run at most.
pub struct Asks {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    senders: BTreeMap<u64, Sender<Result<Value, WireError>>>,
}

impl Default for Asks {
    fn default() -> Self {
        Asks { waiting: Mutex::new(Rank::ClientAsks, Waiting::default()) }
    }
}

impl Asks {
    /// Asks the client, and waits for its response.
    ///
    /// # Errors
    /// The client refuses or fails, or is gone.
    pub fn ask(&self, outbox: &Outbox, method: &str, params: &Value) -> Result<Value, WireError> {
        let (sender, answer) = mpsc::channel();
        let number = {
            let mut waiting = self.waiting.lock();
            waiting.next += 1;
            let number = waiting.next;
            waiting.senders.insert(number, sender);
            number
        };
        let gone = || WireError { code: 141, message: "the client is gone".to_owned(), data: Value::Null };
        let sent = outbox.send(request(&json!(number), method, params), OnFull::Wait);
        let answered = sent.map_err(|_| gone()).and_then(|()| {
            loop {
                match answer.recv_timeout(CHECK_INTERVAL) {
                    Ok(result) => break result,
                    Err(RecvTimeoutError::Timeout) if !outbox.is_closed() => {}
                    Err(_) => break Err(gone()),
                }
            }
        });
        self.waiting.lock().senders.remove(&number);
        answered
    }

    /// Hands a response to who waits for it. A response that nobody waits for is dropped.
    pub fn answer(&self, id: &Value, result: Result<Value, WireError>) {
        let sender = id.as_u64().and_then(|number| self.waiting.lock().senders.remove(&number));
        if let Some(sender) = sender {
            // Fails where the wait was given up.
            sender.send(result).ok();
        }
    }
}
