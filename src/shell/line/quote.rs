//! Quoting of bytes as a word that parses to exactly these bytes.

use std::fmt::Write;

/// A word that [`parse`](super::parse) reads as exactly these bytes and as plain data: never an option, `@FILE` or
/// JSON. Bare where possible, else in single quotes. Bytes with control characters, direction marks, invalid UTF-8 or a
/// single quote are in double quotes with escapes, so that the result is safe to show.
pub fn quote(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_bare(text) => text.to_owned(),
        Ok(text) if !text.contains(|char| char == '\'' || needs_escape(char)) => format!("'{text}'"),
        _ => double_quoted(bytes),
    }
}

/// Whether the text needs no quotes.
fn is_bare(text: &str) -> bool {
    let plain = |char: char| {
        char.is_alphanumeric() || matches!(char, '_' | '.' | '/' | '%' | ':' | '+' | ',' | '=' | '-' | '~')
    };
    !text.is_empty() && !text.starts_with('-') && text.chars().all(plain)
}

/// Whether a character needs an escape to be shown.
fn needs_escape(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn double_quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escaped_in_quotes(bytes))
}

/// The bytes as a part of a word in double quotes, safe to show.
pub fn escaped_in_quotes(bytes: &[u8]) -> String {
    let mut word = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\n' => word.push_str("\\n"),
                '\t' => word.push_str("\\t"),
                '\\' | '"' | '$' => word.extend(['\\', char]),
                _ if needs_escape(char) => push_hex(&mut word, char.encode_utf8(&mut [0; 4]).as_bytes()),
                _ => word.push(char),
            }
        }
        push_hex(&mut word, chunk.invalid());
    }
    word
}

fn push_hex(word: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(word, "\\x{byte:02x}");
    }
}
