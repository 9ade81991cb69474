//! Looks into an instance that stands still, and what they show.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::WireError;
use crate::runtime::inspect::{MemoryError, Variable};

/// A look, as in [`Inspect`](crate::runtime::Inspect).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    Variables,
    /// Set a variable to the payload, or remove it.
    SetVariable {
        key: String,
        removes: bool,
    },
    Memory {
        offset: u64,
        length: u64,
    },
}

/// The answer to a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookAnswer {
    /// The payload has them, as of [`encode_variables`].
    Variables,
    VariableSet,
    /// The payload is the part that was asked for.
    Memory {
        memory_bytes: u64,
    },
    NoMemory(MemoryError),
}

/// Variables as bytes: of each the lengths of its key and its value, four bytes each, then both.
pub fn encode_variables(variables: &[Variable]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in variables {
        // The limit of both is far below 4 GiB.
        for length in [key.len(), value.len()] {
            bytes.extend_from_slice(&(length as u32).to_le_bytes());
        }
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}

/// The variables in bytes of [`encode_variables`].
///
/// # Errors
/// The bytes are cut, or a key is no text.
pub fn decode_variables(mut bytes: &[u8]) -> Result<Vec<Variable>, WireError> {
    let mut variables = Vec::new();
    while !bytes.is_empty() {
        let (key_length, rest) = bytes.split_first_chunk().ok_or(WireError)?;
        let (value_length, rest) = rest.split_first_chunk().ok_or(WireError)?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_length) as usize).ok_or(WireError)?;
        let (value, rest) = rest.split_at_checked(u32::from_le_bytes(*value_length) as usize).ok_or(WireError)?;
        let key = std::str::from_utf8(key).map_err(|_| WireError)?;
        variables.push((key.to_owned(), Arc::new(value.to_vec())));
        bytes = rest;
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_they_were_written() {
        let variables: Vec<Variable> =
            vec![("a".into(), Arc::new(vec![0, 255])), ("".into(), Arc::default()), ("b".into(), Arc::default())];
        let bytes = encode_variables(&variables);
        assert_eq!(decode_variables(&bytes), Ok(variables));
        for end in 1..bytes.len() {
            // A cut that falls between two of them leaves those before it.
            let read = decode_variables(&bytes[..end]);
            assert!(read.as_ref().is_err() || encode_variables(&read.unwrap()) == bytes[..end], "cut at {end}");
        }
        assert_eq!(decode_variables(b"\x01\0\0\0\0\0\0\0\xff"), Err(WireError));
    }
}
