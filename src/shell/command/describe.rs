//! One command in words: what `help NAME` and `NAME --help` show.

use super::Command;
use crate::shell::reply::{Line, Reply, Role};
use crate::text::wrapped;

/// Width at which a description wraps, in columns.
const TEXT_WIDTH: usize = 100;
/// All that is known of one command.
pub fn describe(command: &Command) -> Reply {
    let shape = command.shape();
    let mut lines = vec![Line::new().with(Role::Code, shape.usage_within(TEXT_WIDTH)), Line::new()];
    lines.extend(wrapped(command.description, TEXT_WIDTH).into_iter().map(Line::from));
    let width = shape.options.iter().map(|option| option.usage().len()).max().unwrap_or(0) + 2;
    if !shape.options.is_empty() {
        lines.push(Line::new());
    }
    for option in &shape.options {
        lines.push(Line::new().with(Role::Name, format!("  {:<width$}", option.usage())).plain(option.help.clone()));
    }
    if shape.takes("EXPR") {
        lines.push(Line::new());
        lines.push(Line::from("EXPR is one word: quote it. `help filters` says what it can ask for."));
    }
    for example in command.examples {
        lines.push(Line::new());
        lines.extend(example.lines.lines().map(|line| Line::new().with(Role::Dim, "$ ").with(Role::Code, line)));
        lines.extend(example.output.lines().map(Line::from));
    }
    Reply::Lines(lines).with_json(json_of(command))
}

/// The JSON form of the same.
fn json_of(command: &Command) -> serde_json::Value {
    let options = command.shape().options.iter();
    let options =
        options.map(|option| serde_json::json!({ "option": option.usage(), "help": option.help.to_string() }));
    let examples = command.examples.iter();
    let examples = examples.map(|example| serde_json::json!({ "lines": example.lines, "output": example.output }));
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
