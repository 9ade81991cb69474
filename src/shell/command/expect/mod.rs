//! Expectations: commands that fail if a result differs from the script's. Each gives one error line, below a bounded
//! difference on standard error.

pub mod calls;
pub mod error;
pub mod fuel;
pub mod output;
pub mod tree;

use super::{Arguments, Command, Group, Inner, Run, syntax};
use crate::journal::KeptBytes;
use crate::shell::dump::hex_dump;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::{Rewrite, Session};
use crate::shell::words::payload::preview;

/// Most lines shown of a difference.
const DIFF_LINES_MAX: usize = 40;
/// Bytes of the largest text for a comparison by lines.
const DIFF_BYTES_MAX: usize = 64 << 10;
/// Context lines around a difference.
const DIFF_CONTEXT: usize = 2;

/// The reply of an expectation that holds. `figures`: the values that were compared.
fn held(figures: serde_json::Value) -> Reply {
    Reply::done(serde_json::json!({ "holds": true, "actual": figures }))
}

/// Handles an expectation that does not hold: rewrites it on request, else returns an error.
fn not_as_expected(session: &mut Session, rewrite: Rewrite, message: String) -> Result<Reply, ShellError> {
    match session.scripts_mut().rewrites() {
        Some(rewrites) => {
            rewrites.push(rewrite);
            Ok(Reply::done(serde_json::json!({ "holds": false, "rewritten": true })))
        }
        None => Err(ShellError::failed(message)),
    }
}

/// Shows the difference between the expected and the actual bytes.
fn show_difference(session: &mut Session, expected: &[u8], actual: &[u8]) {
    if session.scripts_mut().rewrites().is_none() {
        for line in difference(expected, actual) {
            session.notice(line);
        }
    }
}

/// The lines of the difference: `-` expected, `+` actual.
fn difference(expected: &[u8], actual: &[u8]) -> Vec<Line> {
    if expected.len() > DIFF_BYTES_MAX || actual.len() > DIFF_BYTES_MAX {
        let preview = |bytes: &[u8]| preview(&KeptBytes::keep(bytes, DIFF_BYTES_MAX as u64));
        return vec![
            Line::new().with(Role::Good, format!("- {}", preview(expected))),
            Line::new().with(Role::Bad, format!("+ {}", preview(actual))),
        ];
    }
    let (expected, actual) = match (std::str::from_utf8(expected), std::str::from_utf8(actual)) {
        // The comparison ignores a missing final newline.
        (Ok(expected), Ok(actual)) => (with_newline(expected), with_newline(actual)),
        _ => (hex_dump(expected), hex_dump(actual)),
    };
    let diff = similar::TextDiff::from_lines(&expected, &actual);
    let mut lines = Vec::new();
    for change in diff.grouped_ops(DIFF_CONTEXT).iter().flatten().flat_map(|op| diff.iter_changes(op)) {
        let (sign, role) = match change.tag() {
            similar::ChangeTag::Delete => ("-", Role::Good),
            similar::ChangeTag::Insert => ("+", Role::Bad),
            similar::ChangeTag::Equal => (" ", Role::Dim),
        };
        let text = change.value().strip_suffix('\n').unwrap_or(change.value());
        lines.push(Line::new().with(role, format!("{sign} {text}")));
    }
    if lines.len() > DIFF_LINES_MAX {
        let more = lines.len() - DIFF_LINES_MAX;
        lines.truncate(DIFF_LINES_MAX);
        lines.push(Line::new().with(Role::Dim, format!("… {more} more lines")));
    }
    lines
}

fn with_newline(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("{}\n", text.strip_suffix('\n').unwrap_or(text))
}

/// The text without its final newline: here-documents have one, plugins' outputs often have none.
fn without_newline(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference_lines(expected: &[u8], actual: &[u8]) -> Vec<String> {
        difference(expected, actual).iter().map(Line::to_string).collect()
    }

    #[test]
    fn a_difference_has_both_sides_and_some_lines_around() {
        let shown_lines = difference_lines(b"1\n2\n3\n4\n5\n", b"1\n2\n3\nfour\n5\n");
        assert_eq!(shown_lines, ["  2", "  3", "- 4", "+ four", "  5"]);
        assert_eq!(difference_lines(b"same", b"same"), Vec::<String>::new());
    }

    #[test]
    fn a_difference_is_bounded_and_safe() {
        let many: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let lines = difference_lines(b"", many.as_bytes());
        assert_eq!(lines.len(), DIFF_LINES_MAX + 1);
        assert_eq!(lines.last().map(String::as_str), Some("… 960 more lines"));
        assert_eq!(difference_lines(&vec![b'x'; DIFF_BYTES_MAX + 1], b"y").len(), 2);
        assert!(difference_lines(b"a", b"\x1b[2J").iter().all(|line| !line.contains('\x1b')));
        assert!(difference_lines(b"\xff", b"\x00").iter().any(|line| line.contains("ff")));
    }
}
