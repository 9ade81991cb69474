//! What comes over a node's connection, and whom it is for. Nothing on the connection's thread waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::homes::HomeChange;
use super::state::{Node, NodeError, NodeEvent, NodeOptions};
use super::talk::NodeTalk;
use super::workers::WORKERS_MAX;
use super::{calls, prepare};
use crate::nats::{Connection, Incoming, Listener};
use crate::runtime::Failure;
use crate::runtime::remote::transfer::Arrival;
use crate::runtime::remote::wire::{
    BEAT_INTERVAL, Conversation, HomeBeat, HomeMessage, MESSAGE_BYTES_MAX, NodeBeat, NodeMessage, Packet, Subjects,
    WIRE_VERSION, WireError, decode, encode,
};

/// Most conversations at once.
const TALKS_MAX: usize = WORKERS_MAX * 2;

/// The time for another node of the same name to say that it is there.
const NAMESAKE_TIME: Duration = Duration::from_millis(300);

impl Node {
    /// Connects to a server and offers this machine to the homes of a system.
    ///
    /// # Errors
    /// There is no server, it refuses the credentials, or another node has the name.
    pub fn open(options: NodeOptions) -> Result<Arc<Node>, NodeError> {
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
        // Bytes that are no heartbeat are of nobody.
        let Ok((beat, _)) = decode::<HomeBeat>(bytes) else { return };
        if beat.home == 0 {
            return self.send_beat();
        }
        let change = self.homes.lock().take(&beat, Instant::now());
        match change {
            HomeChange::New => {
                self.send_beat();
                if beat.wire == WIRE_VERSION {
                    self.tell(NodeEvent::HomeAppeared { home: beat.home });
                }
            }
            HomeChange::Interrupted => self.close_talks(Some(beat.home)),
            HomeChange::Ended => self.leave_home(beat.home, false),
            HomeChange::Nothing => {}
        }
    }

    /// Asks the nodes of the system to say who they are.
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

    fn take_packet(&self, bytes: &[u8]) {
        // What is no packet of this version is of nobody: a home that sent it has this node's heartbeat.
        let Ok((packet, chunk)) = decode::<Packet<NodeMessage>>(bytes) else { return };
        let of = packet.conversation();
        match packet {
            Packet::First { message: NodeMessage::Ping, .. } => {
                self.publish(of, &Packet::First { of, bytes: 0, message: HomeMessage::Pong });
            }
            Packet::First { message: NodeMessage::Drop { instance }, .. } => {
                self.drop_later(self.instances.remove(of.home, instance).into_iter().collect());
            }
            Packet::First { bytes, message, .. } => self.take_first(of, message, bytes, chunk),
            Packet::More { .. } => {
                let Some(talk) = self.talk(of) else { return };
                let arrival = talk.more(chunk);
                self.take_arrival(&talk, arrival);
            }
            Packet::Arrived { chunks, .. } => {
                if let Some(talk) = self.talk(of) {
                    talk.window.arrived(chunks);
                }
            }
        }
    }

    fn talk(&self, of: Conversation) -> Option<Arc<NodeTalk>> {
        self.talks.lock().get(&of).cloned()
    }

    fn take_first(&self, of: Conversation, message: NodeMessage, bytes: u64, chunk: &[u8]) {
        let begins =
            matches!(message, NodeMessage::Prepare { .. } | NodeMessage::Instantiate { .. } | NodeMessage::Call { .. });
        let talk = match self.talk(of) {
            Some(talk) => talk,
            None if begins && self.homes.lock().meet(of.home, Instant::now()) => {
                let talk = NodeTalk::new(of, &self.clock);
                let mut talks = self.talks.lock();
                if talks.len() >= TALKS_MAX {
                    drop(talks);
                    return self.refuse(of, format!("node `{}` has {TALKS_MAX} requests", self.name()));
                }
                talks.insert(of, talk.clone());
                talk
            }
            None if begins => return self.refuse(of, format!("node `{}` has as many homes as it may", self.name())),
            // Of a conversation that is over.
            None => return,
        };
        let arrival = talk.first(message, bytes, chunk);
        self.take_arrival(&talk, arrival);
    }

    fn refuse(&self, of: Conversation, why: String) {
        let message = HomeMessage::Refused(Failure::denied(why));
        self.publish(of, &Packet::First { of, bytes: 0, message });
    }

    fn take_arrival(&self, talk: &Arc<NodeTalk>, arrival: Result<Arrival<NodeMessage>, WireError>) {
        let Ok(arrival) = arrival else {
            self.talks.lock().remove(&talk.of);
            return talk.close();
        };
        if arrival.chunks > 0 {
            let packet: Packet<()> = Packet::Arrived { of: talk.of, chunks: arrival.chunks };
            self.publish(talk.of, &packet);
        }
        if let Some((message, payload)) = arrival.message {
            self.take_message(talk, message, payload);
        }
    }

    fn take_message(&self, talk: &Arc<NodeTalk>, message: NodeMessage, payload: Vec<u8>) {
        match message {
            NodeMessage::Cut => talk.cut(),
            NodeMessage::Halt => talk.halt(),
            NodeMessage::Answer(_) | NodeMessage::Module { .. } => talk.put(message, payload),
            NodeMessage::Prepare { plugin, modules, .. } => {
                self.work(talk, move |node, talk| prepare::prepare(node, talk, &plugin, &modules, &payload));
            }
            NodeMessage::Instantiate { image, plugin, run } => {
                self.work(talk, move |node, talk| calls::instantiate(node, talk, image, &plugin, run, &payload));
            }
            NodeMessage::Call { instance, function, run } => {
                self.work(talk, move |node, talk| calls::call(node, talk, instance, function, run, payload));
            }
            // Taken where they came.
            NodeMessage::Ping | NodeMessage::Drop { .. } => {}
        }
    }

    /// Does what a conversation began with, on a worker. The conversation ends with it.
    fn work(&self, talk: &Arc<NodeTalk>, work: impl FnOnce(&Arc<Node>, &Arc<NodeTalk>) + Send + 'static) {
        let (this, own) = (self.this.clone(), talk.clone());
        let begun = self.workers.run(move || {
            let Some(node) = this.upgrade() else { return };
            work(&node, &own);
            own.end();
            node.talks.lock().remove(&own.of);
        });
        if begun.is_err() {
            self.talks.lock().remove(&talk.of);
            self.refuse(talk.of, format!("node `{}` runs {WORKERS_MAX} calls", self.name()));
        }
    }
}

impl Listener for Node {
    fn received(&self, message: Incoming) {
        if message.subject == self.subjects.home_beats() {
            self.take_beat(&message.bytes);
        } else if message.subject == self.subjects.node_beats() {
            self.take_node_beat(&message.bytes);
        } else {
            self.take_packet(&message.bytes);
        }
    }

    fn interrupted(&self) {
        self.tell(NodeEvent::Disconnected);
        self.close_talks(None);
    }

    fn connected(&self) {
        self.tell(NodeEvent::Connected);
        self.send_beat();
    }

    fn beat(&self) {
        self.send_beat();
        let lost = self.homes.lock().lose_overdue(Instant::now());
        lost.into_iter().for_each(|home| self.leave_home(home, true));
    }
}
