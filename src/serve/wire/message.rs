//! Messages: a line to a request, a response or a notification, and back.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::{Fault, WireError};

/// The most bytes of a request's id that is text.
const ID_BYTES_MAX: usize = 128;

/// One line of the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Request { id: Value, method: String, params: Map<String, Value> },
    Notification { method: String, params: Map<String, Value> },
    Response { id: Value, result: Result<Value, WireError> },
}

/// A line that is no message.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// The id that its response has: null where the line does not tell.
    pub id: Value,
    pub error: WireError,
}

/// Reads a line. An error comes with the id that its response has: null where the line does not tell.
///
/// # Errors
/// The line is no JSON, or no message.
pub fn parse(line: &[u8]) -> Result<Message, Box<Mistake>> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        let error = WireError::new(Fault::Parse, format!("no JSON: {error}; a line is one JSON object"));
        Box::new(Mistake { id: Value::Null, error })
    })?;
    let Value::Object(mut fields) = value else { return Err(wrong(Value::Null, "a line is one JSON object")) };
    let id = fields.remove("id");
    let id = match id {
        None => None,
        Some(Value::String(text)) if text.len() > ID_BYTES_MAX => {
            return Err(wrong(Value::Null, "`id` is longer than 128 bytes"));
        }
        Some(id @ (Value::String(_) | Value::Number(_) | Value::Null)) => Some(id),
        Some(_) => return Err(wrong(Value::Null, "`id` is a number or text")),
    };
    let answered = id.clone().unwrap_or_default();
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(wrong(answered, "`jsonrpc` must be \"2.0\""));
    }
    let Some(method) = fields.remove("method") else { return read_response(answered, fields) };
    let Value::String(method) = method else { return Err(wrong(answered, "`method` is text")) };
    let params = match fields.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => {
            let error = WireError::params("`params` is an object with named fields");
            return Err(Box::new(Mistake { id: answered, error }));
        }
    };
    Ok(match id {
        Some(id) => Message::Request { id, method, params },
        None => Message::Notification { method, params },
    })
}

fn read_response(id: Value, mut fields: Map<String, Value>) -> Result<Message, Box<Mistake>> {
    let result = match (fields.remove("result"), fields.remove("error")) {
        (Some(result), None) => Ok(result),
        (_, Some(error)) => {
            Err(serde_json::from_value(error).map_err(|why| wrong(id.clone(), &format!("`error`: {why}")))?)
        }
        (None, None) => return Err(wrong(id, "`method` is missing")),
    };
    Ok(Message::Response { id, result })
}

fn wrong(id: Value, why: &str) -> Box<Mistake> {
    Box::new(Mistake { id, error: WireError::new(Fault::Request, why) })
}

/// The fields of a request, by their names.
///
/// # Errors
/// A field is missing, unknown or of another kind.
pub fn params_of<T: DeserializeOwned>(params: Map<String, Value>) -> Result<T, WireError> {
    serde_json::from_value(Value::Object(params)).map_err(|error| WireError::params(format!("`params`: {error}")))
}

/// The line of a request.
pub fn request(id: &Value, method: &str, params: &Value) -> Vec<u8> {
    line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
}

/// The line of a notification.
pub fn notification(method: &str, params: &Value) -> Vec<u8> {
    line(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
}

/// The line of a response.
pub fn response(id: &Value, result: &Result<Value, WireError>) -> Vec<u8> {
    /// In the order of names, as an object has them. Serialized as it stands: `json!` would copy a long result.
    #[derive(Serialize)]
    struct Response<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a WireError>,
        id: &'a Value,
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a Value>,
    }
    line(&Response { error: result.as_ref().err(), id, jsonrpc: "2.0", result: result.as_ref().ok() })
}

fn line(message: &impl Serialize) -> Vec<u8> {
    // Fails only for a map whose keys are no text, and messages have none.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_as_they_went() {
        let params = json!({ "line": "ps" });
        let map = params.as_object().unwrap().clone();
        let read = parse(&request(&json!(1), "run", &params)).unwrap();
        assert_eq!(read, Message::Request { id: json!(1), method: "run".into(), params: map.clone() });
        let read = parse(&notification("show", &params)).unwrap();
        assert_eq!(read, Message::Notification { method: "show".into(), params: map });
        for result in [Ok(json!({ "code": 0 })), Err(WireError::refused("no"))] {
            let read = parse(&response(&json!("a"), &result)).unwrap();
            assert_eq!(read, Message::Response { id: json!("a"), result });
        }
    }

    #[test]
    fn what_is_no_message_is_answered_with_its_mistake() {
        let code = |line: &str| parse(line.as_bytes()).map_err(|mistake| (mistake.id, mistake.error.code)).unwrap_err();
        assert_eq!(code("ps"), (Value::Null, -32_700));
        assert_eq!(code("[]"), (Value::Null, -32_600));
        assert_eq!(code(r#"{"id":1,"method":"ps"}"#), (json!(1), -32_600));
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1}"#), (json!(1), -32_600));
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":[1],"method":"ps"}"#), (Value::Null, -32_600));
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":2,"method":"ps","params":[1]}"#), (json!(2), -32_602));
    }
}
