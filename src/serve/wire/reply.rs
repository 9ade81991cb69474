//! Replies on the wire: an object whose `kind` says which, so that the client's own front prints them as it prints its
//! own, with its colours and widths.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::bytes::{bytes_of, put_bytes};
use crate::shell::reply::{Line, Reply, Table};

/// A reply as JSON.
pub fn to_json(reply: &Reply) -> Value {
    match reply {
        Reply::Nothing => json!({ "kind": "nothing" }),
        Reply::Output { bytes, raw } => {
            let mut fields = Map::new();
            fields.insert("kind".to_owned(), "output".into());
            put_bytes(&mut fields, "output", bytes);
            fields.insert("raw".to_owned(), (*raw).into());
            Value::Object(fields)
        }
        Reply::Lines(lines) => json!({ "kind": "lines", "lines": lines }),
        Reply::Prose { paragraphs, json } => json!({ "kind": "prose", "paragraphs": paragraphs, "json": json }),
        Reply::Table(table) => json!({ "kind": "table", "table": table }),
        Reply::Json(value) => json!({ "kind": "json", "json": value }),
        Reply::News { lines, json } => json!({ "kind": "news", "lines": lines, "json": json }),
        Reply::Answer { lines, json } => json!({ "kind": "answer", "lines": lines, "json": json }),
        Reply::JsonLines(values) => json!({ "kind": "json_lines", "values": values }),
    }
}

/// The reply that JSON holds.
///
/// # Errors
/// A line: it holds none.
pub fn from_json(value: Value) -> Result<Reply, String> {
    let Value::Object(mut fields) = value else { return Err("a reply is an object".to_owned()) };
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let json = fields.remove("json").unwrap_or_default();
    Ok(match kind.as_str() {
        "nothing" => Reply::Nothing,
        "output" => {
            let raw = fields.get("raw").and_then(Value::as_bool).unwrap_or(false);
            Reply::Output { bytes: Arc::from(bytes_of(&fields, "output")?.unwrap_or_default()), raw }
        }
        "lines" => Reply::Lines(lines_of(&mut fields)?),
        "prose" => Reply::Prose { paragraphs: field(&mut fields, "paragraphs")?, json },
        "table" => Reply::Table(field::<Table>(&mut fields, "table")?),
        "json" => Reply::Json(json),
        "news" => Reply::News { lines: lines_of(&mut fields)?, json },
        "answer" => Reply::Answer { lines: lines_of(&mut fields)?, json },
        "json_lines" => Reply::JsonLines(field(&mut fields, "values")?),
        other => return Err(format!("no kind of reply `{other}`")),
    })
}

fn lines_of(fields: &mut Map<String, Value>) -> Result<Vec<Line>, String> {
    field(fields, "lines")
}

fn field<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = fields.remove(name).unwrap_or_default();
    serde_json::from_value(value).map_err(|error| format!("`{name}` of a reply: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::reply::{Align, Brevity, Heading, Paragraph, Role, cell};

    #[test]
    fn replies_come_back_as_they_went() {
        let line = Line::new().plain("a").with(Role::Bad, "b");
        let heading = Heading { importance: 2, brevity: Brevity::LastPart, ..Heading::new("name", Align::Right) };
        let table = Table {
            headings: vec![heading],
            rows: vec![vec![cell(Role::Name, "1:echo")]],
            totals: Some(vec![cell(Role::Strong, "1")]),
            notes: vec![line.clone()],
        };
        let json = json!([1, { "b": null, "a": 2 }]);
        let replies = [
            Reply::Nothing,
            Reply::Output { bytes: Arc::from(&b"hi\n"[..]), raw: true },
            Reply::Output { bytes: Arc::from(&b"\xff"[..]), raw: false },
            Reply::Lines(vec![line.clone(), Line::new()]),
            Reply::Prose { paragraphs: vec![Paragraph { line: line.clone(), hang: 4 }], json: json.clone() },
            Reply::Table(table),
            Reply::Json(json.clone()),
            Reply::News { lines: vec![line.clone()], json: json.clone() },
            Reply::Answer { lines: Vec::new(), json: json.clone() },
            Reply::JsonLines(vec![json.clone(), json]),
        ];
        for reply in replies {
            assert_eq!(from_json(to_json(&reply)).as_ref(), Ok(&reply));
        }
        assert_eq!(from_json(json!({ "kind": "poem" })), Err("no kind of reply `poem`".to_owned()));
    }
}
