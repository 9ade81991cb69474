//! One conversation as the node has it: the home's messages, which the guest's thread waits for, and the order to the
//! guest: run, stop or end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::kernel::clock::{Clock, Timed};
use crate::runtime::remote::transfer::{Arrival, Inbox, Window};
use crate::runtime::remote::wire::{ConversationId, NodeMessage, WireError};

/// Most messages that wait for the guest's thread.
const MESSAGES_MAX: usize = 64;

/// The home's order to the conversation's guest.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Wanted {
    Run,
    /// Stop where it stands, and ask.
    Halt,
    End,
    /// The conversation is over: nothing is to be interrupted any more.
    Nothing,
}

/// One conversation.
pub struct NodeConversation {
    pub of: ConversationId,
    /// A reference to itself, for the clock.
    this: Weak<dyn Timed>,
    clock: Arc<Clock>,
    /// Chunks on their way to the home.
    pub window: Window,
    wanted: AtomicU8,
    state: Mutex<NodeConversationState>,
    changed: Condvar,
}

#[derive(Default)]
struct NodeConversationState {
    inbox: Inbox<NodeMessage>,
    whole: VecDeque<(NodeMessage, Vec<u8>)>,
    /// The guest's deadline; `None` while it waits for its home, too.
    deadline: Option<Instant>,
    is_closed: bool,
}

impl NodeConversation {
    /// A conversation without messages.
    pub fn new(of: ConversationId, clock: &Arc<Clock>) -> Arc<NodeConversation> {
        Arc::new_cyclic(|this: &Weak<NodeConversation>| NodeConversation {
            of,
            this: this.clone(),
            clock: clock.clone(),
            window: Window::default(),
            wanted: AtomicU8::new(Wanted::Run as u8),
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Takes a message's beginning.
    ///
    /// # Errors
    /// A home sends no such message.
    pub fn first(
        &self,
        message: NodeMessage,
        bytes_whole: u64,
        chunk: &[u8],
    ) -> Result<Arrival<NodeMessage>, WireError> {
        self.state.lock().inbox.first(message, bytes_whole, chunk)
    }

    /// Takes more of a payload.
    ///
    /// # Errors
    /// As of [`NodeConversation::first`].
    pub fn more(&self, chunk: &[u8]) -> Result<Arrival<NodeMessage>, WireError> {
        self.state.lock().inbox.more(chunk)
    }

    /// Gives a whole message to the thread that waits. One too many closes the conversation.
    pub fn put(&self, message: NodeMessage, payload: Vec<u8>) {
        let mut state = self.state.lock();
        if state.whole.len() < MESSAGES_MAX {
            state.whole.push_back((message, payload));
        } else {
            state.is_closed = true;
        }
        self.changed.notify_one();
    }

    /// Waits for the next message; `None`: the conversation is over.
    pub fn next(&self) -> Option<(NodeMessage, Vec<u8>)> {
        let mut state = self.state.lock();
        loop {
            if let Some(message) = state.whole.pop_front() {
                return Some(message);
            }
            if state.is_closed {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    /// Ends the guest, and the conversation: its home is not there any more.
    pub fn close(&self) {
        self.cancel();
        self.state.lock().is_closed = true;
        self.changed.notify_all();
        self.window.close();
    }

    /// Orders the guest to end.
    pub fn cancel(&self) {
        if self.want(Wanted::End, |now| now != Wanted::Nothing as u8) {
            // A sleeper has seen the order under its lock, or is woken.
            drop(self.state.lock());
            self.changed.notify_all();
            self.clock.cancel(&self.this);
        }
    }

    /// Orders the guest to stop where it stands.
    pub fn halt(&self) {
        if self.want(Wanted::Halt, |now| now == Wanted::Run as u8) {
            self.clock.cancel(&self.this);
        }
    }

    /// The stopped guest runs again.
    pub fn resumes(&self) {
        self.want(Wanted::Run, |now| now == Wanted::Halt as u8);
    }

    /// The guest has ended.
    pub fn end(&self) {
        self.want(Wanted::Nothing, |_| true);
    }

    /// Changes the order; false where a stronger one was given before.
    fn want(&self, wanted: Wanted, from: impl Fn(u8) -> bool) -> bool {
        let next = |now| from(now).then_some(wanted as u8);
        self.wanted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok()
    }

    /// Whether the guest is to end now.
    pub fn is_cancelled(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) == Wanted::End as u8
    }

    /// Whether the guest is to stop where it stands.
    pub fn is_halted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) == Wanted::Halt as u8
    }

    /// The guest's deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.state.lock().deadline
    }

    /// Sets the deadline, in microseconds from now; `None`: the home alone ends the guest.
    pub fn set_remaining(&self, remaining_us: Option<u64>) {
        let deadline = remaining_us.and_then(|us| Instant::now().checked_add(Duration::from_micros(us)));
        self.state.lock().deadline = deadline;
        if let Some(deadline) = deadline {
            self.clock.watch(&self.this, deadline);
        }
    }

    /// Suspends the deadline while the guest waits for its home, whose clock runs meanwhile.
    pub fn suspend_deadline(&self) {
        self.state.lock().deadline = None;
    }

    /// Sleeps for `at_most`, or until the guest is to end.
    pub fn sleep(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut state = self.state.lock();
        while !self.is_cancelled() && !self.changed.wait_until(&mut state, until).timed_out() {}
    }
}

impl Timed for NodeConversation {
    fn cancel_overdue(&self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.cancel();
        }
    }

    fn deadline_after(&self, now: Instant) -> Option<Instant> {
        self.deadline().filter(|deadline| *deadline > now)
    }

    fn needs_interrupt(&self) -> bool {
        self.is_cancelled() || self.is_halted()
    }
}
