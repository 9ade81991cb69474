//! The messages to the client, numbered in the order in which they are sent.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::request::Request;
use crate::text::cut_at_char;

/// The most bytes of one event's output; what is beyond goes into further events.
const OUTPUT_BYTES_MAX: usize = 64 << 10;

/// Carries a message to the client. False: the client is gone.
type Carry = Box<dyn FnMut(Value) -> bool + Send>;

/// Where messages go. Clones share it.
#[derive(Clone)]
pub struct Outlet {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    /// The number of the last message.
    seq: u64,
    carry: Carry,
    is_open: bool,
}

/// The stream of the client that an output belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Output,
    Errors,
    /// The adapter's own.
    Console,
}

impl Stream {
    fn category(self) -> &'static str {
        match self {
            Stream::Output => "stdout",
            Stream::Errors => "stderr",
            Stream::Console => "console",
        }
    }
}

impl Outlet {
    /// An outlet whose messages `carry` takes, one at a time. It gives false once the client is gone.
    pub fn new(carry: impl FnMut(Value) -> bool + Send + 'static) -> Outlet {
        let shared = Shared { seq: 0, carry: Box::new(carry), is_open: true };
        Outlet { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Sends an event.
    pub fn event(&self, event: &str, body: Value) {
        self.send(json!({ "type": "event", "event": event, "body": body }));
    }

    /// Sends text to the client's console, in events of at most [`OUTPUT_BYTES_MAX`].
    pub fn output(&self, stream: Stream, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let part = match cut_at_char(rest, OUTPUT_BYTES_MAX) {
                "" => rest,
                part => part,
            };
            self.event("output", json!({ "category": stream.category(), "output": part }));
            rest = rest.get(part.len()..).unwrap_or_default();
        }
    }

    /// Answers a request: with a body, or with the reason why not.
    pub fn answer(&self, request: &Request, result: Result<Value, String>) {
        let mut answer = json!({ "type": "response", "request_seq": request.seq, "command": request.command });
        match result {
            Ok(body) => {
                answer["success"] = true.into();
                // Some clients read a body that the protocol lets out.
                answer["body"] = if body.is_null() { json!({}) } else { body };
            }
            Err(why) => {
                answer["success"] = false.into();
                answer["message"] = why.as_str().into();
                answer["body"] = json!({ "error": { "id": 1, "format": escaped(&why), "showUser": true } });
            }
        }
        self.send(answer);
    }

    /// Sends a message of another adapter, as one of this one's.
    pub fn relay(&self, message: Value) {
        self.send(message);
    }

    /// Whether the client is there.
    pub fn is_open(&self) -> bool {
        self.shared.lock().is_open
    }

    fn send(&self, mut message: Value) {
        let mut shared = self.shared.lock();
        if !shared.is_open {
            return;
        }
        shared.seq += 1;
        message["seq"] = shared.seq.into();
        shared.is_open = (shared.carry)(message);
    }
}

/// A text as a format of the protocol, in which braces name variables.
fn escaped(text: &str) -> String {
    text.replace(['{', '}'], "'")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn messages_are_numbered_and_long_output_is_parted() {
        let (sender, sent) = channel();
        let outlet = Outlet::new(move |message| sender.send(message).is_ok());
        outlet.event("initialized", json!({}));
        outlet.output(Stream::Errors, &"é".repeat(OUTPUT_BYTES_MAX));
        let request = Request { seq: 7, command: "threads".to_owned(), arguments: Value::Null };
        outlet.answer(&request, Err("no `{x}`".to_owned()));
        let sent: Vec<Value> = sent.try_iter().collect();
        let numbers: Vec<u64> = sent.iter().filter_map(|message| message["seq"].as_u64()).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        let parts: usize = sent.iter().filter_map(|message| message["body"]["output"].as_str()).map(str::len).sum();
        assert_eq!(parts, 2 * OUTPUT_BYTES_MAX);
        assert_eq!(sent[3]["request_seq"], 7);
        assert_eq!(sent[3]["body"]["error"]["format"], "no `'x'`");
    }

    #[test]
    fn nothing_is_carried_to_a_client_that_is_gone() {
        let (sender, sent) = channel();
        let outlet = Outlet::new(move |message| {
            sender.send(message).ok();
            false
        });
        outlet.event("a", Value::Null);
        outlet.event("b", Value::Null);
        assert!(!outlet.is_open());
        assert_eq!(sent.try_iter().count(), 1);
    }
}
