//! Messages with their payloads: cut into chunks, and put together again. A sender keeps at most [`WINDOW_CHUNKS`]
//! under way, so that a server need not hold more for a slow receiver.

use serde::Serialize;

use super::payload::Payload;
use super::wire::{CHUNK_BYTES, ConversationId, PAYLOAD_BYTES_MAX, Packet, WireError, encode};
use crate::locks::{Mutex, Rank};
use crate::nats::{Connection, NotSent, Signal};

/// Most chunks that were sent and have not arrived.
const WINDOW_CHUNKS: u32 = 8;
/// Chunks between two acknowledgements.
const ARRIVALS_EACH: u32 = WINDOW_CHUNKS / 2;

/// The chunks of one conversation that are under way in one direction.
pub struct Window {
    state: Mutex<WindowState>,
    changed: Signal,
}

#[derive(Default)]
struct WindowState {
    chunks: u32,
    is_closed: bool,
}

/// Why a message was not sent, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// There is no connection, or the conversation is over.
    NotSent,
    /// The sender does not want it sent any more.
    Cancelled,
}

impl From<NotSent> for SendError {
    fn from(NotSent: NotSent) -> SendError {
        SendError::NotSent
    }
}

impl Default for Window {
    fn default() -> Self {
        Window { state: Mutex::new(Rank::Window, WindowState::default()), changed: Signal::default() }
    }
}

impl Window {
    /// Takes room for one more chunk; `None`: there is none yet.
    fn take(&self) -> Option<Result<(), SendError>> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Some(Err(SendError::NotSent));
        }
        if state.chunks >= WINDOW_CHUNKS {
            return None;
        }
        state.chunks += 1;
        Some(Ok(()))
    }

    /// So many chunks have arrived.
    pub fn arrived(&self, chunks: u32) {
        let mut state = self.state.lock();
        state.chunks = state.chunks.saturating_sub(chunks);
        self.changed.notify();
    }

    /// Has the thread that waits for room look whether the message is wanted still.
    pub fn nudge(&self) {
        self.changed.notify();
    }

    /// Ends the wait for room: the conversation is over.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify();
    }
}

/// The way of a conversation's messages in one direction.
pub struct Way<'a> {
    pub connection: &'a Connection,
    pub of: ConversationId,
    pub subject: String,
    /// The subject for the server's answer that nobody listens.
    pub answer_to: Option<String>,
    /// Whether the message is not wanted any more; asked while the sender waits.
    pub is_cancelled: &'a dyn Fn() -> bool,
}

impl Way<'_> {
    /// Sends a message with its payload, and waits until the last of its chunks is on its way.
    ///
    /// # Errors
    /// There is no connection, the conversation is over, or the message is not wanted any more.
    pub fn send<M: Serialize>(&self, message: &M, payload: &[u8], window: &Window) -> Result<(), SendError> {
        let (first, rest) = payload.split_at_checked(CHUNK_BYTES).unwrap_or((payload, &[]));
        let packet = Packet::First { of: self.of, bytes: payload.len() as u64, message };
        self.connection.publish(self.subject.clone(), self.answer_to.clone(), encode(&packet, first))?;
        for chunk in rest.chunks(CHUNK_BYTES) {
            let cancelled = || (self.is_cancelled)().then_some(Err(SendError::Cancelled));
            let taken = self.connection.wait(&window.changed, None, || cancelled().or_else(|| window.take()));
            taken.unwrap_or(Err(SendError::NotSent))?;
            let packet: Packet<()> = Packet::More { of: self.of };
            self.connection.publish(self.subject.clone(), None, encode(&packet, chunk))?;
        }
        Ok(())
    }
}

/// The arrival of a packet.
pub struct Arrival<M> {
    /// A message that is whole now.
    pub message: Option<(M, Payload)>,
    /// The chunks whose arrival is to be acknowledged.
    pub chunks: u32,
}

/// Messages of one conversation as they arrive in one direction.
pub struct Inbox<M> {
    partial: Option<Partial<M>>,
    /// Chunks whose arrival is not acknowledged yet.
    unreported: u32,
}

struct Partial<M> {
    message: M,
    bytes_whole: u64,
    bytes: Vec<u8>,
}

impl<M> Default for Inbox<M> {
    fn default() -> Self {
        Inbox { partial: None, unreported: 0 }
    }
}

impl<M> Inbox<M> {
    /// Takes a message and the first of its payload. A whole one may come between the chunks of another.
    ///
    /// # Errors
    /// The payload is over the bound, or two are under way at once.
    pub fn first(&mut self, message: M, bytes_whole: u64, chunk: Payload) -> Result<Arrival<M>, WireError> {
        let bytes = chunk.len() as u64;
        if bytes == bytes_whole {
            return Ok(Arrival { message: Some((message, chunk)), chunks: 0 });
        }
        if bytes > bytes_whole || bytes_whole > PAYLOAD_BYTES_MAX || self.partial.is_some() {
            return Err(WireError);
        }
        self.partial = Some(Partial { message, bytes_whole, bytes: chunk.into_vec() });
        Ok(Arrival { message: None, chunks: 0 })
    }

    /// Takes more of the payload under way.
    ///
    /// # Errors
    /// None is, or it is more than was announced.
    pub fn more(&mut self, chunk: &[u8]) -> Result<Arrival<M>, WireError> {
        let partial = self.partial.as_mut().ok_or(WireError)?;
        if chunk.is_empty() || (partial.bytes.len() + chunk.len()) as u64 > partial.bytes_whole {
            return Err(WireError);
        }
        partial.bytes.extend_from_slice(chunk);
        self.unreported += 1;
        let is_whole = partial.bytes.len() as u64 == partial.bytes_whole;
        let message = self.partial.take_if(|_| is_whole).map(|partial| (partial.message, partial.bytes.into()));
        let chunks =
            if is_whole || self.unreported >= ARRIVALS_EACH { std::mem::take(&mut self.unreported) } else { 0 };
        Ok(Arrival { message, chunks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(bytes: &[u8]) -> Payload {
        bytes.to_vec().into()
    }

    #[test]
    fn a_payload_is_whole_when_its_bytes_are_there() {
        let mut inbox = Inbox::default();
        assert!(inbox.first("long", 5, payload(b"ab")).unwrap().message.is_none());
        let (message, empty) = inbox.first("cut", 0, payload(b"")).unwrap().message.unwrap();
        assert_eq!((message, &*empty), ("cut", &b""[..]), "between its chunks");
        assert!(inbox.more(b"cd").unwrap().message.is_none());
        let arrival = inbox.more(b"e").unwrap();
        let (message, whole) = arrival.message.unwrap();
        assert_eq!((message, &*whole, arrival.chunks), ("long", &b"abcde"[..], 2));
    }

    #[test]
    fn more_than_was_announced_is_refused() {
        let mut inbox = Inbox::default();
        assert!(inbox.more(b"a").is_err(), "of nothing");
        assert!(inbox.first("m", 1, payload(b"ab")).is_err());
        assert!(inbox.first("m", PAYLOAD_BYTES_MAX + 1, payload(b"ab")).is_err());
        assert!(inbox.first("m", 4, payload(b"ab")).is_ok() && inbox.first("other", 4, payload(b"ab")).is_err());
        assert!(inbox.more(b"").is_err() && inbox.more(b"cde").is_err());
    }

    #[test]
    fn a_window_is_full_until_chunks_have_arrived() {
        let window = Window::default();
        (0..WINDOW_CHUNKS).for_each(|_| assert_eq!(window.take(), Some(Ok(()))));
        assert_eq!(window.take(), None);
        window.arrived(1);
        assert_eq!((window.take(), window.take()), (Some(Ok(())), None));
        window.close();
        assert_eq!(window.take(), Some(Err(SendError::NotSent)));
    }
}
