//! A node: its instances, its conversations, its messages.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::conversation::NodeConversation;
use super::homes::Homes;
use super::instances::Instances;
use super::programs::Programs;
use super::workers::{Connected, Workers};
use crate::kernel::Policy;
use crate::kernel::clock::Clock;
use crate::locks::{Condvar, Mutex, Rank};
use crate::machine;
use crate::nats::{ConnectError, Connection, NatsSettings};
use crate::runtime::product_function::ProductFunctions;
use crate::runtime::remote::payload::Payload;
use crate::runtime::remote::transfer::{SendError, Way};
use crate::runtime::remote::wire::{
    ConversationId, HomeMessage, NodeBeat, NodeMessage, NodeName, Packet, Subjects, SystemName, WIRE_VERSION, encode,
};
use crate::runtime::{Advice, CompilerOptions, Explained, Guest, Images, NodeFigures};

/// The memory that a node offers where its machine does not tell what it has.
const MEMORY_BYTES_DEFAULT: u64 = 4 << 30;

/// The options of a node.
pub struct NodeOptions {
    pub nats: NatsSettings,
    pub system: SystemName,
    pub name: NodeName,
    /// The limits of its guests on this machine, on top of those of their homes.
    pub policy: Option<Policy>,
    /// The directory of compiled modules that outlive a run; `None`: none are kept.
    pub cache_dir: Option<PathBuf>,
    pub compiler: CompilerOptions,
    /// The most memory of all its instances; `None`: the machine's.
    pub memory_bytes_max: Option<u64>,
    /// Called with each event, on the connection's thread.
    pub on_event: Box<dyn Fn(NodeEvent) + Send + Sync>,
}

/// An event for a node's operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    HomeAppeared {
        home: u64,
    },
    /// A home has ended, or its heartbeats were missed; so many instances were dropped.
    HomeGone {
        home: u64,
        is_lost: bool,
        instances: usize,
    },
    Disconnected,
    Connected,
}

/// An error at the start of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeError {
    Connect(ConnectError),
    /// Another node of the system has the name.
    NameTaken(NodeName),
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeError::Connect(error) => error.fmt(f),
            NodeError::NameTaken(name) => write!(f, "a node `{name}` is in the system already"),
        }
    }
}

impl std::error::Error for NodeError {}

impl Explained for NodeError {
    fn advice(&self) -> Option<Advice> {
        match self {
            NodeError::Connect(_) => None,
            NodeError::NameTaken(_) => Some(Advice::OtherNodeName),
        }
    }
}

/// A node of a system.
pub struct Node {
    pub(super) this: Weak<Node>,
    pub(super) options: NodeOptions,
    pub(super) subjects: Subjects,
    pub(super) incarnation: u64,
    pub(super) memory_bytes_max: u64,
    pub(super) connection: OnceLock<Connection>,
    pub(super) images: Arc<Images>,
    pub(super) clock: Arc<Clock>,
    pub(super) workers: Workers,
    pub(super) programs: Programs,
    pub(super) instances: Instances,
    /// Whether it has said that it ends.
    is_ended: AtomicBool,
    /// Whether another node of the system has the name.
    has_namesake: Mutex<bool>,
    namesake: Condvar,
    pub(super) homes: Mutex<Homes>,
    pub(super) conversations: Mutex<HashMap<ConversationId, Arc<NodeConversation>>>,
}

impl Node {
    /// A node without a connection.
    pub(super) fn new(options: NodeOptions, subjects: Subjects) -> Arc<Node> {
        let images =
            Arc::new(Images::with(options.cache_dir.clone(), options.compiler.clone(), ProductFunctions::default()));
        let machine_bytes = machine::memory_bytes().unwrap_or(MEMORY_BYTES_DEFAULT);
        Arc::new_cyclic(|this| Node {
            this: this.clone(),
            memory_bytes_max: options.memory_bytes_max.unwrap_or(machine_bytes),
            options,
            subjects,
            incarnation: fastrand::u64(1..),
            connection: OnceLock::new(),
            clock: Arc::new(Clock::new(images.clone())),
            images,
            workers: Workers::of(this.clone()),
            programs: Programs::default(),
            instances: Instances::default(),
            is_ended: AtomicBool::new(false),
            has_namesake: Mutex::new(Rank::Namesake, false),
            namesake: Condvar::new(),
            homes: Mutex::new(Rank::NodeHomes, Homes::default()),
            conversations: Mutex::new(Rank::Conversations, HashMap::new()),
        })
    }

    /// Another node has the name.
    pub(super) fn note_namesake(&self) {
        *self.has_namesake.lock() = true;
        self.namesake.notify_all();
    }

    /// Waits for another node of the same name, for so long; true where there is one.
    pub(super) fn waits_for_namesake(&self, at_most: Duration) -> bool {
        let mut has_namesake = self.has_namesake.lock();
        let until = Instant::now() + at_most;
        while !*has_namesake && !self.namesake.wait_until(&mut has_namesake, until).timed_out() {}
        *has_namesake
    }

    /// Name of the node.
    pub fn name(&self) -> &NodeName {
        &self.options.name
    }

    /// The server's address without secrets.
    pub fn server(&self) -> &str {
        self.connection.get().map_or("", Connection::server)
    }

    /// Figures of the machine, and the node's load.
    pub fn figures(&self) -> NodeFigures {
        let (instances, memory_bytes) = self.instances.figures();
        NodeFigures {
            cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
            running: self.conversations.lock().len() as u32,
            instances: instances as u32,
            memory_bytes,
            memory_bytes_max: self.memory_bytes_max,
        }
    }

    /// The node's own policy.
    pub(super) fn policy(&self) -> Option<&Policy> {
        self.options.policy.as_ref()
    }

    /// Whether so much more memory is offered.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.instances.figures().1.saturating_add(bytes) <= self.memory_bytes_max
    }

    /// Sends a message of a conversation, from a worker.
    ///
    /// # Errors
    /// There is no connection, or the home is gone.
    pub(super) fn send(
        &self,
        conversation: &NodeConversation,
        message: &HomeMessage,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let connection = self.connection.get().ok_or(SendError::NotSent)?;
        let (of, subject) = (conversation.of, self.subjects.home(conversation.of));
        // A home that does not want the rest of an output closes the window.
        let way = Way { connection, of, subject, answer_to: None, is_cancelled: &|| false };
        way.send(message, payload, &conversation.mailbox.window)
    }

    /// Waits for the next message of a conversation; `None`: it is over.
    pub(super) fn next(&self, conversation: &NodeConversation) -> Option<(NodeMessage, Payload)> {
        conversation.next(self.connection.get()?)
    }

    /// Sleeps for `at_most`, or until the conversation's guest is to end.
    pub(super) fn sleep(&self, conversation: &NodeConversation, at_most: Duration) {
        if let Some(connection) = self.connection.get() {
            conversation.sleep(connection, at_most);
        }
    }

    /// Sends a packet without a payload, from the connection's thread.
    pub(super) fn publish<M: serde::Serialize>(&self, of: ConversationId, packet: &Packet<M>) {
        if let Some(connection) = self.connection.get() {
            connection.publish_later(self.subjects.home(of), encode(packet, &[]));
        }
    }

    /// Sends a heartbeat.
    pub(super) fn send_beat(&self) {
        let Some(connection) = self.connection.get() else { return };
        let (version, name) = (env!("CARGO_PKG_VERSION").to_owned(), self.name().clone());
        let (losses, figures, incarnation) = (connection.losses(), self.figures(), self.incarnation);
        let is_last = self.is_ended.load(Ordering::SeqCst);
        let beat = NodeBeat { wire: WIRE_VERSION, version, name, incarnation, losses, is_last, figures };
        connection.publish_later(self.subjects.node_beats(), encode(&beat, &[]));
    }

    /// Says that it ends: its homes lose its instances and their calls at once. Must not run on a thread that drives
    /// the connection, for it waits for that one.
    pub fn close(&self) {
        self.is_ended.store(true, Ordering::SeqCst);
        self.send_beat();
        if let Some(connection) = self.connection.get() {
            connection.flush();
        }
    }

    /// Notifies the operator of an event.
    pub(super) fn notify(&self, event: NodeEvent) {
        (self.options.on_event)(event);
    }

    /// Ends the conversations of a home, or of all.
    pub(super) fn close_conversations(&self, home: Option<u64>) {
        let of_home = |conversation: &Arc<NodeConversation>| home.is_none_or(|home| conversation.of.home == home);
        let conversations: Vec<Arc<NodeConversation>> =
            self.conversations.lock().values().filter(|conversation| of_home(conversation)).cloned().collect();
        conversations.iter().for_each(|conversation| conversation.close());
    }

    /// Drops the instances of a home.
    pub(super) fn leave_home(&self, home: u64, is_lost: bool) {
        self.close_conversations(Some(home));
        let (instances, guests) = self.instances.remove_of(home);
        self.notify(NodeEvent::HomeGone { home, is_lost, instances });
        self.drop_later(guests);
    }

    /// Drops guests on a worker: it takes system calls.
    pub(super) fn drop_later(&self, guests: Vec<Box<dyn Guest>>) {
        // Without a worker they are dropped here, with the closure.
        let _ = self.workers.run(move || drop(guests));
    }
}

impl Connected for Node {
    fn quiet_connection(&self) -> Option<&Connection> {
        self.connection.get().filter(|_| self.conversations.lock().is_empty())
    }
}
