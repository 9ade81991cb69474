//! A value of msgpack or CBOR, and how it is written: as JSON where JSON has it.

use super::budget::DecodeError;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Text(String),
    /// Any other value without parts, as it is written.
    Plain(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// A tag, as it is written, and its value.
    Tagged(String, Box<Node>),
    /// The rest is missing.
    Missing,
}

impl Node {
    /// Over several lines, without a final newline.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Node::Text(text) => out.push_str(&serde_json::to_string(text).unwrap_or_default()),
            Node::Plain(text) => out.push_str(text),
            Node::Missing => out.push('…'),
            Node::Tagged(tag, value) => {
                out.push_str(tag);
                out.push('(');
                value.write(out, depth);
                out.push(')');
            }
            Node::List(items) if items.is_empty() => out.push_str("[]"),
            Node::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Node::List(items) => block(out, depth, '[', ']', items, |item, out| item.write(out, depth + 1)),
            Node::Map(entries) => block(out, depth, '{', '}', entries, |(key, value), out| {
                key.write(out, depth + 1);
                if *key != Node::Missing {
                    out.push_str(": ");
                    value.write(out, depth + 1);
                }
            }),
        }
    }
}

fn block<T>(
    out: &mut String,
    depth: usize,
    open: char,
    close: char,
    parts: &[T],
    mut write: impl FnMut(&T, &mut String),
) {
    out.push(open);
    for (place, part) in parts.iter().enumerate() {
        out.push_str(if place == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(part, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

/// The items of a list: as many as are there, and the reason why there are no more.
pub fn list(count: Option<u64>, mut next: impl FnMut() -> Item) -> (Node, Option<DecodeError>) {
    let mut items = Vec::new();
    while count.is_none_or(|count| (items.len() as u64) < count) {
        match next() {
            Item::Value(node, None) => items.push(node),
            Item::Value(node, error) => {
                items.push(node);
                return (Node::List(items), error);
            }
            Item::End => break,
        }
    }
    (Node::List(items), None)
}

/// The entries of a map, as [`list`] has items.
pub fn map(count: Option<u64>, mut next: impl FnMut() -> Item) -> (Node, Option<DecodeError>) {
    let mut entries = Vec::new();
    while count.is_none_or(|count| (entries.len() as u64) < count) {
        let key = match next() {
            Item::Value(key, None) => key,
            Item::Value(key, error) => {
                entries.push((key, Node::Missing));
                return (Node::Map(entries), error);
            }
            Item::End => break,
        };
        match next() {
            Item::Value(value, None) => entries.push((key, value)),
            Item::Value(value, error) => {
                entries.push((key, value));
                return (Node::Map(entries), error);
            }
            Item::End => return (Node::Map(entries), Some(DecodeError::End)),
        }
    }
    (Node::Map(entries), None)
}

/// The next item of a list, or the end of one without a count.
pub enum Item {
    Value(Node, Option<DecodeError>),
    End,
}
