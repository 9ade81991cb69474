//! Every command that a message or a help text advises, in backticks, is one that the shell knows in that form. The
//! commands are found in the string literals of the sources, their placeholders filled in, and run.

mod common;
mod tokens;

use std::collections::BTreeMap;

use common::plugsh;

/// Placeholders of advised commands, and the values that replace them.
const PLACEHOLDERS: [(&str, &str); 34] = [
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
    ("COMMAND", "ps"),
    ("VALUE", "v"),
    ("BYTES", "hi"),
    ("EXPR", "echo.echo"),
    ("FILE", "advised.file"),
    ("NAME", "x"),
    ("DIR", "."),
    ("SEQ", "1"),
    ("%N", "%1"),
    ("N", "1"),
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
/// Commands that only Ctrl-C ends; `tests/interrupts.rs` has them.
const ENDLESS: [&str; 4] = ["trace -f", "wait 1", "watch ps", "watch !df"];

/// The error of a missing operand. A command may be advised without its operands; unknown options have other errors.
const OPERAND_LEFT_OUT: &str = " wants ";

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
                if commands.iter().any(|command| command == first) && span != first {
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
    words.collect::<Vec<_>>().join(" ")
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

#[test]
fn what_is_advised_can_be_typed() {
    let advised = advised(&commands());
    assert!(advised.len() > 50, "only {} commands are advised: {advised:?}", advised.len());
    let compiled = tempfile::tempdir().unwrap();
    let cache = compiled.path().to_string_lossy().into_owned();
    let mut wrong = Vec::new();
    for (command, file) in &advised {
        let line = filled(command);
        if ENDLESS.contains(&line.as_str()) {
            continue;
        }
        let words = match line.strip_prefix("plugsh ") {
            Some(words) => arguments(words),
            None => vec!["-c".to_owned(), format!("load echo\necho.echo hi\n{line}")],
        };
        let run = plugsh().file("advised.file", "").env("XDG_CACHE_HOME", &cache).args(words).run();
        if run.code == Some(2) && !run.stderr.contains(OPERAND_LEFT_OUT) {
            wrong.push(format!("{file}: `{command}` as `{line}`: {}", run.stderr.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are not understood:\n{}", wrong.len(), advised.len(), wrong.join("\n"));
}
