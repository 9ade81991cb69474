//! Payloads in words: a preview on one line, the text that they are, their fields in JSON, and the words for one that
//! was not kept whole.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::journal::KeptBytes;
use crate::shell::dump::parted_hex_digits;
use crate::shell::reply::{ShellError, one_line};
use crate::shell::units::exact_size;

/// Characters of a payload that stand on its line.
const PREVIEW_CHARS_MAX: usize = 120;
/// Bytes of a payload that is no text.
const PREVIEW_HEX_MAX: usize = 24;

/// `13 bytes: Hello, World!`, on one line.
pub fn preview(kept: &KeptBytes) -> String {
    let size = match kept.full_len {
        0 => return "nothing".to_owned(),
        bytes => exact_size(bytes),
    };
    if kept.bytes.is_empty() {
        return kept.missing().unwrap_or(size);
    }
    let text = text_of(kept);
    let shown: String = match text {
        Some(text) => one_line(text).chars().take(PREVIEW_CHARS_MAX).collect(),
        None => {
            let shown = kept.bytes.get(..PREVIEW_HEX_MAX).unwrap_or(&kept.bytes);
            format!("hex {}", parted_hex_digits(shown, " "))
        }
    };
    let all = match text {
        Some(text) => text.chars().count() <= PREVIEW_CHARS_MAX,
        None => kept.bytes.len() <= PREVIEW_HEX_MAX,
    };
    let dots = if all && kept.is_whole() { "" } else { "…" };
    format!("{size}: {shown}{dots}")
}

/// The bytes as text, where they are; a character that the cut went through is left off.
pub fn text_of(kept: &KeptBytes) -> Option<&str> {
    match std::str::from_utf8(&kept.bytes) {
        Ok(text) => Some(text),
        Err(error) if !kept.is_whole() && error.error_len().is_none() => {
            kept.bytes.get(..error.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok())
        }
        Err(_) => None,
    }
}

/// A payload in JSON, a field that is flattened into its row: `NAME` when it is text, else `NAME_base64`; `null` when
/// it was not kept.
pub enum JsonPayload<'a> {
    Missing(&'static str),
    Text(&'static str, &'a str),
    Bytes(&'static str, &'a [u8]),
}

impl<'a> JsonPayload<'a> {
    /// The fields of what was kept of a payload, if anything was.
    pub fn kept(name: &'static str, kept: Option<&'a KeptBytes>) -> JsonPayload<'a> {
        let Some(kept) = kept.filter(|kept| !kept.bytes.is_empty() || kept.is_whole()) else {
            return JsonPayload::Missing(name);
        };
        text_of(kept).map_or(JsonPayload::Bytes(name, &kept.bytes), |text| JsonPayload::Text(name, text))
    }

    /// The fields of a whole payload, if there is one.
    ///
    /// # Errors
    /// The bytes were cut, dropped or never kept.
    pub fn whole(name: &'static str, bytes: Option<&'a [u8]>) -> JsonPayload<'a> {
        match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => JsonPayload::Missing(name),
            Some((_, Ok(text))) => JsonPayload::Text(name, text),
            Some((bytes, Err(_))) => JsonPayload::Bytes(name, bytes),
        }
    }
}

impl Serialize for JsonPayload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut field = serializer.serialize_map(Some(1))?;
        match self {
            JsonPayload::Missing(name) => field.serialize_entry(name, &())?,
            JsonPayload::Text(name, text) => field.serialize_entry(name, text)?,
            JsonPayload::Bytes(name, bytes) => {
                field.serialize_entry(&format!("{name}_base64"), &STANDARD.encode(bytes))?;
            }
        }
        field.end()
    }
}

/// All bytes of one side of a call; the error names the missing ones.
///
/// # Errors
/// The bytes were cut, dropped or never kept.
pub fn whole(seq: u64, side: &str, kept: Option<&KeptBytes>) -> Result<Vec<u8>, ShellError> {
    let Some(kept) = kept else {
        let message = format!("the {side} of call {seq} was not kept; `trace payloads 64k 16M` keeps those to come");
        return Err(ShellError::failed(message));
    };
    match kept.missing() {
        None => Ok(kept.bytes.to_vec()),
        Some(missing) => Err(ShellError::failed(format!("the {side} of call {seq} is {missing}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_one_safe_line() {
        let shown = |bytes: &[u8], max| preview(&KeptBytes::keep(bytes, max));
        assert_eq!(shown(b"", 10), "nothing");
        assert_eq!(shown(b"a\n\x1b[2J", 10), "6 bytes: a\\n\\x1b[2J");
        assert_eq!(shown(b"\xff\x00", 10), "2 bytes: hex ff 00");
        assert_eq!(shown("aé".as_bytes(), 2), "3 bytes: a…");
        assert_eq!(preview(&KeptBytes::private(7)), "not kept: 7 bytes of a private plugin");
        assert_eq!(shown(&[b'x'; 500], 1000).chars().count(), "500 bytes: ".len() + PREVIEW_CHARS_MAX + 1);
    }
}
