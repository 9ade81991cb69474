//! Bytes in messages: a field with text where they are UTF-8, else a field with `_base64` behind its name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Puts bytes into a field: `name` as text, or `name_base64`.
pub fn put_bytes(fields: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => fields.insert(name.to_owned(), text.into()),
        Err(_) => fields.insert(format!("{name}_base64"), STANDARD.encode(bytes).into()),
    };
}

/// The bytes of the field `name` or `name_base64`; `None` where neither is there.
///
/// # Errors
/// A line: the field is no text, no base64, or there twice.
pub fn bytes_of(fields: &Map<String, Value>, name: &str) -> Result<Option<Vec<u8>>, String> {
    let encoded = format!("{name}_base64");
    match (fields.get(name), fields.get(&encoded)) {
        (None | Some(Value::Null), None | Some(Value::Null)) => Ok(None),
        (Some(Value::String(text)), None | Some(Value::Null)) => Ok(Some(text.clone().into_bytes())),
        (None | Some(Value::Null), Some(Value::String(text))) => {
            STANDARD.decode(text).map(Some).map_err(|error| format!("`{encoded}`: no base64: {error}"))
        }
        (Some(_), Some(_)) => Err(format!("`{name}` and `{encoded}`: give one of them")),
        (Some(_), None) => Err(format!("`{name}` is no text; write bytes as `{encoded}`")),
        (None, Some(_)) => Err(format!("`{encoded}` is no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_or_base64() {
        for bytes in [&b"h\xc3\xa9llo\n"[..], b"\xff\x00", b""] {
            let mut fields = Map::new();
            put_bytes(&mut fields, "output", bytes);
            assert_eq!(bytes_of(&fields, "output").unwrap().as_deref(), Some(bytes), "{fields:?}");
        }
    }

    #[test]
    fn what_is_no_bytes_is_refused_by_name() {
        let of = |json: Value| bytes_of(json.as_object().unwrap(), "input");
        assert_eq!(of(serde_json::json!({})), Ok(None));
        assert!(of(serde_json::json!({ "input": 5 })).unwrap_err().contains("`input_base64`"));
        assert!(of(serde_json::json!({ "input_base64": "%" })).unwrap_err().starts_with("`input_base64`: no base64"));
        assert!(of(serde_json::json!({ "input": "a", "input_base64": "YQ==" })).unwrap_err().contains("one of them"));
    }
}
