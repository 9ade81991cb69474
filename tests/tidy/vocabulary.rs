//! The words of upper rooms, which lower rooms must not use in identifiers or string literals.

use super::assert_none;
use super::tokens::{Tokens, sources};

/// Crates that only some files may name in any form: the crate, where, and why.
const CRATES: [(&str, &[&str], &str); 9] = [
    ("wasmtime", &["runtime/native/"], "only the native host names wasmtime"),
    ("wasmtime_wasi", &["runtime/native/"], "only the native host names wasmtime"),
    ("cranelift_codegen", &["runtime/native/"], "only the native host names wasmtime's compiler"),
    ("rayon", &["runtime/native/"], "only the native host names the threads of wasmtime's compiler"),
    ("rustyline", &["front/"], "only the fronts name rustyline"),
    ("ratatui", &["front/"], "only the fronts name ratatui"),
    ("crossterm", &["front/"], "only the fronts name crossterm"),
    ("async_nats", &["nats/"], "only the room of the connection names async-nats"),
    ("comfy_table", &["front/"], "only the fronts name comfy-table"),
];
/// Macros that print, and the files that may use them.
const PRINTING: [&str; 4] = ["print", "println", "eprint", "eprintln"];
const PRINTERS: [&str; 4] = ["front/", "main.rs", "cli", "modes"];
/// Macros of unfinished work, which no file may use.
const UNFINISHED: [&str; 2] = ["dbg", "todo"];
/// Words that the identifiers of a room must not have.
const FOREIGN_WORDS: [(&str, &[&str]); 7] = [
    ("kernel/", &["prompt", "pane", "repl", "session", "reply", "completion", "editor", "argv", "wasmtime"]),
    ("runtime/", &["prompt", "pane", "repl", "session", "reply", "kernel", "job", "breakpoint", "supervisor"]),
    ("journal/", &["prompt", "pane", "repl", "reply", "kernel", "policy", "supervisor", "wasm"]),
    ("node/", &["prompt", "pane", "repl", "session", "reply", "completion", "editor", "argv", "wasmtime"]),
    ("nats/", &["prompt", "pane", "session", "kernel", "process", "guest", "plugin", "node", "home"]),
    ("serve/", &["repl", "editor", "argv", "wasmtime"]),
    ("system/", &["prompt", "pane", "repl", "session", "reply", "completion", "editor", "argv", "wasmtime"]),
];
/// The only folder that uses the engine's breakpoints, and the engine's names of them.
const ENGINE_DEBUGGER: &str = "runtime/native/debugged/";
const ENGINE_NAMES: [&str; 3] = ["Breakpoint", "add_breakpoint", "remove_breakpoint"];
/// Identifiers that were given up for the field's terms. They stay away.
const LEFT_WORDS: [&str; 36] = [
    "Above",
    "CUT_GRACE",
    "Callees",
    "Came",
    "Did",
    "Lifecycle",
    "MadeCall",
    "NodeTalk",
    "Popped",
    "Said",
    "Shelf",
    "Speaker",
    "Talk",
    "TalkEvent",
    "Tape",
    "Thin",
    "Told",
    "Wish",
    "Workshop",
    "buried",
    "bury",
    "converse",
    "goes_on",
    "is_unsafe",
    "leave_stuck",
    "said",
    "say",
    "stands_still",
    "stillborn",
    "stood_still",
    "talk",
    "talks",
    "tell",
    "told",
    "under_way",
    "untold",
];
/// Names that stood for several types: each type has a name of its own.
const LEFT_TYPES: [&str; 13] = [
    "Cursor",
    "Failing",
    "Held",
    "InProgress",
    "Kept",
    "Left",
    "Memo",
    "Replacement",
    "Report",
    "Row",
    "Seen",
    "State",
    "Stop",
];
/// Files that name what a person can do about an error, for the shell to put into words.
const ADVICE: [&str; 1] = ["runtime/advice.rs"];
/// Words that no string literal below the shell must have. `shell` alone is the name of the first caller, process 0.
const FOREIGN_PHRASES: [&str; 6] = ["prompt", "pane", "command line", "no shell", "the shell's", "EXPR"];
/// The file that names flags as the arguments of a process that it starts.
const ARGUMENTS: [&str; 1] = ["runtime/native/compile/child.rs"];
/// Where Linux tells of itself, and the file that reads there: other systems tell otherwise.
const SYSTEM_FILES: [&str; 2] = ["/proc/", "/sys/"];
const SYSTEM_READER: &str = "machine.rs";
/// Rooms below the shell.
const LOWER_ROOMS: [&str; 5] = ["node/", "kernel/", "runtime/", "journal/", "nats/"];

/// The words of an identifier in lower case: `HeldCalls` and `held_calls` have `held` and `calls`.
fn words(identifier: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for c in identifier.chars() {
        let starts = before == '_' || (c.is_uppercase() && !before.is_uppercase());
        if c != '_' && starts {
            words.push(String::new());
        }
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words
}

fn foreign_identifiers(path: &str, tokens: &Tokens) -> Vec<String> {
    if ADVICE.contains(&path) {
        return Vec::new();
    }
    let foreign = FOREIGN_WORDS.iter().find(|(room, _)| path.starts_with(room)).map_or(&[][..], |(_, words)| words);
    let is_engines = |identifier: &str| path.starts_with(ENGINE_DEBUGGER) && ENGINE_NAMES.contains(&identifier);
    let has_foreign = |identifier: &&String| {
        !is_engines(identifier) && words(identifier).iter().any(|word| foreign.contains(&word.as_str()))
    };
    let found = tokens.identifiers.iter().filter(has_foreign);
    found.map(|identifier| format!("src/{path}: `{identifier}` is a word of a room above")).collect()
}

fn foreign_literals(path: &str, tokens: &Tokens) -> Vec<String> {
    if !LOWER_ROOMS.iter().any(|room| path.starts_with(room)) {
        return Vec::new();
    }
    let has_foreign = |phrase: &str, text: &str| {
        text.match_indices(phrase).any(|(at, _)| {
            !text[..at].ends_with(char::is_alphanumeric)
                && !text[at + phrase.len()..].starts_with(char::is_alphanumeric)
        })
    };
    let found = tokens.literals.iter().filter(|text| FOREIGN_PHRASES.iter().any(|phrase| has_foreign(phrase, text)));
    found.map(|text| format!("src/{path}: {text:?} has words of a room above")).collect()
}

/// Literals that name a flag: `--` and a letter, at the start of a word.
fn foreign_flags(path: &str, tokens: &Tokens) -> Vec<String> {
    if ARGUMENTS.contains(&path) || !LOWER_ROOMS.iter().any(|room| path.starts_with(room)) {
        return Vec::new();
    }
    let names_flag = |text: &&String| {
        text.match_indices("--").any(|(at, _)| {
            let starts_word = at == 0 || text[..at].ends_with([' ', '`', '\'', '"', '(']);
            starts_word && text[at + 2..].starts_with(|c: char| c.is_ascii_lowercase())
        })
    };
    let found = tokens.literals.iter().filter(names_flag);
    found.map(|text| format!("src/{path}: {text:?} names a flag, which the shell words")).collect()
}

fn foreign_system_files(path: &str, tokens: &Tokens) -> Vec<String> {
    if path == SYSTEM_READER {
        return Vec::new();
    }
    let found = tokens.literals.iter().filter(|text| SYSTEM_FILES.iter().any(|place| text.starts_with(place)));
    found.map(|text| format!("src/{path}: {text:?} is read in {SYSTEM_READER} alone")).collect()
}

fn foreign_crates(path: &str, tokens: &Tokens) -> Vec<String> {
    let names = |name: &str| tokens.identifiers.iter().any(|identifier| identifier == name);
    let is_in = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    let crates = CRATES.iter().filter(|(name, places, _)| names(name) && !is_in(places));
    let mut found: Vec<String> = crates.map(|(_, _, why)| format!("src/{path}: {why}")).collect();
    let prints = PRINTING.iter().filter(|name| names(name) && !is_in(&PRINTERS));
    found.extend(prints.map(|name| format!("src/{path}: `{name}`: only the fronts print")));
    let unfinished = UNFINISHED.iter().filter(|name| names(name));
    found.extend(unfinished.map(|name| format!("src/{path}: `{name}` is left over")));
    found
}

#[test]
fn lower_rooms_have_no_words_of_upper_ones() {
    let all = sources();
    let findings = all.iter().flat_map(|(path, tokens)| {
        let words = [foreign_identifiers(path, tokens), foreign_literals(path, tokens)].concat();
        let flags = foreign_flags(path, tokens);
        [words, flags, foreign_crates(path, tokens), foreign_system_files(path, tokens)].concat()
    });
    assert_none(findings.collect());
}

fn left_words(path: &str, tokens: &Tokens) -> Vec<String> {
    let is_left = |word: &&String| LEFT_WORDS.contains(&word.as_str());
    let words = tokens.identifiers.iter().filter(is_left);
    let mut found: Vec<String> = words.map(|word| format!("src/{path}: `{word}` has a better word")).collect();
    let declares = |word: &str| matches!(word, "struct" | "enum" | "trait" | "type");
    let declared = tokens.identifiers.windows(2).filter(|pair| declares(&pair[0]));
    let several = declared.filter(|pair| LEFT_TYPES.contains(&pair[1].as_str()));
    found.extend(several.map(|pair| format!("src/{path}: the type `{}` needs a telling name", pair[1])));
    let bounds = tokens.identifiers.iter().filter(|word| word.starts_with("MAX_"));
    found.extend(bounds.map(|word| format!("src/{path}: `{word}`: a bound ends in `_MAX`")));
    found
}

#[test]
fn left_words_stay_away() {
    assert_none(sources().iter().flat_map(|(path, tokens)| left_words(path, tokens)).collect());
}

#[test]
fn left_words_are_found() {
    let identifiers = ["let", "told", "struct", "Held", "Outcome", "Held", "MAX_BYTES", "BYTES_MAX"];
    let tokens = Tokens { identifiers: identifiers.map(str::to_owned).to_vec(), ..Tokens::default() };
    assert_eq!(left_words("x.rs", &tokens).len(), 3);
}

#[test]
fn foreign_words_are_found() {
    assert_eq!(words("HeldCalls"), ["held", "calls"]);
    assert_eq!(words("KEPT_BYTES_max"), ["kept", "bytes", "max"]);
    let tokens = |identifiers: &[&str], literals: &[&str]| Tokens {
        identifiers: identifiers.iter().map(|word| (*word).to_owned()).collect(),
        literals: literals.iter().map(|word| (*word).to_owned()).collect(),
    };
    let found = tokens(&["show_pane", "spawn", "PaneSize"], &["see the pane", "panel"]);
    assert_eq!(foreign_identifiers("kernel/x.rs", &found).len(), 2);
    assert_eq!(foreign_identifiers("shell/x.rs", &found).len(), 0);
    assert_eq!(foreign_literals("journal/x.rs", &found).len(), 1);
    let found = tokens(&[], &["; `--max-jobs` allows more", "--echo", "p1-->>p0", "xn--bcher", "--> <anon>:"]);
    assert_eq!(foreign_flags("kernel/x.rs", &found).len(), 2);
    assert_eq!(foreign_flags("shell/x.rs", &found).len(), 0);
    let found = tokens(&[], &["/proc/meminfo", "a/proc/b"]);
    assert_eq!(foreign_system_files("kernel/x.rs", &found).len(), 1);
    assert_eq!(foreign_system_files("machine.rs", &found).len(), 0);
    let found = tokens(&["wasmtime", "println", "todo"], &[]);
    assert_eq!(foreign_crates("kernel/x.rs", &found).len(), 3);
    assert_eq!(foreign_crates("front/x.rs", &found).len(), 2);
}
