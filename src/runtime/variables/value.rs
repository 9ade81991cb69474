//! Values of variables, as data and as text.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::text::escape_control;

/// A value of a guest's variable. Texts are escaped and bounded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Unit,
    Bool(bool),
    Integer(#[serde(serialize_with = "integer")] i128),
    Float32(f32),
    Float64(f64),
    Char(char),
    /// A string; `bytes` is its length, of which the text may be the start alone.
    Text {
        text: String,
        bytes: u64,
    },
    /// An address, with what is there where that was asked for.
    Pointer {
        address: u64,
        target: Option<Box<Value>>,
    },
    /// A structure, a union or a tuple.
    Struct {
        name: String,
        fields: Vec<Field>,
    },
    /// An enum's variant with its fields.
    Variant {
        name: String,
        variant: String,
        fields: Vec<Field>,
    },
    /// The first items of a list of `length`.
    List {
        items: Vec<Value>,
        length: u64,
    },
    /// A value with parts, which are read when they are asked for.
    Folded {
        name: String,
    },
    /// The compiler keeps it nowhere at this place.
    OptimisedOut,
    /// The bytes lie outside of the memory, or the debug information of its type is damaged or of no known kind.
    Unreadable,
}

/// Numbers that JSON's readers do not know are texts.
fn integer<S: Serializer>(value: &i128, serializer: S) -> Result<S::Ok, S::Error> {
    match (i64::try_from(*value), u64::try_from(*value)) {
        (Ok(value), _) => serializer.serialize_i64(value),
        (_, Ok(value)) => serializer.serialize_u64(value),
        _ => serializer.collect_str(value),
    }
}

/// A named part of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    pub name: String,
    pub value: Value,
}

impl Field {
    /// Whether it is a part by its place: of a tuple.
    fn is_positional(&self) -> bool {
        !self.name.is_empty() && self.name.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unit => f.write_str("()"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Float32(value) => write!(f, "{value:?}"),
            Value::Float64(value) => write!(f, "{value:?}"),
            Value::Char(value) => write!(f, "'{}'", escape_control(&value.to_string())),
            Value::Text { text, bytes } => {
                let more = if *bytes > text.len() as u64 { "…" } else { "" };
                write!(f, "\"{text}\"{more}")
            }
            Value::Pointer { address, target: None } => write!(f, "{address:#x}"),
            Value::Pointer { address, target: Some(target) } => write!(f, "{address:#x} -> {target}"),
            Value::Struct { name, fields } => parts(f, name, fields),
            Value::Variant { variant, fields, .. } => parts(f, variant, fields),
            Value::List { items, length } => list(f, items, *length),
            Value::Folded { name } if name.starts_with('(') => f.write_str("(…)"),
            Value::Folded { name } => write!(f, "{name} {{…}}"),
            Value::OptimisedOut => f.write_str("<optimised out>"),
            Value::Unreadable => f.write_str("<unreadable>"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: &[Value], length: u64) -> fmt::Result {
    f.write_str("[")?;
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at > 0 { ", " } else { "" })?;
    }
    match length.saturating_sub(items.len() as u64) {
        0 => f.write_str("]"),
        more => write!(f, "{}… {more} more]", if items.is_empty() { "" } else { ", " }),
    }
}

fn parts(f: &mut fmt::Formatter<'_>, name: &str, fields: &[Field]) -> fmt::Result {
    if fields.is_empty() {
        return f.write_str(name);
    }
    let is_tuple = fields.iter().all(Field::is_positional);
    // A tuple's name is the list of its types.
    let name = if is_tuple && name.starts_with('(') { "" } else { name };
    f.write_str(name)?;
    f.write_str(if is_tuple {
        "("
    } else if name.is_empty() {
        "{ "
    } else {
        " { "
    })?;
    for (at, field) in fields.iter().enumerate() {
        f.write_str(if at > 0 { ", " } else { "" })?;
        match is_tuple {
            true => write!(f, "{}", field.value)?,
            false => write!(f, "{}: {}", field.name, field.value)?,
        }
    }
    f.write_str(if is_tuple { ")" } else { " }" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: Value) -> Field {
        Field { name: name.into(), value }
    }

    #[test]
    fn values_read_as_their_authors_wrote_them() {
        let text = Value::Text { text: "Ada".into(), bytes: 3 };
        let item = Value::Struct { name: "Item".into(), fields: vec![field("name", text.clone())] };
        assert_eq!(item.to_string(), r#"Item { name: "Ada" }"#);
        let some =
            |value| Value::Variant { name: "Option".into(), variant: "Some".into(), fields: vec![field("0", value)] };
        assert_eq!(some(Value::Integer(-3)).to_string(), "Some(-3)");
        let pair = Value::Struct {
            name: "(bool, f64)".into(),
            fields: vec![field("0", Value::Bool(true)), field("1", Value::Float64(1.0))],
        };
        assert_eq!(pair.to_string(), "(true, 1.0)");
        assert_eq!(
            Value::List { items: vec![Value::Char('é'), text], length: 9 }.to_string(),
            "['é', \"Ada\", … 7 more]"
        );
        assert_eq!(Value::Pointer { address: 4096, target: Some(Box::new(Value::Unit)) }.to_string(), "0x1000 -> ()");
        assert_eq!(Value::Text { text: "ab".into(), bytes: 9 }.to_string(), "\"ab\"…");
        assert_eq!(Value::Folded { name: "Item".into() }.to_string(), "Item {…}");
        assert_eq!(Value::Folded { name: "(u8, bool)".into() }.to_string(), "(…)");
        assert_eq!(Value::OptimisedOut.to_string(), "<optimised out>");
    }

    #[test]
    fn integers_that_json_cannot_hold_are_text() {
        let json = |value| serde_json::to_string(&Value::Integer(value)).unwrap();
        assert_eq!(json(i128::from(u64::MAX)), r#"{"integer":18446744073709551615}"#);
        assert_eq!(json(i128::from(i64::MIN)), r#"{"integer":-9223372036854775808}"#);
        assert_eq!(json(i128::from(u64::MAX) + 1), r#"{"integer":"18446744073709551616"}"#);
    }
}
