//! JSON pointers, for the commands that take a POINTER.

use serde_json::Value;

use super::reply::ShellError;
use crate::text::json_cause;

/// The value at `pointer` (`/items/0/name`; empty: the whole text) in a JSON text, which messages call `subject`.
///
/// # Errors
/// A malformed pointer is a usage error; malformed JSON and a missing value are failures.
pub fn value_at(text: &[u8], pointer: &str, subject: &str) -> Result<Value, ShellError> {
    let mut value: Value = serde_json::from_slice(text)
        .map_err(|error| ShellError::failed(format!("{subject} is no JSON: {}", json_cause(&error))))?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(ShellError::usage(format!("`{pointer}` is no JSON pointer; write it like `/items/0`")));
    }
    match value.pointer_mut(pointer) {
        Some(found) => Ok(found.take()),
        None => Err(ShellError::failed(format!("nothing at `{pointer}` in {subject}"))),
    }
}
