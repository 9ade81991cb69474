//! One conversation as the node has it: the home's messages and the order to the guest: run, stop or end.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::kernel::clock::{Clock, Timed};
use crate::locks::{Mutex, Rank};
use crate::nats::Connection;
use crate::runtime::remote::mailbox::{Mail, Mailbox};
use crate::runtime::remote::payload::Payload;
use crate::runtime::remote::wire::{ConversationId, NodeMessage};

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
    pub mailbox: Mailbox<NodeMessage, ()>,
    wanted: AtomicU8,
    /// False until the message that it begins with is whole.
    has_begun: AtomicBool,
    /// The guest's deadline; `None` while it waits for its home, too.
    deadline: Mutex<Option<Instant>>,
}

impl NodeConversation {
    /// A conversation without messages.
    pub fn new(of: ConversationId, clock: &Arc<Clock>) -> Arc<NodeConversation> {
        Arc::new_cyclic(|this: &Weak<NodeConversation>| NodeConversation {
            of,
            this: this.clone(),
            clock: clock.clone(),
            mailbox: Mailbox::new(MESSAGES_MAX),
            wanted: AtomicU8::new(Wanted::Run as u8),
            has_begun: AtomicBool::new(false),
            deadline: Mutex::new(Rank::NodeDeadline, None),
        })
    }

    /// Gives a whole message to the thread that waits. One too many ends the conversation.
    pub fn put(&self, message: NodeMessage, payload: Payload) {
        if self.mailbox.put(message, payload).is_err() {
            self.mailbox.close(());
        }
    }

    /// Waits for the next message; `None`: the conversation is over.
    pub fn next(&self, connection: &Connection) -> Option<(NodeMessage, Payload)> {
        loop {
            match self.mailbox.next(connection, None) {
                Mail::Message(message, payload) => return Some((message, payload)),
                Mail::Closed(()) => return None,
                // An order alone, which the guest finds by itself.
                Mail::Nudged | Mail::TimedOut => {}
            }
        }
    }

    /// Ends the guest, and the conversation: its home is not there any more.
    pub fn close(&self) {
        self.cancel();
        self.mailbox.close(());
    }

    /// A worker has it from now on.
    pub fn begin(&self) {
        self.has_begun.store(true, Ordering::SeqCst);
    }

    /// Whether a worker has or had it.
    pub fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::SeqCst)
    }

    /// Orders the guest to end.
    pub fn cancel(&self) {
        if self.want(Wanted::End, |now| now != Wanted::Nothing as u8) {
            self.mailbox.nudge();
            self.clock.cancel(&self.this);
        }
    }

    /// Orders the guest to stop where it stands.
    pub fn halt(&self) {
        if self.want(Wanted::Halt, |now| now == Wanted::Run as u8) {
            self.clock.cancel(&self.this);
        }
    }

    /// Lets the stopped guest run again.
    pub fn resume(&self) {
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
        *self.deadline.lock()
    }

    /// Sets the deadline, in microseconds from now; `None`: the home alone ends the guest.
    pub fn set_remaining(&self, remaining_us: Option<u64>) {
        let deadline = remaining_us.and_then(|us| Instant::now().checked_add(Duration::from_micros(us)));
        *self.deadline.lock() = deadline;
        if let Some(deadline) = deadline {
            self.clock.watch(&self.this, deadline);
        }
    }

    /// Suspends the deadline while the guest waits for its home, whose clock runs meanwhile.
    pub fn suspend_deadline(&self) {
        *self.deadline.lock() = None;
    }

    /// Sleeps for `at_most`, or until the guest is to end.
    pub fn sleep(&self, connection: &Connection, at_most: Duration) {
        self.mailbox.sleep(connection, Instant::now() + at_most, || self.is_cancelled());
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
