//! The messages of one conversation that have arrived at one of its ends, and the thread that waits for them.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::transfer::{Arrival, Inbox, Window};
use super::wire::WireError;

/// A conversation's end: messages `M` arrive, until it is over for a cause `E`.
pub struct Mailbox<M, E> {
    /// Chunks on their way to the other end.
    pub window: Window,
    /// Most messages that wait.
    messages_max: usize,
    state: Mutex<MailboxState<M, E>>,
    changed: Condvar,
}

struct MailboxState<M, E> {
    inbox: Inbox<M>,
    whole: VecDeque<(M, Vec<u8>)>,
    is_nudged: bool,
    end: Option<E>,
}

/// The next event of a conversation.
#[allow(clippy::large_enum_variant, reason = "one event at a time, on the stack of its reader")]
pub enum Mail<M, E> {
    Message(M, Vec<u8>),
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
        Mailbox { window: Window::default(), messages_max, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes a message's beginning.
    ///
    /// # Errors
    /// The other end sends no such message.
    pub fn first(&self, message: M, bytes_whole: u64, chunk: &[u8]) -> Result<Arrival<M>, WireError> {
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
    pub fn put(&self, message: M, payload: Vec<u8>) -> Result<(), MailboxFull> {
        let mut state = self.state.lock();
        if state.whole.len() >= self.messages_max {
            return Err(MailboxFull);
        }
        state.whole.push_back((message, payload));
        self.changed.notify_all();
        Ok(())
    }

    /// Wakes the thread that waits.
    pub fn nudge(&self) {
        self.state.lock().is_nudged = true;
        self.changed.notify_all();
    }

    /// Ends the conversation. The first cause stays.
    pub fn close(&self, cause: E) {
        self.state.lock().end.get_or_insert(cause);
        self.changed.notify_all();
        self.window.close();
    }

    /// The cause of the conversation's end, if it is over.
    pub fn end(&self) -> Option<E> {
        self.state.lock().end
    }

    /// Waits for the next event. Messages from before the end are given before it.
    pub fn next(&self, until: Option<Instant>) -> Mail<M, E> {
        let mut state = self.state.lock();
        loop {
            if let Some((message, payload)) = state.whole.pop_front() {
                return Mail::Message(message, payload);
            }
            if let Some(cause) = state.end {
                return Mail::Closed(cause);
            }
            if std::mem::take(&mut state.is_nudged) {
                return Mail::Nudged;
            }
            match until {
                Some(until) if self.changed.wait_until(&mut state, until).timed_out() => return Mail::TimedOut,
                Some(_) => {}
                None => self.changed.wait(&mut state),
            }
        }
    }

    /// Sleeps until `until`, or until a nudge after which `is_over` holds. Messages stay.
    pub fn sleep(&self, until: Instant, is_over: impl Fn() -> bool) {
        let mut state = self.state.lock();
        while !is_over() && !self.changed.wait_until(&mut state, until).timed_out() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_before_the_end_and_nudges_after_both() {
        let mailbox: Mailbox<&str, u8> = Mailbox::new(2);
        mailbox.nudge();
        assert_eq!(mailbox.put("first", b"1".to_vec()), Ok(()));
        assert_eq!(mailbox.put("second", Vec::new()), Ok(()));
        assert_eq!(mailbox.put("third", Vec::new()), Err(MailboxFull));
        assert!(matches!(mailbox.next(None), Mail::Message("first", payload) if payload == b"1"));
        assert!(matches!(mailbox.next(None), Mail::Message("second", _)));
        assert!(matches!(mailbox.next(None), Mail::Nudged));
        assert!(matches!(mailbox.next(Some(Instant::now())), Mail::TimedOut));
        mailbox.close(7);
        mailbox.close(8);
        assert_eq!(mailbox.end(), Some(7), "the first cause");
        assert!(matches!(mailbox.next(None), Mail::Closed(7)));
    }
}
