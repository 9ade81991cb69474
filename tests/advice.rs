//! Every command that a message or a help text advises, in backticks, is one that the shell knows in that form. The commands
//! are found in the string literals of the sources, their placeholders filled in, and run.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::plugsh;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What stands for something that a person fills in, and what is filled in here.
const PLACEHOLDERS: [(&str, &str); 31] = [
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
    ("SEQ", "2"),
    ("%N", "%1"),
    ("N", "1"),
    ("{word}", "echo"),
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
/// Ended by Ctrl-C alone, which `interrupts` presses.
const ENDLESS: [&str; 3] = ["trace -f", "wait 1", "watch ps"];

/// A command may be named without its operands; an option or a subcommand that is not there is told in other words.
const OPERAND_LEFT_OUT: &str = " wants ";

/// The string literals of a stream, those of attributes and of tests left out.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    let mut before = None;
    let mut is_test = false;
    for token in tokens {
        let is_attribute = matches!(before, Some('#' | '!'));
        before = if let TokenTree::Punct(punct) = &token { Some(punct.as_char()) } else { None };
        match token {
            TokenTree::Group(group) if is_attribute && group.delimiter() == Delimiter::Bracket => {
                is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
            }
            // An item ends with its body, or with a semicolon.
            TokenTree::Group(group) if is_test => is_test = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(punct) if is_test => is_test = punct.as_char() != ';',
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                found.extend(text.map(|text| text.value()));
            }
            _ => {}
        }
    }
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.components().any(|part| part.as_os_str() == "tests") {
            // What they expect is not what anybody is told.
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// What stands in backticks in a text, without line breaks.
fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n') && !span.is_empty())
}

/// The advised commands and a file that advises each.
fn advised(commands: &[String]) -> BTreeMap<String, String> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut found = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let Ok(tokens) = text.parse::<TokenStream>() else { panic!("{}: no tokens", file.display()) };
        let mut texts = Vec::new();
        literals(tokens, &mut texts);
        for text in &texts {
            for span in in_backticks(text) {
                let first = span.split_whitespace().next().unwrap_or_default();
                if commands.iter().any(|command| command == first) && span != first {
                    found.insert(span.to_owned(), file.display().to_string());
                }
            }
        }
    }
    found
}

/// The advised command with something in each place that is to be filled in.
fn filled(advised: &str) -> String {
    let words = advised.split_whitespace().map(|word| {
        // Of two ways to write it the first.
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
            Some(words) => words.split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect(),
            None => vec!["-c".to_owned(), format!("load echo\necho.echo hi\n{line}")],
        };
        let run = plugsh().file("advised.file", "").env("XDG_CACHE_HOME", &cache).args(words).run();
        if run.code == Some(2) && !run.stderr.contains(OPERAND_LEFT_OUT) {
            wrong.push(format!("{file}: `{command}` as `{line}`: {}", run.stderr.trim()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are not understood:\n{}", wrong.len(), advised.len(), wrong.join("\n"));
}
