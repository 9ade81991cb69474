//! Rules of the source tree: dependencies between rooms, circles inside them, words and crates by room, openings of
//! files, lengths of files and functions. Each finding names its place.

mod docs;
mod graph;
mod graph_tests;
#[path = "../tokens/mod.rs"]
mod tokens;
mod vocabulary;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use graph::Graph;

/// The most lines of a function.
const FUNCTION_LINES_MAX: usize = 60;
/// Longer functions that are tables, a row a line: a file and the beginning of a function.
const TABLES: [(&str, &str); 2] =
    [("src/runtime/native/wasi/table.rs", "pub fn add("), ("src/shell/line/error.rs", "fn fmt(")];
/// The most columns of a line that is a comment; `rustfmt` leaves those as they are.
const COMMENT_COLS_MAX: usize = 120;
/// The most lines of a file, tests too.
const FILE_LINES_MAX: usize = 400;
/// Files of the program, a crate of its own beside the library.
const PROGRAM: [&str; 3] = ["main.rs", "cli", "modes"];
/// The modules of `src` itself, which every room may use and which know none.
const BASE: &str = "base";
/// Rooms from the top down: a room may name those after it, and [`BASE`].
const ROOMS: [(&str, &[&str]); 12] = [
    ("program", &["front", "system", "serve", "dap", "shell", "node", "kernel", "runtime", "journal", "nats"]),
    ("front", &["serve", "dap", "shell", "kernel", "runtime", "journal", "nats"]),
    ("system", &["serve", "dap", "shell", "kernel", "runtime", "journal"]),
    ("serve", &["dap", "shell", "kernel", "runtime", "journal"]),
    ("dap", &["shell", "kernel", "runtime", "journal"]),
    ("shell", &["kernel", "runtime", "journal"]),
    ("node", &["kernel", "runtime", "nats"]),
    ("kernel", &["runtime", "journal"]),
    ("runtime", &["nats"]),
    ("journal", &[]),
    ("nats", &[]),
    (BASE, &[]),
];
/// The largest circle of files that name each other, room by room. To become smaller, never larger.
const CIRCLE_FILES_MAX: [(&str, usize); 12] = [
    ("program", 1),
    ("front", 1),
    ("system", 1),
    ("serve", 1),
    ("dap", 1),
    ("shell", 1),
    ("node", 1),
    ("kernel", 1),
    ("runtime", 1),
    ("journal", 1),
    ("nats", 1),
    (BASE, 1),
];
/// Rooms whose locks have a rank: they take them from `src/locks.rs`, in tests too.
const RANKED_ROOMS: [&str; 8] = [
    "src/kernel/",
    "src/journal/",
    "src/front/screen/",
    "src/system/",
    "src/nats/",
    "src/node/",
    "src/runtime/remote/",
    "src/serve/",
];
/// The entries of the top level, besides dotfiles.
const TOP_LEVEL: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "src",
    "plugins",
    "scripts",
    "tests",
];
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(dir: &Path, into: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            into.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn sources() -> Vec<Source> {
    let mut all = Vec::new();
    collect(&root().join("src"), &mut all);
    all
}

fn assert_none(findings: Vec<String>) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// The room of a file below `src`, by its path from there. `lib.rs` is the list of them all.
fn room(path: &str) -> Option<usize> {
    let is_program = PROGRAM.iter().any(|file| path.starts_with(file));
    let folder = path.split_once('/').map(|(folder, _)| folder).filter(|_| !is_program);
    let in_folder = folder.and_then(|folder| ROOMS.iter().position(|(room, _)| *room == folder));
    match path {
        "lib.rs" => None,
        _ if is_program => ROOMS.iter().position(|(room, _)| *room == "program"),
        _ => in_folder.or_else(|| ROOMS.iter().position(|(room, _)| *room == BASE)),
    }
}

#[test]
fn every_file_has_its_room() {
    let named = |path: &str| room(path).map(|room| ROOMS[room].0);
    assert_eq!(named("main.rs"), Some("program"));
    assert_eq!(named("cli/nodes.rs"), Some("program"));
    assert_eq!(named("kernel/hooks/hold.rs"), Some("kernel"));
    assert_eq!(named("text/cause.rs"), Some(BASE));
    assert_eq!(named("limits.rs"), Some(BASE));
    assert_eq!(named("lib.rs"), None);
    let rooms: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, CIRCLE_FILES_MAX.map(|(room, _)| room), "both tables have the same rows");
}

#[test]
fn arrows_point_down() {
    let graph = Graph::of(&graph::read(&root().join("src")));
    let mut findings = Vec::new();
    for (from, arrows) in &graph.arrows {
        for (to, names) in arrows {
            let (Some(from_room), Some(to_room)) = (room(from), room(to)) else { continue };
            let (name, below) = ROOMS[from_room];
            let other = ROOMS[to_room].0;
            if from_room != to_room && other != BASE && !below.contains(&other) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                findings.push(format!("src/{from}: {name}/ must not name {other}/ ({})", names.join(", ")));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn comments_fit_the_width() {
    let mut all = sources();
    collect(&root().join("tests"), &mut all);
    let findings = all.iter().flat_map(|source| {
        let is_wide = |line: &str| line.trim_start().starts_with("//") && line.chars().count() > COMMENT_COLS_MAX;
        let wide = source.text.lines().enumerate().filter(move |(_, line)| is_wide(line));
        wide.map(|(n, _)| format!("{}:{}: a comment over {COMMENT_COLS_MAX} columns", source.path, n + 1))
    });
    assert_none(findings.collect());
}

#[test]
fn circles_stay_small() {
    let graph = Graph::of(&graph::read(&root().join("src")));
    let mut findings = Vec::new();
    for circle in graph.circles() {
        let Some(room) = room(&circle[0]) else { continue };
        let (name, max) = CIRCLE_FILES_MAX[room];
        if circle.len() > max {
            let arrows = graph.within(&circle).join("\n  ");
            findings.push(format!("{name}/: a circle of {} files, at most {max}:\n  {arrows}", circle.len()));
        }
    }
    assert_none(findings);
}

#[test]
fn every_file_says_what_lives_in_it() {
    let mut all = sources();
    collect(&root().join("tests"), &mut all);
    let silent = all.iter().filter(|source| !source.text.starts_with("//! "));
    assert_none(silent.map(|source| format!("{}: does not open with `//!`", source.path)).collect());
}

#[test]
fn files_are_one_thing() {
    let mut all = sources();
    collect(&root().join("tests"), &mut all);
    let lengths = all.iter().map(|source| (source, source.text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    let said = |(source, lines): (&Source, usize)| format!("{}: {lines} lines, at most {FILE_LINES_MAX}", source.path);
    assert_none(long.map(said).collect());
}

#[test]
fn functions_fit_a_screen() {
    let mut findings = Vec::new();
    for source in sources() {
        let mut open: Option<(usize, String, usize)> = None;
        for (number, line) in source.text.lines().zip(1..).map(|(line, number)| (number, line)) {
            let indent = line.len() - line.trim_start().len();
            let word = line.trim_start();
            let begins = ["fn ", "async fn ", "const fn ", "unsafe fn ", "extern "];
            // `pub fn`, `pub(in super::super) fn`.
            let bare = word.strip_prefix("pub").map_or(word, |rest| match rest.strip_prefix('(') {
                Some(place) => place.split_once(") ").map_or(rest, |(_, rest)| rest),
                None => rest.trim_start(),
            });
            if begins.iter().any(|begin| bare.starts_with(begin)) && !word.ends_with(';') {
                open = Some((number, word.to_string(), indent));
            } else if let Some((start, name, at)) = &open
                && line.trim_end() == format!("{}}}", " ".repeat(*at))
            {
                let is_table = TABLES.iter().any(|(file, begin)| source.path == *file && name.starts_with(begin));
                if number - start + 1 > FUNCTION_LINES_MAX && !is_table {
                    findings.push(format!("{}:{start}: {} lines: {name}", source.path, number - start + 1));
                }
                open = None;
            }
        }
    }
    assert_none(findings);
}

#[test]
fn unsafe_says_why_it_is_sound() {
    let mut findings = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let is_unsafe = ["unsafe {", "unsafe impl", "unsafe extern"].iter().any(|start| code.contains(start));
            let before = &lines[at.saturating_sub(8)..=at];
            if is_unsafe && !before.iter().any(|line| line.contains("SAFETY:")) {
                findings.push(format!("{}:{}: no `SAFETY:` comment", source.path, at + 1));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn locks_have_a_rank() {
    let is_ranked = |source: &&Source| RANKED_ROOMS.iter().any(|room| source.path.starts_with(room));
    let mut findings = Vec::new();
    for source in sources().iter().filter(is_ranked) {
        let lines = source.text.lines().zip(1..).filter(|(line, _)| line.contains("parking_lot::"));
        findings.extend(lines.map(|(_, number)| format!("{}:{number}: use the locks of `locks`", source.path)));
    }
    assert_none(findings);
}

#[test]
fn the_top_level_holds_what_it_should() {
    let tracked = std::process::Command::new("git").args(["ls-files"]).current_dir(root()).output();
    let tracked = tracked.expect("git lists what is tracked");
    let listed = String::from_utf8_lossy(&tracked.stdout).into_owned();
    let strange = listed
        .lines()
        .filter_map(|line| line.split('/').next())
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name));
    assert_none(strange.map(|name| format!("{name}: does not belong at the top level")).collect());
}

/// The packages with their features, as `cargo tree` lists them, without build dependencies.
fn packages(edges: &str) -> BTreeSet<String> {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p} {f}", "--edges", edges])
        .current_dir(root())
        .output()
        .expect("cargo tells of the tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8_lossy(&tree.stdout).into_owned();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

/// A feature that only the tests enable has its package, and all that depend on it, built a second time.
#[test]
fn tests_share_what_the_program_is_built_from() {
    let (program, tests) = (packages("normal,no-proc-macro"), packages("normal,dev,no-proc-macro"));
    let built_again = program.difference(&tests);
    assert_none(built_again.map(|package| format!("{package}: tests have it with other features")).collect());
}
