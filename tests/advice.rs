//! Every command that a message or a help text advises, in backticks, is one that the shell knows in that form. The
//! commands are found in the string literals of the sources, their placeholders filled in, and run.

mod common;
mod tokens;

use std::collections::BTreeMap;

use common::{Ended, plugsh};

/// Placeholders of advised commands, and the values that replace them.
const PLACEHOLDERS: [(&str, &str); 36] = [
    ("[OPTIONS]", ""),
    ("[FUNCTION]", "echo"),
    ("PLUGIN.FUNCTION", "echo.echo"),
    ("NAME.FUNCTION", "echo.echo"),
    ("SOURCE", "echo"),
    ("PLUGIN", "echo"),
    ("PROCESS", "1"),
    ("FUNCTION", "echo"),
    ("INPUT", "hi"),
    ("COMMANDS", "ps"),
    ("PROGRAM", "true"),
    ("COMMAND", "ps"),
    ("VALUE", "v"),
    ("BYTES", "hi"),
    ("EXPR", "echo.echo"),
    ("FILE", "advised.file"),
    ("NAME", "x"),
    ("DIR", "."),
    ("SEQ", "2"),
    ("%N", "%1"),
    ("N", "1"),
    ("{own}", "advised.file"),
    ("{word}", "echo"),
    ("{process}", "echo"),
    ("{id}", "1"),
    ("{job}", "1"),
    ("{name}", "x"),
    ("{value}", "v"),
    ("{function}", "echo"),
    ("{plugin}", "echo"),
    ("{owner}", "echo"),
    ("{reference}", "echo"),
    ("{target}", "1"),
    ("{code}", "0"),
    ("{action}", "off"),
    ("{holder}", "1"),
];
/// Beginnings of commands that only Ctrl-C or a signal ends; `tests/interrupts.rs` and `tests/serve` have them.
const ENDLESS: [&str; 6] = ["trace -f", "wait 1", "watch ps", "watch !df", "plugsh serve", "plugsh node"];

/// The lines that a command needs before it, by the beginning of its own.
const PREPARATIONS: [(&str, &str); 25] = [
    ("alias -d x", "alias x = ps"),
    ("alias x", "alias x = ps"),
    ("bt %1", HOLD),
    ("call a f", "load two.wat --as a; load two.wat --as b"),
    ("cd -", "cd ."),
    ("continue %1", HOLD),
    ("delete 1", "break echo.echo"),
    ("echo $x", "set x v"),
    ("faults delete 1", "inject echo.echo trap"),
    ("fg %1", BACKGROUND),
    ("kill %1", HOLD),
    ("list --source-dir", HOLD_IN_CODE),
    ("locals --wasm", HOLD_IN_CODE),
    ("record off", "record calls.jsonl"),
    ("replay advised.file", "record advised.file; echo.echo hi; record off"),
    ("replay 2", "trace payloads 64k; echo.echo hi"),
    ("return hi", HOLD),
    ("return", HOLD),
    ("serve off", "serve --name advised"),
    ("set -d x", "set x v"),
    ("show 2 --input", "trace payloads 64k; echo.echo hi"),
    ("step %1", HOLD),
    ("unstub echo.echo", "stub echo.echo = hi"),
    ("wait %1", BACKGROUND),
    ("vars -d x", "vars echo x=1"),
];
const HOLD: &str = "break echo.echo; echo.echo hi";
const HOLD_IN_CODE: &str = "break echo::echo; echo.echo hi";
const BACKGROUND: &str = "echo.echo hi &";
const CALLED: &str = "echo.echo hi";
/// Commands that leave a call held, and the one that is typed then.
const HOLDING: [&str; 4] = ["bt %1", "list --source-dir", "locals --wasm", "step %1"];
const CONTINUE: &str = "continue %1";
/// Commands that fail here though they are understood, by the beginning of their line, and what is said then.
const FAILING: [(&str, &str); 12] = [
    ("kill %1", "killed %1"),
    ("list --source-dir", "its plugin has no debug information"),
    ("load big --on gpu1", "no plugin named `big`"),
    ("pane ", "no pane here"),
    ("plugsh --nats", "no NATS server at"),
    ("plugsh --pane", "no pane: standard output is no terminal"),
    ("plugsh attach", " served"),
    ("plugsh call --attach", "is not served"),
    ("plugsh up", NO_PROJECT),
    ("source ~", "no such file"),
    ("up --check", NO_PROJECT),
    ("up x", NO_PROJECT),
];
const NO_PROJECT: &str = "no `plugsh.toml` here or in a directory above";
/// Lines of a policy file, which begin as commands do.
const FILE_LINES: [&str; 1] = ["call = []"];
/// The error of a command that is advised without its operands.
const OPERAND_LEFT_OUT: &str = " wants ";
/// Functions that stand for any.
const TWO_FUNCTIONS: &str = r#"(module (func (export "f")) (func (export "g")))"#;

/// The spans in backticks of a text, without those that have line breaks.
fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n') && !span.is_empty())
}

/// The advised commands, each with a file that advises it.
fn advised(commands: &[String]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (file, tokens) in tokens::sources() {
        for text in &tokens.literals {
            for span in in_backticks(text) {
                let first = span.split_whitespace().next().unwrap_or_default();
                let is_command = commands.iter().any(|command| command == first);
                if is_command && span != first && !FILE_LINES.contains(&span) {
                    found.insert(span.to_owned(), file.clone());
                }
            }
        }
    }
    found
}

/// The advised command with its placeholders replaced.
fn filled(advised: &str) -> String {
    let words = advised.split_whitespace().map(|word| {
        // The first of two spellings.
        let word = if word.len() > 1 { word.split('|').next().unwrap_or_default() } else { word };
        let filled = PLACEHOLDERS.iter().fold(word.to_owned(), |word, (from, to)| {
            let name = |c: char| c.is_ascii_uppercase();
            let whole = word.trim_matches(|c| !name(c)) == from.trim_matches(|c| !name(c));
            if from.starts_with(['{', '[']) || whole { word.replace(from, to) } else { word }
        });
        filled.replace("%{}", "%1").replace("{}", "1")
    });
    let line = words.collect::<Vec<_>>().join(" ");
    // The ending of a picture's name says what is written.
    line.replace("pane save advised.file", "pane save picture.svg")
}

/// The arguments of a system shell's line: words between blanks, and what stands in single quotes as one.
fn arguments(line: &str) -> Vec<String> {
    let pieces = line.split('\'').zip([false, true].into_iter().cycle());
    let split = pieces.flat_map(|(piece, is_quoted)| match is_quoted {
        true => vec![piece.to_owned()],
        false => piece.split_whitespace().map(str::to_owned).collect(),
    });
    split.collect()
}

/// The commands of the shell, from its own list.
fn commands() -> Vec<String> {
    let listed = plugsh().args(["help", "all"]).run().code(0).stdout;
    let listed = String::from_utf8(listed).unwrap();
    let named = listed.lines().filter_map(|line| line.split_whitespace().next());
    named.map(str::to_owned).chain(["plugsh".to_owned()]).collect()
}

/// Runs a line in a directory that has what the placeholders name.
fn run(line: &str, cache: &str) -> Ended {
    let words = match line.strip_prefix("plugsh ") {
        Some(words) => arguments(words),
        None => {
            let before =
                PREPARATIONS.iter().find(|(start, _)| line.starts_with(start)).map_or(CALLED, |(_, typed)| typed);
            let is_holding = HOLDING.iter().any(|start| line.starts_with(start));
            let after = if is_holding { CONTINUE } else { "" };
            vec!["-c".to_owned(), format!("load echo\n{before}\n{line}\n{after}")]
        }
    };
    let files = [("advised.file", ""), ("x.plugsh", "load echo"), ("1/file", ""), ("two.wat", TWO_FUNCTIONS)];
    let run = files.into_iter().fold(plugsh(), |run, (name, text)| run.file(name, text));
    run.env("XDG_CACHE_HOME", cache).args(words).run()
}

#[test]
fn what_is_advised_can_be_typed() {
    let advised = advised(&commands());
    assert!(advised.len() > 50, "only {} commands are advised: {advised:?}", advised.len());
    let compiled = tempfile::tempdir().unwrap();
    let cache = compiled.path().to_string_lossy().into_owned();
    let mut wrong = Vec::new();
    for (command, file) in &advised {
        let line = filled(command);
        if ENDLESS.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let run = run(&line, &cache);
        let failing = FAILING.iter().find(|(start, _)| line.starts_with(start));
        let is_expected = failing.is_some_and(|(_, error)| run.stderr.contains(error));
        let lacks_operand = run.code == Some(2) && run.stderr.contains(OPERAND_LEFT_OUT);
        if run.code != Some(0) && !is_expected && !lacks_operand {
            wrong.push(format!("{file}: `{command}` as `{line}`: {}", run.stderr.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} do not run:\n{}", wrong.len(), advised.len(), wrong.join("\n"));
}
