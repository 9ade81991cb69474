//! Sessions about control, with every process that they load on a node: they print what their transcripts say.

use std::path::Path;

use crate::common::{normalised, plugsh};

use super::system::Server;

/// The line between two outputs.
const MARK: &str = "@@ next @@";
/// Commands that show where a process is, or figures of the host that it is in: their outputs are not compared.
const SHOW_PLACES: [&str; 5] = ["ps", "info", "inspect", "stats", "limits"];

/// A typed text, and what the transcript says that it prints.
struct Step {
    typed: String,
    printed: String,
}

impl Step {
    /// The typed text, with loads to node `n1`.
    fn on_node(&self) -> String {
        // Nodes have the native host alone.
        let is_plain = |line: &str| !line.contains([';', '|', '>', '&']) && !line.contains("--host");
        let is_load = |line: &str| line.starts_with("load ") && is_plain(line);
        let placed = |line: &str| if is_load(line) { format!("{line} --on n1") } else { line.to_owned() };
        self.typed.lines().map(placed).collect::<Vec<_>>().join("\n")
    }

    fn is_compared(&self) -> bool {
        let command = self.typed.split([' ', '\n']).next().unwrap_or_default();
        !SHOW_PLACES.contains(&command)
    }
}

/// The steps of a transcript, and its files.
fn transcript(name: &str) -> (Vec<Step>, Vec<(String, String)>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/sessions/{name}.session"));
    let text = std::fs::read_to_string(path).expect("a transcript");
    let (mut steps, mut files) = (Vec::<Step>::new(), Vec::<(String, String)>::new());
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("$ ") {
            steps.push(Step { typed: typed.to_owned(), printed: String::new() });
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix("> ").or((line == ">").then_some("")) {
                Some(more) if step.printed.is_empty() => step.typed.push_str(&format!("\n{more}")),
                Some(_) | None => step.printed.push_str(&format!("{line}\n")),
            }
        } else if let Some(name) = line.strip_prefix("# file ") {
            files.push((name.to_owned(), String::new()));
        } else if let (Some(line), Some(file)) = (line.strip_prefix("# | "), files.last_mut()) {
            file.1.push_str(&format!("{line}\n"));
        }
    }
    (steps, files)
}

/// A text that does not say where calls ran, nor where images came from: a node has its own cache.
fn without_places(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("  node  ")).map(|line| {
        let Some((before, rest)) = line.split_once("\"node\":") else { return format!("{line}\n") };
        let after = rest.split_once("\"wire_us\":").and_then(|(_, rest)| rest.split_once(','));
        format!("{before}{}\n", after.map_or("", |(_, after)| after))
    });
    lines.collect::<String>().replace("(memory cache)", "(compiled)").replace("(disk cache)", "(compiled)")
}

/// Where the children of plugins are.
#[derive(PartialEq, Eq)]
enum Children {
    OnNode,
    /// The session has a policy of its own.
    AtHome,
}

/// Plays a transcript with its processes on a node. `but` are typed texts whose outputs differ there.
fn play(name: &str, children: Children, but: &[&str]) {
    let Some(server) = Server::start(&[]) else { return };
    let _node = server.node("n1", &[]);
    let (steps, files) = transcript(name);
    let script: Vec<String> = steps.iter().map(Step::on_node).collect();
    let script = script.join(&format!("\necho '{MARK}'\n"));
    let mut run = plugsh().file("session", script).args(["--nats", &server.url(), "--keep-going", "session"]);
    if children == Children::OnNode {
        run = run.file("on.toml", "[default.children]\non = \"n1\"\n").args(["--policy", "on.toml"]);
    }
    for (name, text) in files {
        run = run.file(&name, text);
    }
    let printed = run.transcript();
    let outputs: Vec<String> = printed.split(&format!("{MARK}\n")).map(normalised).collect();
    assert_eq!(outputs.len(), steps.len(), "not all was reached:\n{printed}");
    let mut differences = String::new();
    for (step, output) in steps.iter().zip(outputs) {
        let differs = without_places(&step.printed) != without_places(&output);
        if step.is_compared() && differs && !but.contains(&step.typed.as_str()) {
            let (typed, here) = (&step.typed, &step.printed);
            differences.push_str(&format!("$ {typed}\nhere:\n{here}on a node:\n{output}\n"));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn limits_policies_restarts_and_reloads() {
    play("control", Children::AtHome, &[]);
}

// A guest on a node that waits for its home does not say where it stands.
#[test]
fn breakpoints() {
    play("breakpoints", Children::OnNode, &["bt --json"]);
}

#[test]
fn held_calls() {
    play("held", Children::OnNode, &[]);
}

#[test]
fn faults_and_stubs() {
    play("faults", Children::OnNode, &[]);
}

#[test]
fn calls_side_by_side() {
    play("side-by-side", Children::OnNode, &[]);
}

#[test]
fn failures() {
    play("failures", Children::OnNode, &[]);
}

#[test]
fn variables_and_memory() {
    play("inspect", Children::OnNode, &[]);
}

#[test]
fn pipes() {
    play("pipes", Children::OnNode, &[]);
}

#[test]
fn expectations() {
    play("expectations", Children::OnNode, &[]);
}
