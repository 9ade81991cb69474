//! Bounds of the reading of one payload, the ways in which reading ends early, and bytes as text.

use crate::shell::dump::hex_digits;

/// Values of one payload.
const VALUES_MAX: usize = 20_000;
/// Deepest nesting of values.
const DEPTH_MAX: usize = 48;
/// Bytes that are shown of one value that is bytes.
const VALUE_BYTES_MAX: usize = 64;

/// Why bytes are none of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end too early.
    End,
    /// The byte at this place begins no value.
    At(usize),
    TooDeep,
    TooMany,
}

impl DecodeError {
    /// The reason as a phrase.
    pub fn text(self) -> String {
        match self {
            DecodeError::End => "it ends too early".to_owned(),
            DecodeError::At(at) => format!("byte {at} begins no value"),
            DecodeError::TooDeep => format!("nested deeper than {DEPTH_MAX}"),
            DecodeError::TooMany => format!("more than {VALUES_MAX} values"),
        }
    }
}

/// Remaining values that may be read of one payload.
pub struct Budget {
    values: usize,
}

impl Budget {
    /// The budget of one payload: [`VALUES_MAX`] values.
    pub fn new() -> Budget {
        Budget { values: VALUES_MAX }
    }

    /// Takes one value at this depth.
    ///
    /// # Errors
    /// [`DEPTH_MAX`] or [`VALUES_MAX`] is passed.
    pub fn take(&mut self, depth: usize) -> Result<(), DecodeError> {
        if depth > DEPTH_MAX {
            return Err(DecodeError::TooDeep);
        }
        self.values = self.values.checked_sub(1).ok_or(DecodeError::TooMany)?;
        Ok(())
    }
}

/// Bytes in the notation of CBOR's diagnostics: `h'00ff'`.
pub fn bytes_text(bytes: &[u8]) -> String {
    let shown = bytes.get(..VALUE_BYTES_MAX).unwrap_or(bytes);
    let digits = hex_digits(shown);
    match bytes.len() - shown.len() {
        0 => format!("h'{digits}'"),
        more => format!("h'{digits}…' and {more} bytes more"),
    }
}
