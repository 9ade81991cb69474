//! Logical lines, one after the other.

use super::{Calls, error};
use crate::shell::line::{ErrorKind, LINE_BYTES_MAX, Lines, parse};

/// Each logical line: the texts of its statements joined by `/`, or `LINE: message` of its mistake.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Lines::new(text);
    let mut all = Vec::new();
    while let Some(line) = lines.next(&Calls) {
        all.push(match line {
            Ok(script) => {
                script.statements.iter().map(|statement| statement.text.as_str()).collect::<Vec<_>>().join("/")
            }
            Err(error) => format!("{}: {error}", error.line),
        });
    }
    all
}

#[test]
fn a_logical_line_goes_as_far_as_it_must() {
    let text = "ps; echo a\n\n# c\necho 'b\nc'; ps\ncall a f x |\n call b g\ncall a f <<E\nx\nE\necho d";
    assert_eq!(lines(text), ["ps/echo a", "echo 'b\nc'/ps", "call a f x |\n call b g", "call a f <<E", "echo d"]);
}

#[test]
fn reading_goes_on_behind_a_mistake() {
    assert_eq!(lines("echo a\nps ;; ps\necho b"), ["echo a", "2: no command before `;`", "echo b"]);
    assert_eq!(lines("ps )\necho b").last().unwrap(), "echo b");
    assert_eq!(lines("call a f {\"a: 1}\necho b").last().unwrap(), "echo b");
    assert_eq!(lines("echo ${x y}\necho b").last().unwrap(), "echo b");
    let deep = format!("{}\necho b", "$(".repeat(100));
    assert_eq!(lines(&deep).last().unwrap(), "echo b");
}

#[test]
fn a_mistake_takes_its_here_documents_along() {
    let text = "ps ;; call a f <<E\nkill 1\nE\necho b";
    assert_eq!(lines(text), ["1: no command before `;`", "echo b"]);
    let text = "echo <<E\nkill 1\nE\necho b";
    assert_eq!(lines(text), ["1: a here-document `<<` can only stand where INPUT goes", "echo b"]);
    let text = "ps && echo 'a\nkill 1'\necho b";
    assert_eq!(lines(text).len(), 2, "its quotes too");
}

#[test]
fn what_is_unclosed_ends_the_text() {
    assert_eq!(lines("echo a\necho 'b\necho c"), ["echo a", "2: unclosed quote `'`: close it, or write `\\'`"]);
}

#[test]
fn a_mistake_has_its_place() {
    let error = error("echo a\necho 'é' ; ;");
    assert_eq!((error.offset, error.line, error.column), (19, 2, 13));
}

#[test]
fn lines_are_bounded_and_scripts_are_not() {
    let half = "a".repeat(LINE_BYTES_MAX / 2);
    let script = format!("echo {half}\necho {half}\n");
    assert_eq!(parse(&script, &Calls).unwrap().statements.len(), 2);
    let long = format!("echo '{half}{half}'\necho b");
    let mut lines = Lines::new(&long);
    let error = lines.next(&Calls).unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLong { max_bytes: LINE_BYTES_MAX });
    assert!(!error.incomplete(), "more of it would not help");
    assert_eq!(lines.next(&Calls).unwrap().unwrap().statements[0].text, "echo b");
}

#[test]
fn a_line_may_be_as_long_as_the_bound() {
    let text = format!("echo {}\necho b\n", "a".repeat(LINE_BYTES_MAX - 6));
    assert_eq!(parse(&text, &Calls).unwrap().statements.len(), 2);
}
