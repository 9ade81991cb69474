//! One conversation as the home has it: its messages that wait, and the thread that takes them.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::transfer::{Inbox, Window};
use super::wire::{ConversationId, HomeMessage, NodeName};

/// Most messages that wait; one more loses the conversation.
const MESSAGES_MAX: usize = 4096;

/// One conversation.
pub struct Conversation {
    pub of: ConversationId,
    pub node: NodeName,
    /// Chunks on their way to the node.
    pub window: Window,
    state: Mutex<ConversationState>,
    changed: Condvar,
}

#[derive(Default)]
struct ConversationState {
    inbox: Inbox<HomeMessage>,
    whole: VecDeque<(HomeMessage, Vec<u8>)>,
    is_nudged: bool,
    loss: Option<Loss>,
}

/// The cause of a lost conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nobody listens to the node's subject.
    Unheard,
    /// Its heartbeats were missed, or another has its name now.
    Gone,
    /// The connection was lost, here or there.
    Connection,
    /// A node sends no such message.
    Garbage,
}

/// The next event of a conversation.
#[allow(clippy::large_enum_variant, reason = "one event at a time, on the stack of its reader")]
pub enum ConversationEvent {
    Message(HomeMessage, Vec<u8>),
    /// The waiting thread is to check whether its call is to end.
    Nudged,
    Lost(Loss),
    TimedOut,
}

impl Conversation {
    /// A conversation without messages.
    pub fn new(of: ConversationId, node: NodeName) -> Conversation {
        Conversation { of, node, window: Window::default(), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Takes a message's beginning from the node. Gives the chunks whose arrival is to be acknowledged.
    pub fn first(&self, message: HomeMessage, bytes_whole: u64, chunk: &[u8]) -> u32 {
        self.arrive(|inbox| inbox.first(message, bytes_whole, chunk))
    }

    /// Takes more of a payload.
    pub fn more(&self, chunk: &[u8]) -> u32 {
        self.arrive(|inbox| inbox.more(chunk))
    }

    fn arrive(
        &self,
        take: impl FnOnce(&mut Inbox<HomeMessage>) -> Result<super::transfer::Arrival<HomeMessage>, super::wire::WireError>,
    ) -> u32 {
        let mut state = self.state.lock();
        match take(&mut state.inbox) {
            Ok(arrival) if state.whole.len() < MESSAGES_MAX => {
                if let Some(message) = arrival.message {
                    state.whole.push_back(message);
                    self.changed.notify_one();
                }
                arrival.chunks
            }
            Ok(_) | Err(_) => {
                drop(state);
                self.lose(Loss::Garbage);
                0
            }
        }
    }

    /// Wakes the thread that waits.
    pub fn nudge(&self) {
        self.state.lock().is_nudged = true;
        self.changed.notify_one();
    }

    /// Ends the conversation.
    pub fn lose(&self, loss: Loss) {
        self.state.lock().loss.get_or_insert(loss);
        self.changed.notify_one();
        self.window.close();
    }

    /// The cause of its loss, if it was lost.
    pub fn loss(&self) -> Option<Loss> {
        self.state.lock().loss
    }

    /// Waits for the next event. Messages from before a loss are given before it.
    pub fn next(&self, until: Option<Instant>) -> ConversationEvent {
        let mut state = self.state.lock();
        loop {
            if let Some((message, payload)) = state.whole.pop_front() {
                return ConversationEvent::Message(message, payload);
            }
            if let Some(loss) = state.loss {
                return ConversationEvent::Lost(loss);
            }
            if std::mem::take(&mut state.is_nudged) {
                return ConversationEvent::Nudged;
            }
            match until {
                Some(until) if self.changed.wait_until(&mut state, until).timed_out() => {
                    return ConversationEvent::TimedOut;
                }
                Some(_) => {}
                None => self.changed.wait(&mut state),
            }
        }
    }
}
