//! One conversation as the home has it.

use super::mailbox::{Mail, Mailbox};
use super::transfer::Arrival;
use super::wire::{ConversationId, HomeMessage, NodeName, WireError};

/// Most messages that wait; one more loses the conversation.
const MESSAGES_MAX: usize = 4096;

/// One conversation.
pub struct Conversation {
    pub of: ConversationId,
    pub node: NodeName,
    pub mailbox: Mailbox<HomeMessage, Loss>,
}

/// The cause of a lost conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nobody listens to the node's subject.
    Unheard,
    /// The node's heartbeats were missed, or another has its name now.
    Gone,
    /// The node said that it ends.
    Ended,
    /// The connection was lost, here or there.
    Connection,
    /// A node sends no such message.
    Garbage,
}

/// The next event of a conversation.
pub type ConversationEvent = Mail<HomeMessage, Loss>;

impl Conversation {
    /// A conversation without messages.
    pub fn new(of: ConversationId, node: NodeName) -> Conversation {
        Conversation { of, node, mailbox: Mailbox::new(MESSAGES_MAX) }
    }

    /// Takes a part of a message. Gives the chunks whose arrival is to be acknowledged.
    pub fn take(&self, arrival: Result<Arrival<HomeMessage>, WireError>) -> u32 {
        let taken = arrival.ok().and_then(|Arrival { message, chunks }| {
            let put = message.map_or(Ok(()), |(message, payload)| self.mailbox.put(message, payload));
            put.ok().map(|()| chunks)
        });
        if taken.is_none() {
            self.mailbox.close(Loss::Garbage);
        }
        taken.unwrap_or(0)
    }
}
