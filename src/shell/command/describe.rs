//! One command in words: what `help NAME` and `NAME --help` show.

use super::Command;
use crate::shell::reply::{Line, Paragraph, Reply, Role};

/// The longest usage line that lists its options, in characters.
const USAGE_CHARS_MAX: usize = 100;
/// The most columns for the options before their descriptions.
const OPTION_COLUMNS_MAX: usize = 28;
/// Blanks before the further rows of a usage line or an example.
const HANG: usize = 4;

/// All that is known of one command.
pub fn describe(command: &Command) -> Reply {
    let shape = command.shape();
    let usage = Line::new().with(Role::Code, shape.usage_within(USAGE_CHARS_MAX));
    let mut paragraphs = vec![Paragraph { line: usage, hang: HANG }, Paragraph::default()];
    paragraphs.push(Paragraph::text(command.description));
    let widest = shape.options.iter().map(|option| option.usage().len() + 4).max().unwrap_or(0);
    let hang = widest.min(OPTION_COLUMNS_MAX);
    if !shape.options.is_empty() {
        paragraphs.push(Paragraph::default());
    }
    for option in &shape.options {
        let name = format!("  {}  ", option.usage());
        let line = Line::new().with(Role::Name, format!("{name:<hang$}")).plain(option.help.clone());
        paragraphs.push(Paragraph { line, hang });
    }
    if shape.takes("EXPR") {
        paragraphs.push(Paragraph::default());
        paragraphs.push(Paragraph::text("EXPR is one word: quote it. `help filters` says what it can ask for."));
    }
    for example in command.examples {
        paragraphs.push(Paragraph::default());
        let role = |line: &str| if line.starts_with('#') { Role::Dim } else { Role::Code };
        let lines = example.lines().map(|line| Line::new().with(role(line), line));
        paragraphs.extend(lines.map(|line| Paragraph { line, hang: HANG }));
    }
    Reply::prose(paragraphs).with_json(json_of(command))
}

/// The JSON form of the same.
fn json_of(command: &Command) -> serde_json::Value {
    let options = command.shape().options.iter();
    let options =
        options.map(|option| serde_json::json!({ "option": option.usage(), "help": option.help.to_string() }));
    let examples = command.examples.iter().map(|example| {
        let typed: Vec<&str> = example.lines().filter(|line| !line.starts_with('#')).collect();
        let printed = example.lines().filter_map(|line| line.strip_prefix('#'));
        let printed: Vec<&str> = printed.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        serde_json::json!({ "lines": typed.join("\n"), "output": printed.join("\n"), "transcript": example })
    });
    serde_json::json!({
        "name": command.name,
        "group": command.group.title(),
        "summary": command.summary,
        "usage": command.usage(),
        "description": command.description,
        "options": options.collect::<Vec<_>>(),
        "examples": examples.collect::<Vec<_>>(),
    })
}
