//! Mermaid diagrams: calls as a sequence diagram, processes as a tree. Mermaid refuses long texts, so both are bounded
//! and say what they left out.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::name::is_odd;
use super::overlap::groups;
use super::tree::parents;
use crate::journal::record::{Record, RecordKind};
use crate::journal::units::{show_duration_ns, show_size};
use crate::text::cut_at_char;

/// The most calls in one sequence diagram: the newest ones.
pub const MERMAID_CALLS_MAX: usize = 400;
/// The most processes in one tree.
pub const MERMAID_PROCESSES_MAX: usize = 400;
/// Longest diagram, in bytes; Mermaid by default draws at most as many characters.
pub const MERMAID_BYTES_MAX: usize = 50_000;
/// Longest name or error, in bytes; longer ones are cut.
const LABEL_BYTES_MAX: usize = 60;

/// One process of a tree. `parent` is an id; 0 is the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessNode {
    pub id: u32,
    pub name: String,
    pub parent: u32,
}

/// Writes a sequence diagram of the newest calls that fit.
///
/// # Errors
/// `out` cannot be written.
pub fn write(records: &[Record], out: &mut dyn Write) -> io::Result<()> {
    let mut count = records.len().min(MERMAID_CALLS_MAX);
    loop {
        let left_out = records.len() - count;
        let diagram = sequence(records.get(left_out..).unwrap_or_default(), left_out);
        if diagram.len() <= MERMAID_BYTES_MAX || count == 0 {
            return out.write_all(diagram.as_bytes());
        }
        count = count * 3 / 4;
    }
}

fn sequence(records: &[Record], left_out: usize) -> String {
    let mut text = "sequenceDiagram\n".to_owned();
    let mut participants: Vec<(u32, String)> = Vec::new();
    let sides = |record: &Record| [(record.caller, record.caller_label()), (record.callee, record.callee_label())];
    for side in records.iter().flat_map(sides) {
        if !participants.contains(&side) {
            let _ = writeln!(text, "    participant p{} as {}", participants.len(), escape(&side.1));
            participants.push(side);
        }
    }
    if left_out > 0 && !participants.is_empty() {
        let _ = writeln!(text, "    Note over p0: {left_out} earlier calls left out");
    }
    for step in steps(records) {
        let (Step::Call(record) | Step::Return(record)) = step else {
            let _ = writeln!(text, "    {}", step.block_line());
            continue;
        };
        let [from, to] = sides(record).map(|side| participants.iter().position(|known| *known == side).unwrap_or(0));
        let line = match step {
            Step::Beside | Step::And | Step::End => continue,
            Step::Call(_) => format!("p{from}->>p{to}: {}", escape(&call_label(record))),
            Step::Return(_) if !record.outcome.is_ended() => format!("Note over p{to}: {}", record.outcome),
            Step::Return(_) if record.outcome.is_failure() => {
                format!("p{to}--xp{from}: {}", escape(&failure_label(record)))
            }
            Step::Return(_) => format!("p{to}-->>p{from}: {}", escape(&return_label(record))),
        };
        let _ = writeln!(text, "    {line}");
    }
    text
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Call(&'a Record),
    Return(&'a Record),
    /// Calls that run beside each other begin, with the first of them.
    Beside,
    /// The next call of the block begins.
    And,
    /// The block of calls beside each other ends.
    End,
}

impl Step<'_> {
    /// The line of a step that is no arrow.
    fn block_line(self) -> &'static str {
        match self {
            Step::Beside => "par side by side",
            Step::And => "and",
            Step::Call(_) | Step::Return(_) | Step::End => "end",
        }
    }
}

/// Calls and returns: a call's nested ones come before its return, and those that run beside each other in a block.
fn steps(records: &[Record]) -> Vec<Step<'_>> {
    let mut tree = Tree { records, nested: HashMap::new(), steps: Vec::with_capacity(records.len() * 2) };
    // Jobs one after another: the arrows of overlapping jobs would cross.
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|at| records.get(*at).map(|record| (record.job, record.seq)));
    let parents = parents(records);
    let mut roots = Vec::new();
    for at in order {
        match parents.get(at).copied().flatten() {
            Some(parent) => tree.nested.entry(parent).or_default().push(at),
            None => roots.push(at),
        }
    }
    roots.into_iter().for_each(|root| tree.add(root));
    tree.steps
}

/// Records as a tree of calls. At most as deep as it has records: [`MERMAID_CALLS_MAX`].
struct Tree<'a> {
    records: &'a [Record],
    nested: HashMap<usize, Vec<usize>>,
    steps: Vec<Step<'a>>,
}

impl Tree<'_> {
    fn add(&mut self, at: usize) {
        let Some(record) = self.records.get(at) else { return };
        self.steps.push(Step::Call(record));
        let nested = self.nested.remove(&at).unwrap_or_default();
        for group in groups(self.records, &nested) {
            let beside = group.len() > 1;
            for (place, call) in group.into_iter().enumerate() {
                if beside {
                    self.steps.push(if place == 0 { Step::Beside } else { Step::And });
                }
                self.add(call);
            }
            if beside {
                self.steps.push(Step::End);
            }
        }
        self.steps.push(Step::Return(record));
    }
}

fn call_label(record: &Record) -> String {
    let function = if record.kind == RecordKind::Load { "load" } else { record.function.as_str() };
    format!("{function} ({})", show_size(record.bytes_in))
}

fn return_label(record: &Record) -> String {
    let changed = record.changed_by.as_str().map(|by| format!(", by a {by}")).unwrap_or_default();
    let held = if record.held_ns > 0 { format!(", held {}", show_duration_ns(record.held_ns)) } else { String::new() };
    let grew = record.grew.bytes().filter(|bytes| *bytes > 0);
    let grew = grew.map(|bytes| format!(", grew {}", show_size(bytes))).unwrap_or_default();
    let fuel = record.counted_fuel().map(|fuel| format!(", fuel {fuel}")).unwrap_or_default();
    let took = show_duration_ns(record.duration_ns);
    if let Some(image) = record.load().and_then(|steps| steps.image) {
        return format!("{}, {took}{held}", image.as_str());
    }
    let out = show_size(record.bytes_out);
    format!("{out}, {took}{changed}{held}{grew}{fuel}")
}

fn failure_label(record: &Record) -> String {
    match &record.error {
        Some(error) => format!("{}: {error}", record.outcome),
        None => record.outcome.to_string(),
    }
}

/// The tree of processes as a Mermaid flow chart. A process whose parent is not among the rows hangs from the shell by
/// a dotted line.
pub fn process_tree(rows: &[ProcessNode]) -> String {
    let mut text = "flowchart TD\n    p0([\"shell\"])\n".to_owned();
    let shown = rows.get(..MERMAID_PROCESSES_MAX).unwrap_or(rows);
    let mut ids: Vec<u32> = shown.iter().map(|row| row.id).collect();
    ids.push(0);
    ids.sort_unstable();
    for row in shown {
        let (parent, line) = if ids.binary_search(&row.parent).is_ok() { (row.parent, "-->") } else { (0, "-.->") };
        let label = escape(&format!("{}:{}", row.id, row.name));
        let _ = writeln!(text, "    p{}[\"{label}\"]\n    p{parent} {line} p{}", row.id, row.id);
    }
    if rows.len() > shown.len() {
        let _ = writeln!(text, "    more[\"{} more\"]", rows.len() - shown.len());
    }
    text
}

/// Text as a label: characters with a meaning in Mermaid or HTML become numeric entities.
fn escape(text: &str) -> String {
    let cut = cut_at_char(text, LABEL_BYTES_MAX);
    let mut escaped = String::new();
    for c in cut.chars() {
        match c {
            ' ' | '.' | ',' | ':' | '_' | '-' | '/' | '+' | '(' | ')' => escaped.push(c),
            '0'..='9' | 'a'..='z' | 'A'..='Z' => escaped.push(c),
            _ if c.is_whitespace() || c.is_control() => escaped.push(' '),
            // Before the letters, since some invisible characters count as letters.
            _ if is_odd(c) => escaped.push('_'),
            _ if c.is_alphanumeric() => escaped.push(c),
            _ => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
        }
    }
    if cut.len() < text.len() {
        escaped.push('…');
    }
    without_keyword(&escaped)
}

/// A lone `end` closes a block wherever it stands in a line.
fn without_keyword(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_at_checked(1) {
        Some((first, rest)) if word.eq_ignore_ascii_case("end") => {
            format!("#{};{rest}", first.chars().map(u32::from).sum::<u32>())
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Symbol;
    use crate::journal::export::testing::{hostile, session, twisted, written};

    #[test]
    fn calls_side_by_side_are_a_block() {
        let call = |seq, parent_seq, at_ns, callee| Record {
            caller_name: Symbol::intern("mapper"),
            callee_name: Symbol::intern("mapper"),
            function: Symbol::intern("map"),
            depth: 2,
            ..Record {
                seq,
                parent_seq,
                at_ns,
                duration_ns: 50,
                caller: 1,
                callee,
                job: 1,
                outcome: crate::journal::Outcome::Ok,
                ..Record::default()
            }
        };
        let caller = Record { duration_ns: 200, caller: 0, depth: 1, ..call(1, 0, 0, 1) };
        let text = written(|out| write(&[caller, call(2, 1, 10, 2), call(3, 1, 20, 3), call(4, 1, 90, 2)], out));
        let lines: Vec<&str> = text.lines().map(str::trim).skip_while(|line| !line.contains("->>")).collect();
        let begins = |line: &str| line.split(':').next().unwrap().to_owned();
        assert_eq!(
            lines.into_iter().map(begins).collect::<Vec<_>>(),
            [
                "p0->>p1",
                "par side by side",
                "p1->>p2",
                "p2-->>p1",
                "and",
                "p1->>p3",
                "p3-->>p1",
                "end",
                "p1->>p2",
                "p2-->>p1",
                "p1-->>p0",
            ]
        );
    }

    #[test]
    fn calls_nest_and_return_in_order() {
        let text = written(|out| write(&session(), out));
        assert_eq!(
            text,
            "sequenceDiagram
    participant p0 as shell
    participant p1 as 1:front
    participant p2 as 2:cart
    participant p3 as 3:disk
    p0->>p1: run (16 bytes)
    p1->>p2: total (5 bytes)
    p2--xp1: error: no such item
    p1->>p2: list (5 bytes)
    p2-->>p1: 0 bytes, 2µs
    p1-->>p0: 2k bytes, 10µs, by a stub
    p0->>p3: sync (16 bytes)
    Note over p3: running
"
        );
    }

    #[test]
    fn every_call_has_one_arrow_and_one_end_whatever_the_parents_say() {
        let text = written(|out| write(&twisted(), out));
        assert_eq!(text.matches("->>p1: run").count(), 5);
        assert_eq!(text.matches("-->>p0: ").count(), 5);
    }

    #[test]
    fn hostile_labels_stay_labels() {
        let text = written(|out| write(&hostile(), out));
        for line in text.lines().skip(1) {
            let label = line.split_once(if line.contains("participant") { " as " } else { ": " }).expect(line).1;
            let allowed = |c: char| c.is_alphanumeric() || " .,:_-/+()#;…".contains(c);
            assert!(!line.contains("#8238;"), "text is turned around: {line}");
            assert!(label.chars().all(allowed) && label != "end", "{line}");
            assert!(label.split('#').skip(1).all(|entity| entity.starts_with(|c: char| c.is_ascii_digit())), "{line}");
        }
        assert_eq!(escape("end"), "#101;nd");
        assert_eq!(escape("a \"b\" <c>; END x"), "a #34;b#34; #60;c#62;#59; #69;ND x");
        assert_eq!(escape(&"é".repeat(100)), format!("{}…", "é".repeat(30)));
    }

    #[test]
    fn a_long_session_is_cut_to_what_mermaid_draws() {
        let template = session().remove(0);
        let records: Vec<Record> = (1..=5_000).map(|seq| Record { seq, ..template.clone() }).collect();
        let text = written(|out| write(&records, out));
        assert!(text.len() <= MERMAID_BYTES_MAX);
        assert!(text.contains("Note over p0: 4600 earlier calls left out"), "{}", text.lines().nth(3).unwrap_or(""));

        let records: Vec<Record> = hostile().into_iter().cycle().take(400).collect();
        assert!(written(|out| write(&records, out)).len() <= MERMAID_BYTES_MAX);
    }

    #[test]
    fn a_tree_hangs_from_the_shell() {
        let row = |id, name: &str, parent| ProcessNode { id, name: name.to_owned(), parent };
        let text = process_tree(&[row(1, "front", 0), row(2, "a\"]-->x", 1), row(7, "lost", 5)]);
        assert_eq!(
            text,
            "flowchart TD
    p0([\"shell\"])
    p1[\"1:front\"]
    p0 --> p1
    p2[\"2:a#34;#93;--#62;x\"]
    p1 --> p2
    p7[\"7:lost\"]
    p0 -.-> p7
"
        );
        let many: Vec<ProcessNode> = (1..=1000).map(|id| row(id, "x", 0)).collect();
        assert!(process_tree(&many).ends_with("more[\"600 more\"]\n"));
        assert!(process_tree(&many).len() < MERMAID_BYTES_MAX);
    }
}
