//! Payloads in words: a preview on one line, the text that they are, their fields in JSON, and what is said of one that was
//! not kept whole.

use crate::journal::Kept;
use crate::shell::reply::{ShellError, one_line};
use crate::shell::units::exact_size;

/// Characters of a payload that stand on its line.
const PREVIEW_CHARS_MAX: usize = 120;
/// Bytes of a payload that is no text.
const PREVIEW_HEX_MAX: usize = 24;

/// `13 bytes: Hello, World!`, on one line.
pub fn preview(kept: &Kept) -> String {
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
            let digits: Vec<String> =
                kept.bytes.iter().take(PREVIEW_HEX_MAX).map(|byte| format!("{byte:02x}")).collect();
            format!("hex {}", digits.join(" "))
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
pub fn text_of(kept: &Kept) -> Option<&str> {
    match std::str::from_utf8(&kept.bytes) {
        Ok(text) => Some(text),
        Err(error) if !kept.is_whole() && error.error_len().is_none() => {
            kept.bytes.get(..error.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok())
        }
        Err(_) => None,
    }
}

/// A payload in JSON: `NAME` when it is text, else `NAME_base64`; null when it was not kept.
pub fn insert_json(object: &mut serde_json::Map<String, serde_json::Value>, name: &str, kept: Option<&Kept>) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let there = kept.filter(|kept| !kept.bytes.is_empty() || kept.is_whole());
    match there.map(|kept| (kept, text_of(kept))) {
        None => object.insert(name.to_owned(), serde_json::Value::Null),
        Some((_, Some(text))) => object.insert(name.to_owned(), text.into()),
        Some((kept, None)) => object.insert(format!("{name}_base64"), STANDARD.encode(&kept.bytes).into()),
    };
}

/// All bytes of one side of a call; an error that says what is missing.
pub fn whole(seq: u64, side: &str, kept: Option<&Kept>) -> Result<Vec<u8>, ShellError> {
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
        let shown = |bytes: &[u8], max| preview(&Kept::keep(bytes, max));
        assert_eq!(shown(b"", 10), "nothing");
        assert_eq!(shown(b"a\n\x1b[2J", 10), "6 bytes: a\\n\\x1b[2J");
        assert_eq!(shown(b"\xff\x00", 10), "2 bytes: hex ff 00");
        assert_eq!(shown("aé".as_bytes(), 2), "3 bytes: a…");
        assert_eq!(preview(&Kept::private(7)), "not kept: 7 bytes of a private plugin");
        assert_eq!(shown(&[b'x'; 500], 1000).chars().count(), "500 bytes: ".len() + PREVIEW_CHARS_MAX + 1);
    }
}
