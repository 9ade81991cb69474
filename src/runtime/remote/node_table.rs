//! The nodes that a home knows, by their heartbeats: which of them live, and which is chosen for a program.

use std::collections::BTreeMap;
use std::time::Instant;

use super::wire::{BEAT_INTERVAL, BEATS_MISSED_MAX, NodeBeat, NodeName, WIRE_VERSION};
use crate::name_glob::Glob;
use crate::runtime::{Advice, Failure, FailureKind, NodeState, NodeView};
use crate::text::{bounded, closest, escape_control, quoted};

/// Most nodes that are known; the heartbeats of more are not taken.
const NODES_MAX: usize = 1024;
/// Most bytes of a version that are kept.
const VERSION_BYTES_MAX: usize = 64;

/// A node as it is used: its name and which of those that had it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeKey {
    pub name: NodeName,
    pub incarnation: u64,
}

struct KnownNode {
    beat: NodeBeat,
    seen_at: Instant,
    state: NodeState,
    /// Instances that were chosen to be there since its last heartbeat.
    chosen: u32,
}

/// The known nodes.
#[derive(Default)]
pub struct NodeTable(BTreeMap<NodeName, KnownNode>);

/// The parts of a node that a heartbeat ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// The node with all that it had.
    Node(NodeKey),
    /// The node with all that it had, as it said itself.
    Announced(NodeKey),
    /// The node's conversations alone.
    Conversations(NodeName),
}

impl NodeTable {
    /// Takes a heartbeat.
    pub fn take(&mut self, beat: NodeBeat, now: Instant) -> Option<Ending> {
        if self.0.len() >= NODES_MAX && !self.0.contains_key(&beat.name) {
            return None;
        }
        let state = match (beat.wire == WIRE_VERSION, beat.is_last) {
            (false, _) => NodeState::OtherVersion,
            (true, false) => NodeState::Living,
            (true, true) => NodeState::Ended,
        };
        let beat = NodeBeat { version: escape_control(&bounded(&beat.version, VERSION_BYTES_MAX)), ..beat };
        let (name, incarnation, losses) = (beat.name.clone(), beat.incarnation, beat.losses);
        let before = self.0.insert(name.clone(), KnownNode { beat, seen_at: now, state, chosen: 0 })?;
        let key = NodeKey { name, incarnation: before.beat.incarnation };
        match before.state {
            NodeState::Living if before.beat.incarnation != incarnation => Some(Ending::Node(key)),
            NodeState::Living if state == NodeState::Ended => Some(Ending::Announced(key)),
            NodeState::Living if before.beat.losses != losses => Some(Ending::Conversations(key.name)),
            NodeState::Living | NodeState::Lost | NodeState::Ended | NodeState::OtherVersion => None,
        }
    }

    /// The nodes whose heartbeats were missed: lost from now on.
    pub fn lose_overdue(&mut self, now: Instant) -> Vec<NodeKey> {
        let overdue = BEAT_INTERVAL * BEATS_MISSED_MAX + BEAT_INTERVAL / 2;
        let is_overdue = |node: &KnownNode| now.saturating_duration_since(node.seen_at) > overdue;
        let living = self.0.values_mut().filter(|node| node.state == NodeState::Living);
        living.filter(|node| is_overdue(node)).map(KnownNode::lose).collect()
    }

    /// A node is lost, if it lives.
    pub fn lose(&mut self, name: &NodeName) -> Option<NodeKey> {
        self.0.get_mut(name).filter(|node| node.state == NodeState::Living).map(KnownNode::lose)
    }

    /// Whether a node lives that fits `pattern`.
    pub fn has(&self, pattern: &str) -> bool {
        self.0.values().any(|node| node.state == NodeState::Living && fits(pattern, &node.beat.name))
    }

    /// Whether a node lives, and is the one that it was.
    pub fn lives(&self, key: &NodeKey) -> bool {
        let node = self.0.get(&key.name);
        node.is_some_and(|node| node.state == NodeState::Living && node.beat.incarnation == key.incarnation)
    }

    /// The least loaded living node that fits `pattern`, a name or a glob.
    ///
    /// # Errors
    /// There is none; the failure says why and names near ones.
    pub fn choose(&mut self, pattern: &str) -> Result<NodeKey, Failure> {
        let fitting = self.0.values_mut().filter(|node| fits(pattern, &node.beat.name));
        let living = fitting.filter(|node| node.state == NodeState::Living);
        match living.min_by(|one, other| one.load().total_cmp(&other.load())) {
            Some(node) => {
                node.chosen += 1;
                Ok(node.key())
            }
            None => Err(self.none_fits(pattern)),
        }
    }

    fn none_fits(&self, pattern: &str) -> Failure {
        let shown = quoted(pattern);
        let fails = |why: String| Failure::new(FailureKind::Load, why);
        if let Some(node) = self.0.values().find(|node| fits(pattern, &node.beat.name)) {
            let name = &node.beat.name;
            return match node.state {
                NodeState::OtherVersion => fails(format!(
                    "node `{name}` is plugsh {} with version {} of the wire; this is plugsh {} with version {WIRE_VERSION}",
                    node.beat.version,
                    node.beat.wire,
                    env!("CARGO_PKG_VERSION"),
                )),
                NodeState::Ended => Failure::new(FailureKind::Lost, format!("node `{name}` has ended")),
                NodeState::Lost | NodeState::Living => {
                    Failure::new(FailureKind::Lost, format!("node `{name}` is lost"))
                }
            };
        }
        let living: Vec<&str> = self.living().map(|node| node.beat.name.as_str()).collect();
        let near = closest(pattern, living.iter().copied());
        let advice = near.map_or(Advice::ListNodes, |near| Advice::DidYouMean(near.to_owned()));
        Failure::advised(FailureKind::Load, format!("no node `{shown}`"), advice).about(&shown)
    }

    fn living(&self) -> impl Iterator<Item = &KnownNode> {
        self.0.values().filter(|node| node.state == NodeState::Living)
    }

    /// All nodes by name, without round trips.
    pub fn views(&self) -> Vec<NodeView> {
        let view = |node: &KnownNode| NodeView {
            name: node.beat.name.to_string(),
            state: node.state,
            version: node.beat.version.clone(),
            figures: node.beat.figures,
            round_trip: None,
        };
        self.0.values().map(view).collect()
    }
}

impl KnownNode {
    fn key(&self) -> NodeKey {
        NodeKey { name: self.beat.name.clone(), incarnation: self.beat.incarnation }
    }

    fn lose(&mut self) -> NodeKey {
        self.state = NodeState::Lost;
        self.key()
    }

    /// Calls and instances by core: what runs weighs most.
    fn load(&self) -> f64 {
        let figures = &self.beat.figures;
        let instances = f64::from(figures.instances) + f64::from(self.chosen);
        (f64::from(figures.running) * 16.0 + instances) / f64::from(figures.cores.max(1))
    }
}

/// Whether a name fits a pattern: a name, or a glob.
fn fits(pattern: &str, name: &NodeName) -> bool {
    Glob::new(pattern).matches(name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::NodeFigures;

    fn beat(name: &str, incarnation: u64, running: u32) -> NodeBeat {
        let figures = NodeFigures { cores: 2, running, ..NodeFigures::default() };
        let (name, version) = (NodeName::new(name).unwrap(), "0.1.0".to_owned());
        NodeBeat { wire: WIRE_VERSION, version, name, incarnation, losses: 0, is_last: false, figures }
    }

    fn table(beats: &[NodeBeat]) -> NodeTable {
        let mut table = NodeTable::default();
        beats.iter().for_each(|beat| assert_eq!(table.take(beat.clone(), Instant::now()), None));
        table
    }

    #[test]
    fn the_least_loaded_of_those_that_fit_is_chosen() {
        let mut table = table(&[beat("gpu1", 1, 3), beat("gpu2", 2, 1), beat("cpu", 3, 0)]);
        let mut chosen = |pattern: &str| table.choose(pattern).unwrap().name.to_string();
        assert_eq!([chosen("gpu*"), chosen("gpu1"), chosen("*")], ["gpu2", "gpu1", "cpu"]);
    }

    #[test]
    fn globs_of_nodes_are_those_of_names() {
        let name = NodeName::new("gpu-1").unwrap();
        for pattern in ["gpu-1", "*", "gpu*", "gpu-?", "gpu-[0-9]", "*[!a-z]"] {
            assert!(fits(pattern, &name), "{pattern}");
        }
        for pattern in ["", "gpu", "gpu-[", "gpu-[!0-9]", "gpu-\\*", "GPU*"] {
            assert!(!fits(pattern, &name), "{pattern}");
        }
    }

    #[test]
    fn between_two_heartbeats_choices_alternate() {
        let mut table = table(&[beat("a", 1, 0), beat("b", 2, 0)]);
        let mut chosen = || table.choose("*").unwrap().name.to_string();
        assert_eq!([chosen(), chosen(), chosen()], ["a", "b", "a"]);
    }

    #[test]
    fn a_wrong_name_is_told_with_a_near_one() {
        let failure = table(&[beat("gpu1", 1, 0)]).choose("gpu2").unwrap_err();
        assert_eq!(failure.message, "no node `gpu2`");
        assert_eq!(failure.advice.as_deref(), Some(&Advice::DidYouMean("gpu1".into())));
    }

    #[test]
    fn another_version_is_refused_and_both_are_named() {
        let failure = table(&[NodeBeat { wire: 7, version: "9.9".into(), ..beat("a", 1, 0) }]).choose("a").unwrap_err();
        assert!(failure.message.contains("plugsh 9.9 with version 7"), "{failure}");
        assert!(failure.message.contains(&format!("plugsh {} with version 1", env!("CARGO_PKG_VERSION"))), "{failure}");
    }

    #[test]
    fn a_node_is_lost_after_three_missed_heartbeats_or_when_another_has_its_name() {
        let now = Instant::now();
        let mut table = table(&[beat("a", 1, 0), beat("b", 1, 0)]);
        assert_eq!(table.take(beat("b", 2, 0), now + BEAT_INTERVAL * 3).unwrap(), Ending::Node(key("b", 1)));
        assert_eq!(table.lose_overdue(now + BEAT_INTERVAL * 3), [], "not yet");
        assert_eq!(table.lose_overdue(now + BEAT_INTERVAL * 4), [key("a", 1)]);
        assert_eq!(table.choose("a").unwrap_err().kind, FailureKind::Lost);
        assert_eq!(table.take(beat("a", 1, 0), now), None);
        assert!(table.has("a"), "it is there again");
        let again = NodeBeat { losses: 1, ..beat("a", 1, 0) };
        assert_eq!(table.take(again, now), Some(Ending::Conversations(key("a", 1).name)));
    }

    #[test]
    fn a_node_that_says_so_has_ended_until_another_has_its_name() {
        let mut table = table(&[beat("a", 1, 0)]);
        let last = NodeBeat { is_last: true, ..beat("a", 1, 0) };
        assert_eq!(table.take(last.clone(), Instant::now()), Some(Ending::Announced(key("a", 1))));
        assert_eq!(table.take(last, Instant::now()), None, "said again");
        assert_eq!(table.choose("a").unwrap_err().message, "node `a` has ended");
        assert_eq!(table.take(beat("a", 2, 0), Instant::now()), None);
        assert!(table.has("a"));
    }

    fn key(name: &str, incarnation: u64) -> NodeKey {
        NodeKey { name: NodeName::new(name).unwrap(), incarnation }
    }
}
