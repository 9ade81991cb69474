//! The messages of one conversation that have arrived at one of its ends, and the thread that waits for them.

use std::collections::VecDeque;
use std::time::Instant;

use super::payload::Payload;
use super::transfer::{Arrival, Inbox, Window};
use super::wire::WireError;
use crate::locks::{Mutex, Rank};
use crate::nats::{Connection, Signal};

/// A conversation's end: messages `M` arrive, until it is over for a cause `E`.
pub struct Mailbox<M, E> {
    /// Chunks on their way to the other end.
    pub window: Window,
    /// Most messages that wait.
    messages_max: usize,
    state: Mutex<MailboxState<M, E>>,
    changed: Signal,
}

struct MailboxState<M, E> {
    inbox: Inbox<M>,
    whole: VecDeque<(M, Payload)>,
    is_nudged: bool,
    end: Option<E>,
}

/// The next event of a conversation.
#[allow(clippy::large_enum_variant, reason = "one event at a time, on the stack of its reader")]
pub enum Mail<M, E> {
    Message(M, Payload),
    /// The waiting thread is to check whether it is to wait on.
    Nudged,
    Closed(E),
    TimedOut,
}

/// The mailbox holds the most messages that may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxFull;

impl<M, E: Copy> Mailbox<M, E> {
    /// A mailbox without messages, for at most `messages_max`.
    pub fn new(messages_max: usize) -> Mailbox<M, E> {
        let state = MailboxState { inbox: Inbox::default(), whole: VecDeque::new(), is_nudged: false, end: None };
        Mailbox {
            window: Window::default(),
            messages_max,
            state: Mutex::new(Rank::Mailbox, state),
            changed: Signal::default(),
        }
    }

    /// Takes a message's beginning.
    ///
    /// # Errors
    /// The other end sends no such message.
    pub fn first(&self, message: M, bytes_whole: u64, chunk: Payload) -> Result<Arrival<M>, WireError> {
        self.state.lock().inbox.first(message, bytes_whole, chunk)
    }

    /// Takes more of a payload.
    ///
    /// # Errors
    /// As of [`Mailbox::first`].
    pub fn more(&self, chunk: &[u8]) -> Result<Arrival<M>, WireError> {
        self.state.lock().inbox.more(chunk)
    }

    /// Gives a whole message to the thread that waits.
    ///
    /// # Errors
    /// Too many wait already.
    pub fn put(&self, message: M, payload: Payload) -> Result<(), MailboxFull> {
        let mut state = self.state.lock();
        if state.whole.len() >= self.messages_max {
            return Err(MailboxFull);
        }
        state.whole.push_back((message, payload));
        self.changed.notify();
        Ok(())
    }

    /// Wakes the thread that waits.
    pub fn nudge(&self) {
        self.state.lock().is_nudged = true;
        self.changed.notify();
        self.window.nudge();
    }

    /// Ends the conversation. The first cause stays.
    pub fn close(&self, cause: E) {
        self.state.lock().end.get_or_insert(cause);
        self.changed.notify();
        self.window.close();
    }

    /// The cause of the conversation's end, if it is over.
    pub fn end(&self) -> Option<E> {
        self.state.lock().end
    }

    /// Waits for the next event. Messages from before the end are given before it.
    pub fn next(&self, connection: &Connection, until: Option<Instant>) -> Mail<M, E> {
        connection.wait(&self.changed, until, || self.event()).unwrap_or(Mail::TimedOut)
    }

    /// The next event, if there is one.
    fn event(&self) -> Option<Mail<M, E>> {
        let mut state = self.state.lock();
        if let Some((message, payload)) = state.whole.pop_front() {
            return Some(Mail::Message(message, payload));
        }
        if let Some(cause) = state.end {
            return Some(Mail::Closed(cause));
        }
        std::mem::take(&mut state.is_nudged).then_some(Mail::Nudged)
    }

    /// Sleeps until `until`, or until a nudge after which `is_over` holds. Messages stay.
    pub fn sleep(&self, connection: &Connection, until: Instant, is_over: impl Fn() -> bool) {
        connection.wait(&self.changed, Some(until), || is_over().then_some(()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_before_the_end_and_nudges_after_both() {
        let mailbox: Mailbox<&str, u8> = Mailbox::new(2);
        mailbox.nudge();
        assert_eq!(mailbox.put("first", b"1".to_vec().into()), Ok(()));
        assert_eq!(mailbox.put("second", Payload::default()), Ok(()));
        assert_eq!(mailbox.put("third", Payload::default()), Err(MailboxFull));
        assert!(matches!(mailbox.event(), Some(Mail::Message("first", payload)) if *payload == *b"1"));
        assert!(matches!(mailbox.event(), Some(Mail::Message("second", _))));
        assert!(matches!(mailbox.event(), Some(Mail::Nudged)));
        assert!(mailbox.event().is_none());
        mailbox.close(7);
        mailbox.close(8);
        assert_eq!(mailbox.end(), Some(7), "the first cause");
        assert!(matches!(mailbox.event(), Some(Mail::Closed(7))));
    }
}
