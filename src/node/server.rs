//! The messages of a node's connection, each given to whom it is for, on the thread that drives the connection: none of
//! this waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::calls::{InstanceCall, NewGuest};
use super::conversation::NodeConversation;
use super::homes::HomeChange;
use super::refusal::NodeRefusal;
use super::state::{Node, NodeError, NodeEvent, NodeOptions};
use super::workers::WORKERS_MAX;
use super::{calls, looks, prepare};
use crate::allocator;
use crate::nats::{Connection, Incoming, Listener};
use crate::runtime::FunctionId;
use crate::runtime::remote::payload::Payload;
use crate::runtime::remote::transfer::Arrival;
use crate::runtime::remote::wire::{
    BEAT_INTERVAL, ConversationId, HomeBeat, HomeMessage, MESSAGE_BYTES_MAX, NodeBeat, NodeMessage, Packet, Subjects,
    WIRE_VERSION, WireError, decode, encode,
};

/// Most conversations at once.
const CONVERSATIONS_MAX: usize = WORKERS_MAX * 2;

/// The longest wait for the heartbeat of another node of the same name.
const NAMESAKE_TIME: Duration = Duration::from_millis(300);

impl Node {
    /// Connects to a server and offers this machine to the homes of a system.
    ///
    /// # Errors
    /// There is no server, it refuses the credentials, or another node has the name.
    pub fn open(options: NodeOptions) -> Result<Arc<Node>, NodeError> {
        allocator::keep_freed_payloads();
        let subjects = Subjects::of(&options.system);
        let listened = [subjects.home_beats(), subjects.node_beats(), subjects.node(&options.name)];
        let nats = options.nats.clone();
        let node = Node::new(options, subjects);
        let opened = Connection::open(&nats, &listened, MESSAGE_BYTES_MAX, BEAT_INTERVAL, node.clone());
        let connection = opened.map_err(NodeError::Connect)?;
        // Set once, here.
        node.connection.get_or_init(|| connection);
        node.ask_for_namesakes();
        if node.waits_for_namesake(NAMESAKE_TIME) {
            return Err(NodeError::NameTaken(node.name().clone()));
        }
        node.send_beat();
        Ok(node)
    }

    fn take_beat(&self, bytes: &[u8]) {
        // Other bytes are ignored.
        let Ok((beat, _)) = decode::<HomeBeat>(bytes) else { return };
        if beat.home == 0 {
            return self.send_beat();
        }
        let change = self.homes.lock().take(&beat, Instant::now());
        match change {
            HomeChange::New => {
                self.send_beat();
                if beat.wire == WIRE_VERSION {
                    self.notify(NodeEvent::HomeAppeared { home: beat.home });
                }
            }
            HomeChange::Interrupted => self.close_conversations(Some(beat.home)),
            HomeChange::Ended => self.leave_home(beat.home, false),
            HomeChange::Nothing => {}
        }
    }

    /// Asks the nodes of the system for their heartbeats.
    fn ask_for_namesakes(&self) {
        let Some(connection) = self.connection.get() else { return };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let question = HomeBeat { wire: WIRE_VERSION, version, home: 0, losses: 0, is_last: false };
        connection.publish_later(self.subjects.home_beats(), encode(&question, &[]));
    }

    fn take_node_beat(&self, bytes: &[u8]) {
        let is_namesake = |beat: &NodeBeat| beat.name == *self.name() && beat.incarnation != self.incarnation;
        if decode::<NodeBeat>(bytes).is_ok_and(|(beat, _)| is_namesake(&beat)) {
            self.note_namesake();
        }
    }

    fn take_packet(&self, incoming: Incoming) {
        // Other bytes are no packet of this version: a home that sent them learns so from this node's heartbeat.
        let Ok((packet, chunk)) = decode::<Packet<NodeMessage>>(incoming.bytes()) else { return };
        let of = packet.conversation();
        match packet {
            Packet::First { message: NodeMessage::Ping, .. } => {
                self.publish(of, &Packet::First { of, bytes: 0, message: HomeMessage::Pong });
            }
            Packet::First { message: NodeMessage::Drop { instance }, .. } => {
                self.drop_later(self.instances.remove(of.home, instance).into_iter().collect());
            }
            Packet::First { bytes, message, .. } => {
                let chunk_bytes = chunk.len();
                self.take_first(of, message, bytes, Payload::of(incoming, chunk_bytes));
            }
            Packet::More { .. } => {
                let Some(conversation) = self.conversation(of) else { return };
                let arrival = conversation.mailbox.more(chunk);
                self.take_arrival(&conversation, arrival);
            }
            Packet::Arrived { chunks, .. } => {
                if let Some(conversation) = self.conversation(of) {
                    conversation.mailbox.window.arrived(chunks);
                }
            }
        }
    }

    fn conversation(&self, of: ConversationId) -> Option<Arc<NodeConversation>> {
        self.conversations.lock().get(&of).cloned()
    }

    fn take_first(&self, of: ConversationId, message: NodeMessage, bytes: u64, chunk: Payload) {
        let begins = matches!(
            message,
            NodeMessage::Prepare { .. }
                | NodeMessage::Instantiate { .. }
                | NodeMessage::Call { .. }
                | NodeMessage::Look { .. }
        );
        let conversation = match self.conversation(of) {
            Some(conversation) => conversation,
            None if begins && self.homes.lock().meet(of.home, Instant::now()) => {
                let conversation = NodeConversation::new(of, &self.clock);
                let mut conversations = self.conversations.lock();
                if conversations.len() >= CONVERSATIONS_MAX {
                    drop(conversations);
                    return self.refuse(of, NodeRefusal::Requests { max: CONVERSATIONS_MAX });
                }
                conversations.insert(of, conversation.clone());
                conversation
            }
            None if begins => return self.refuse(of, NodeRefusal::Homes),
            // The conversation is over.
            None => return,
        };
        let arrival = conversation.mailbox.first(message, bytes, chunk);
        self.take_arrival(&conversation, arrival);
    }

    fn refuse(&self, of: ConversationId, refusal: NodeRefusal) {
        let message = HomeMessage::Refused(refusal.failure(self.name()));
        self.publish(of, &Packet::First { of, bytes: 0, message });
    }

    fn take_arrival(&self, conversation: &Arc<NodeConversation>, arrival: Result<Arrival<NodeMessage>, WireError>) {
        let Ok(arrival) = arrival else {
            self.conversations.lock().remove(&conversation.of);
            return conversation.close();
        };
        if arrival.chunks > 0 {
            let packet: Packet<()> = Packet::Arrived { of: conversation.of, chunks: arrival.chunks };
            self.publish(conversation.of, &packet);
        }
        if let Some((message, payload)) = arrival.message {
            self.take_message(conversation, message, payload);
        }
    }

    fn take_message(&self, conversation: &Arc<NodeConversation>, message: NodeMessage, payload: Payload) {
        match message {
            NodeMessage::Cancel => {
                conversation.cancel();
                // The home does not take the rest of an output.
                conversation.mailbox.window.close();
                if !conversation.has_begun() {
                    // The rest of what it was to begin with does not come.
                    self.conversations.lock().remove(&conversation.of);
                }
            }
            NodeMessage::Halt => conversation.halt(),
            NodeMessage::Answer(_) | NodeMessage::Module { .. } => conversation.put(message, payload),
            NodeMessage::Prepare { plugin, modules, .. } => {
                self.work(conversation, move |node, conversation| {
                    prepare::prepare(node, conversation, &plugin, &modules, &payload)
                });
            }
            NodeMessage::Instantiate { image, plugin, run } => {
                let new = NewGuest { image, plugin: plugin.into(), run, spec: payload };
                self.work(conversation, move |node, conversation| calls::instantiate(node, conversation, new));
            }
            NodeMessage::Call { instance, function, run } => {
                let call = InstanceCall { instance, function: FunctionId(function), run, input: payload };
                self.work(conversation, move |node, conversation| calls::call(node, conversation, call));
            }
            NodeMessage::Look { instance, look } => {
                self.work(conversation, move |node, conversation| {
                    looks::look(node, conversation, instance, look, &payload)
                });
            }
            // Taken where they came.
            NodeMessage::Ping | NodeMessage::Drop { .. } => {}
        }
    }

    /// Runs the work of a conversation on a worker. The conversation ends with it.
    fn work(
        &self,
        conversation: &Arc<NodeConversation>,
        work: impl FnOnce(&Arc<Node>, &Arc<NodeConversation>) + Send + 'static,
    ) {
        conversation.begin();
        let (this, own) = (self.this.clone(), conversation.clone());
        let begun = self.workers.run(move || {
            let Some(node) = this.upgrade() else { return };
            work(&node, &own);
            own.end();
            node.conversations.lock().remove(&own.of);
        });
        if begun.is_err() {
            self.conversations.lock().remove(&conversation.of);
            self.refuse(conversation.of, NodeRefusal::Calls { max: WORKERS_MAX });
        }
        if self.conversations.lock().len() > 1
            && let Some(connection) = self.connection.get()
        {
            connection.leave_to_spare();
        }
    }
}

impl Listener for Node {
    fn received(&self, message: Incoming) {
        if message.subject() == self.subjects.home_beats() {
            self.take_beat(message.bytes());
        } else if message.subject() == self.subjects.node_beats() {
            self.take_node_beat(message.bytes());
        } else {
            self.take_packet(message);
        }
    }

    fn interrupted(&self) {
        self.notify(NodeEvent::Disconnected);
        self.close_conversations(None);
    }

    fn connected(&self) {
        self.notify(NodeEvent::Connected);
        self.send_beat();
    }

    fn beat(&self) {
        self.send_beat();
        let lost = self.homes.lock().lose_overdue(Instant::now());
        lost.into_iter().for_each(|home| self.leave_home(home, true));
    }
}
