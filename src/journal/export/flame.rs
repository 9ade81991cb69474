//! Flame graphs: stacks of calls weighted by self time, folded here and drawn by the inferno crate.

use std::collections::HashMap;
use std::io::{self, Write};

use inferno::flamegraph;

use super::name::{frame_name, record_name};
use super::tree::parents;
use crate::journal::record::{Record, RecordKind};

/// The most distinct stacks; the time of further ones goes to their caller.
pub const FLAME_STACKS_MAX: usize = 8192;
/// Longest name of a frame, in bytes; longer names are cut.
const FRAME_BYTES_MAX: usize = 80;
/// The root frame of a chain whose caller's record is gone.
const LOST: &str = "(earlier)";

/// Writes an SVG. Without time to show, the picture says so.
///
/// # Errors
/// `out` cannot be written.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    let mut options = flamegraph::Options::default();
    options.title = "plugsh: self time by chain".to_owned();
    options.count_name = "ns".to_owned();
    options.name_type = "Call:".to_owned();
    options.deterministic = true;
    let mut folded = folded(records);
    if folded.is_empty() {
        // The crate refuses an empty graph.
        folded.push("no calls 1".to_owned());
    }
    flamegraph::from_lines(&mut options, folded.iter().map(String::as_str), out)
}

/// The folded stacks, a line each: `shell;1:front.run;2:cart.total 1234`, the number being nanoseconds of self time.
pub fn folded(records: &[Record]) -> Vec<String> {
    let mut stacks = Stacks::default();
    let mut stack_of: Vec<usize> = Vec::with_capacity(records.len());
    for (record, parent) in records.iter().zip(parents(records)) {
        let self_ns = match record.kind {
            RecordKind::Call => record.self_ns(),
            // The time of a request to the host is its caller's own already, that of a load its steps'.
            RecordKind::Host | RecordKind::Load => 0,
        };
        let below = match parent.and_then(|parent| stack_of.get(parent).copied()) {
            Some(stack) => stack,
            None if record.parent_seq == 0 => stacks.of(None, frame_name(&record.caller_label(), FRAME_BYTES_MAX)),
            None => stacks.of(None, LOST.to_owned()),
        };
        let stack = stacks
            .of(Some(below), frame_name(&format!("{}{}", record.started_mark(), record_name(record)), FRAME_BYTES_MAX));
        stacks.add(stack, self_ns);
        add_steps(&mut stacks, stack, record);
        stack_of.push(stack);
    }
    stacks.lines()
}

/// Adds the steps of a load on top of it: those of its start without what it called, which stands beside them.
fn add_steps(stacks: &mut Stacks, stack: usize, record: &Record) {
    let Some(steps) = record.load() else { return };
    for (step, took_ns) in steps.times_ns() {
        let nested_ns = if step == "start" { record.nested_ns } else { 0 };
        let own_ns = took_ns.saturating_sub(nested_ns);
        if own_ns > 0 {
            let step = stacks.of(Some(stack), frame_name(&format!("({step})"), FRAME_BYTES_MAX));
            stacks.add(step, own_ns);
        }
    }
}

/// Stacks as a tree of frames.
#[derive(Default)]
struct Stacks {
    nodes: Vec<Node>,
    by_frame: HashMap<(Option<usize>, String), usize>,
}

struct Node {
    below: Option<usize>,
    frame: String,
    self_ns: u64,
}

impl Stacks {
    /// The stack of `frame` on top of `below`; `below` itself at [`FLAME_STACKS_MAX`].
    fn of(&mut self, below: Option<usize>, frame: String) -> usize {
        let key = (below, frame);
        if let Some(known) = self.by_frame.get(&key) {
            return *known;
        }
        if let (Some(below), true) = (below, self.nodes.len() >= FLAME_STACKS_MAX) {
            return below;
        }
        self.nodes.push(Node { below, frame: key.1.clone(), self_ns: 0 });
        let added = self.nodes.len() - 1;
        self.by_frame.insert(key, added);
        added
    }

    fn add(&mut self, stack: usize, self_ns: u64) {
        if let Some(node) = self.nodes.get_mut(stack) {
            node.self_ns = node.self_ns.saturating_add(self_ns);
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.nodes.iter().filter(|node| node.self_ns > 0).map(|node| self.line(node)).collect();
        lines.sort_unstable();
        lines
    }

    fn line(&self, node: &Node) -> String {
        let mut frames = vec![node.frame.as_str()];
        let mut below = node.below;
        while let Some(next) = below.and_then(|below| self.nodes.get(below)) {
            frames.push(&next.frame);
            below = next.below;
        }
        frames.reverse();
        format!("{} {}", frames.join(";"), node.self_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::export::testing::{hostile, session, twisted, written};
    use crate::journal::record::{CallStanding, Outcome};
    use crate::journal::symbol::Symbol;

    #[test]
    fn stacks_are_weighted_by_self_time() {
        assert_eq!(
            folded(&session()),
            [
                "shell;1:front.run 5500",
                "shell;1:front.run;2:cart.list 2000",
                "shell;1:front.run;2:cart.total 3000",
                "shell;3:disk.sync 900",
            ]
        );
    }

    #[test]
    fn a_lost_caller_is_said_to_be_earlier() {
        assert_eq!(folded(&session()[1..2]), ["(earlier);2:cart.total 3000"]);
        assert_eq!(folded(&twisted()), ["(earlier);1:front.run 16500", "(earlier);1:front.run;1:front.run 11000"]);
    }

    #[test]
    fn the_picture_names_the_calls_and_escapes_them() {
        let svg = written(|out| write(&session(), out));
        assert!(svg.contains("<svg") && svg.contains("2:cart.total (3,000 ns"), "{svg}");
        let svg = written(|out| write(&hostile(), out));
        assert!(!svg.contains("<svg onload") && !svg.contains("c<script>") && !svg.contains('\u{1b}'));
        assert!(svg.contains("c&lt;script&gt;"));
        assert!(written(|out| write(&[], out)).contains("no calls"));
    }

    #[test]
    fn stacks_are_bounded_and_no_time_is_lost() {
        let records: Vec<Record> = (1..=FLAME_STACKS_MAX as u64 + 500)
            .map(|seq| Record {
                seq,
                callee: seq as u32,
                duration_ns: 1,
                caller_name: Symbol::SHELL,
                ..Record::default()
            })
            .collect();
        let lines = folded(&records);
        assert_eq!(lines.len(), FLAME_STACKS_MAX);
        let total: u64 = lines.iter().filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum();
        assert_eq!(total, records.len() as u64);
    }

    #[test]
    fn a_call_beside_its_caller_is_marked() {
        let call = |seq, parent_seq, standing| Record {
            seq,
            parent_seq,
            standing,
            duration_ns: 10,
            callee: 1,
            callee_name: Symbol::intern("mapper"),
            function: Symbol::intern("map"),
            outcome: Outcome::Ok,
            caller_name: Symbol::SHELL,
            ..Record::default()
        };
        let folded = folded(&[call(1, 0, CallStanding::Awaited), call(2, 1, CallStanding::Started)]);
        assert!(folded.iter().any(|line| line.starts_with("shell;1:mapper.map;∥ 1:mapper.map ")), "{folded:?}");
    }
}
