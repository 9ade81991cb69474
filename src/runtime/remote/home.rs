//! The home's side of a system: the connection and its messages, each given to whom it is for.
//!
//! Messages are taken on the thread that drives the connection, often that of the call that waits for one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::conversation::{Conversation, ConversationEvent, Loss};
use super::node_table::{Ending, NodeKey, NodeTable};
use super::payload::Payload;
use super::transfer::{SendError, Way};
use super::wire::{
    BEAT_INTERVAL, ConversationId, HomeBeat, HomeMessage, MESSAGE_BYTES_MAX, NodeBeat, NodeMessage, NodeName, Packet,
    Subjects, SystemName, WIRE_VERSION, decode, encode,
};
use crate::allocator;
use crate::locks::{Condvar, Mutex, Rank};
use crate::nats::{ConnectError, Connection, Incoming, Listener, NatsSettings};
use crate::runtime::{Failure, NodeEnd, NodeView, NodeWatcher};

/// The time for nodes to answer a new home, before they are listed.
const ANSWER_TIME: Duration = Duration::from_millis(150);
/// The longest wait for a node to appear.
const APPEAR_MAX: Duration = Duration::from_millis(1_500);
/// The longest wait for a node's answer to [`NodeMessage::Ping`].
const PING_MAX: Duration = Duration::from_secs(1);

/// The options of a home.
#[derive(Clone, Default)]
pub struct HomeOptions {
    pub nats: NatsSettings,
    pub system: SystemName,
}

/// A home of a system.
pub struct Home {
    subjects: Subjects,
    number: u64,
    opened: Instant,
    connection: OnceLock<Connection>,
    nodes: Mutex<NodeTable>,
    /// Notified when a node appears.
    appeared: Condvar,
    conversations: Mutex<HashMap<u64, Arc<Conversation>>>,
    next_conversation: AtomicU64,
    watcher: OnceLock<Arc<dyn NodeWatcher>>,
    /// Instances for their nodes to drop, once there is a connection.
    drops: Mutex<Vec<(NodeName, u64)>>,
}

/// Most instances whose drop waits for a connection; the node drops the others when this home ends.
const DROPS_MAX: usize = 10_000;

impl Home {
    /// Connects to a server and asks for the nodes of a system.
    ///
    /// # Errors
    /// There is no server, or it refuses the credentials.
    pub fn open(options: &HomeOptions) -> Result<Arc<Home>, ConnectError> {
        allocator::keep_freed_payloads();
        let number = fastrand::u64(1..);
        let subjects = Subjects::of(&options.system);
        let listened = [subjects.node_beats(), subjects.home_all(number)];
        let home = Arc::new(Home {
            subjects,
            number,
            opened: Instant::now(),
            connection: OnceLock::new(),
            nodes: Mutex::new(Rank::KnownNodes, NodeTable::default()),
            appeared: Condvar::new(),
            conversations: Mutex::new(Rank::Conversations, HashMap::new()),
            next_conversation: AtomicU64::new(1),
            watcher: OnceLock::new(),
            drops: Mutex::new(Rank::HomeDrops, Vec::new()),
        });
        let connection = Connection::open(&options.nats, &listened, MESSAGE_BYTES_MAX, BEAT_INTERVAL, home.clone())?;
        // Set once, here.
        home.connection.get_or_init(|| connection);
        home.beat();
        Ok(home)
    }

    /// Announces the end of this home: its nodes drop their instances for it. Not for the connection's thread.
    pub fn close(&self) {
        self.publish(self.subjects.home_beats(), self.own_beat(true));
        if let Some(connection) = self.connection.get() {
            connection.flush();
        }
    }

    /// The server's address without secrets.
    pub fn server(&self) -> &str {
        self.connection.get().map_or("", Connection::server)
    }

    fn ping(&self, node: &NodeName) -> Option<Duration> {
        let conversation = self.begin(node);
        let began = Instant::now();
        let sent = self.send(&conversation, &NodeMessage::Ping, &[], &|| false);
        let pong = sent.ok().map(|()| self.next(&conversation, Some(began + PING_MAX)));
        let took = began.elapsed();
        self.end(&conversation);
        matches!(pong?, ConversationEvent::Message(HomeMessage::Pong, _)).then_some(took)
    }

    /// The least loaded node that fits `pattern`. One that is not there is waited for while this home is new.
    ///
    /// # Errors
    /// There is none; the failure says why.
    pub(super) fn choose(&self, pattern: &str) -> Result<NodeKey, Failure> {
        self.wait_for_answers();
        let until = self.opened + APPEAR_MAX;
        let mut nodes = self.nodes.lock();
        while !nodes.has(pattern) && !self.appeared.wait_until(&mut nodes, until).timed_out() {}
        nodes.choose(pattern)
    }

    /// Whether a node lives, and is the one that it was.
    pub(super) fn lives(&self, node: &NodeKey) -> bool {
        self.nodes.lock().lives(node)
    }

    /// Waits while this home is so new that nodes may not have answered.
    fn wait_for_answers(&self) {
        std::thread::sleep(ANSWER_TIME.saturating_sub(self.opened.elapsed()));
    }

    /// Begins a conversation with a node.
    pub(super) fn begin(&self, node: &NodeName) -> Arc<Conversation> {
        let number = self.next_conversation.fetch_add(1, Ordering::Relaxed);
        let conversation = Arc::new(Conversation::new(ConversationId { home: self.number, number }, node.clone()));
        self.conversations.lock().insert(number, conversation.clone());
        conversation
    }

    /// Ends a conversation. Its later messages are not taken.
    pub(super) fn end(&self, conversation: &Conversation) {
        self.conversations.lock().remove(&conversation.of.number);
    }

    /// Sends a message of a conversation. A payload of many chunks is sent no further once `is_cancelled`.
    ///
    /// # Errors
    /// There is no connection, the conversation was lost, or the message is not wanted any more.
    pub(super) fn send(
        &self,
        conversation: &Conversation,
        message: &NodeMessage,
        payload: &[u8],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<(), SendError> {
        let connection = self.connection.get().ok_or(SendError::NotSent)?;
        let (subject, answer_to) = (self.subjects.node(&conversation.node), Some(self.subjects.home(conversation.of)));
        Way { connection, of: conversation.of, subject, answer_to, is_cancelled }.send(
            message,
            payload,
            &conversation.mailbox.window,
        )
    }

    /// Waits for the next event of a conversation.
    pub(super) fn next(&self, conversation: &Conversation, until: Option<Instant>) -> ConversationEvent {
        match self.connection.get() {
            Some(connection) => conversation.mailbox.next(connection, until),
            None => ConversationEvent::Closed(Loss::Connection),
        }
    }

    /// Has a node drop an instance: now, or when there is a connection.
    pub(super) fn drop_instance(&self, node: &NodeName, instance: u64) {
        let conversation = Conversation::new(ConversationId { home: self.number, number: 0 }, node.clone());
        if self.send(&conversation, &NodeMessage::Drop { instance }, &[], &|| false).is_err() {
            let mut drops = self.drops.lock();
            if drops.len() < DROPS_MAX {
                drops.push((node.clone(), instance));
            }
        }
    }

    fn publish(&self, subject: String, bytes: Vec<u8>) {
        if let Some(connection) = self.connection.get() {
            connection.publish_later(subject, bytes);
        }
    }

    fn end_node(&self, key: NodeKey, loss: Loss) {
        self.lose_conversations(loss, |conversation| conversation.node == key.name);
        let Some(watcher) = self.watcher.get().cloned() else { return };
        // Instances are dropped, which says so to their nodes: nothing for the connection's own thread.
        let thread = std::thread::Builder::new().name("plugsh-lost".into());
        // Without a thread its processes are found out at their next calls.
        let end = if loss == Loss::Ended { NodeEnd::Ended } else { NodeEnd::Lost };
        let _ = thread.spawn(move || watcher.lost(key.name.as_str(), key.incarnation, end));
    }

    fn lose_conversations(&self, loss: Loss, of: impl Fn(&Conversation) -> bool) {
        let conversations: Vec<Arc<Conversation>> =
            self.conversations.lock().values().filter(|conversation| of(conversation)).cloned().collect();
        conversations.iter().for_each(|conversation| conversation.mailbox.close(loss));
    }

    fn take_beat(&self, bytes: &[u8]) {
        // Other bytes are ignored.
        let Ok((beat, _)) = decode::<NodeBeat>(bytes) else { return };
        let ending = self.nodes.lock().take(beat, Instant::now());
        self.appeared.notify_all();
        match ending {
            Some(Ending::Node(key)) => self.end_node(key, Loss::Gone),
            Some(Ending::Announced(key)) => self.end_node(key, Loss::Ended),
            Some(Ending::Conversations(node)) => {
                self.lose_conversations(Loss::Connection, |conversation| conversation.node == node)
            }
            None => {}
        }
    }

    fn take_packet(&self, number: u64, incoming: Incoming) {
        let conversation = self.conversations.lock().get(&number).cloned();
        let Some(conversation) = conversation else { return };
        let chunks = match decode::<Packet<HomeMessage>>(incoming.bytes()) {
            Ok((Packet::First { bytes, message, .. }, chunk)) => {
                let chunk_bytes = chunk.len();
                let chunk = Payload::of(incoming, chunk_bytes);
                conversation.take(conversation.mailbox.first(message, bytes, chunk))
            }
            Ok((Packet::More { .. }, chunk)) => conversation.take(conversation.mailbox.more(chunk)),
            Ok((Packet::Arrived { chunks, .. }, _)) => {
                conversation.mailbox.window.arrived(chunks);
                0
            }
            Err(_) => {
                conversation.mailbox.close(Loss::Garbage);
                0
            }
        };
        if chunks > 0 {
            let packet: Packet<()> = Packet::Arrived { of: conversation.of, chunks };
            self.publish(self.subjects.node(&conversation.node), encode(&packet, &[]));
        }
    }

    fn own_beat(&self, is_last: bool) -> Vec<u8> {
        let losses = self.connection.get().map_or(0, Connection::losses);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        encode(&HomeBeat { wire: WIRE_VERSION, version, home: self.number, losses, is_last }, &[])
    }

    /// The known nodes, each asked how long it takes to answer.
    pub(super) fn ask_all(&self) -> Vec<NodeView> {
        self.wait_for_answers();
        let views = self.nodes.lock().views();
        std::thread::scope(|scope| {
            let ask = |view: NodeView| {
                scope.spawn(move || {
                    let node = NodeName::new(&view.name).ok();
                    NodeView { round_trip: node.and_then(|node| self.ping(&node)), ..view }
                })
            };
            let asked: Vec<_> = views.into_iter().map(ask).collect();
            asked.into_iter().filter_map(|asked| asked.join().ok()).collect()
        })
    }

    /// The known nodes.
    pub(super) fn names(&self) -> Vec<String> {
        self.nodes.lock().views().into_iter().map(|view| view.name).collect()
    }

    /// Wakes the threads of all conversations.
    pub(super) fn nudge_all(&self) {
        let conversations: Vec<Arc<Conversation>> = self.conversations.lock().values().cloned().collect();
        conversations.iter().for_each(|conversation| conversation.mailbox.nudge());
    }

    /// Notifies `watcher` of lost nodes from now on; set once.
    pub(super) fn notify_of_losses(&self, watcher: Arc<dyn NodeWatcher>) {
        // Only the first call counts.
        self.watcher.set(watcher).ok();
    }
}

impl Listener for Home {
    fn received(&self, message: Incoming) {
        if message.subject() == self.subjects.node_beats() {
            return self.take_beat(message.bytes());
        }
        let Some(number) = Subjects::conversation_number(message.subject()) else { return };
        if !message.is_unheard() {
            return self.take_packet(number, message);
        }
        let Some(conversation) = self.conversations.lock().get(&number).cloned() else { return };
        conversation.mailbox.close(Loss::Unheard);
        let lost = self.nodes.lock().lose(&conversation.node);
        if let Some(key) = lost {
            self.end_node(key, Loss::Unheard);
        }
    }

    fn interrupted(&self) {
        self.lose_conversations(Loss::Connection, |_| true);
    }

    fn connected(&self) {
        self.beat();
        let drops = std::mem::take(&mut *self.drops.lock());
        for (node, instance) in drops {
            let (of, message) = (ConversationId { home: self.number, number: 0 }, NodeMessage::Drop { instance });
            self.publish(self.subjects.node(&node), encode(&Packet::First { of, bytes: 0, message }, &[]));
        }
    }

    fn beat(&self) {
        self.publish(self.subjects.home_beats(), self.own_beat(false));
        let lost = self.nodes.lock().lose_overdue(Instant::now());
        lost.into_iter().for_each(|key| self.end_node(key, Loss::Gone));
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // The connection closes after what was published is sent.
        self.publish(self.subjects.home_beats(), self.own_beat(true));
    }
}
