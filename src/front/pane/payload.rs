//! A call's payload as lines: as JSON, as text, decoded, or in hexadecimal.

use crate::journal::KeptBytes;
use crate::shell::decode::{FormatReason, decode};
use crate::shell::dump::parted_hex_digits;

use super::printable::{SHOWN_CHARS_MAX, is_text, printable};

/// The largest payload that is parsed as JSON: it is parsed at each refresh of the details.
pub const JSON_BYTES_MAX: usize = 256 * 1024;
/// The most lines of one payload.
pub const LINES_MAX: usize = 2_000;
/// Bytes in a line of hexadecimal.
const HEX_BYTES: usize = 16;

/// The kept bytes as printable lines; a last line says how many bytes or lines are missing.
pub fn lines(kept: &KeptBytes) -> Vec<String> {
    let decoded = decode(kept, None);
    let (form, mut lines) = match decoded.why {
        FormatReason::LooksLike => {
            (decoded.form.title(), decoded.text.lines().flat_map(pieces).take(LINES_MAX + 1).collect())
        }
        FormatReason::Is | FormatReason::IsNo(..) => shape(&kept.bytes),
    };
    let cut = lines.len() > LINES_MAX;
    lines.truncate(LINES_MAX);
    if cut {
        lines.push(format!("… only the first {LINES_MAX} lines of {form} are shown"));
    }
    if decoded.why == FormatReason::LooksLike {
        lines.push(format!("… looks like {form}; `show SEQ --as hex` has the bytes"));
    }
    lines.extend(kept.missing().map(|missing| format!("… {missing}")));
    if lines.is_empty() {
        lines.push("no bytes".to_owned());
    }
    lines
}

/// The format's name and its lines, at most `LINES_MAX + 1`.
fn shape(bytes: &[u8]) -> (&'static str, Vec<String>) {
    if bytes.is_empty() {
        return ("text", Vec::new());
    }
    if let Some(lines) = json(bytes) {
        return ("JSON", lines);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text(text) => ("text", text.lines().flat_map(pieces).take(LINES_MAX + 1).collect()),
        _ => {
            let rows = bytes.chunks(HEX_BYTES).take(LINES_MAX + 1);
            ("hexadecimal", rows.enumerate().map(|(n, row)| hex(n * HEX_BYTES, row)).collect())
        }
    }
}

fn json(bytes: &[u8]) -> Option<Vec<String>> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(first, b'{' | b'[') || bytes.len() > JSON_BYTES_MAX {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let pretty = serde_json::to_string_pretty(&value).ok()?;
    Some(pretty.lines().flat_map(pieces).take(LINES_MAX + 1).collect())
}

/// A long line in pieces that are not cut by [`printable`].
fn pieces(line: &str) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    if chars.is_empty() {
        return vec![String::new()];
    }
    chars.chunks(SHOWN_CHARS_MAX).map(|piece| printable(&piece.iter().collect::<String>()).into_owned()).collect()
}

/// A line of hexadecimal: `00000010  68 65 6c 6c 6f …  hello`.
fn hex(offset: usize, row: &[u8]) -> String {
    let digits = parted_hex_digits(row, " ");
    let text: String = row.iter().map(|byte| if (b' '..=b'~').contains(byte) { *byte as char } else { '.' }).collect();
    format!("{offset:08x}  {digits:<width$}  {text}", width = HEX_BYTES * 3 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload_lines(bytes: &[u8]) -> Vec<String> {
        lines(&KeptBytes::keep(bytes, u64::MAX))
    }

    #[test]
    fn bytes_are_shown_as_what_they_are() {
        assert_eq!(
            payload_lines(br#" {"b":1,"a":[true]}"#),
            ["{", "  \"b\": 1,", "  \"a\": [", "    true", "  ]", "}"]
        );
        assert_eq!(payload_lines(b"{not json"), ["{not json"]);
        assert_eq!(payload_lines("zwölf\nBoxer\r\n".as_bytes()), ["zwölf", "Boxer"]);
        assert_eq!(
            payload_lines(b"\x00asm\x01\0\0\0"),
            ["00000000  00 61 73 6d 01 00 00 00                          .asm...."]
        );
        assert_eq!(payload_lines(b""), ["no bytes"]);
        let msgpack = ["{", "  \"n\": 1", "}", "… looks like msgpack; `show SEQ --as hex` has the bytes"];
        assert_eq!(payload_lines(b"\x81\xa1n\x01"), msgpack);
    }

    #[test]
    fn no_payload_can_talk_to_the_terminal() {
        for bytes in [&b"text \x1b[31mred text that is long enough"[..], b"{\"a\":\"\\u001b[2J\"}", b"\x1b\x1b\x1b\x9b"]
        {
            assert!(payload_lines(bytes).iter().all(|line| !line.contains(char::is_control)), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(lines(&KeptBytes::keep(b"abcdef", 3)), ["abc", "… cut: the first 3 of 6 bytes"]);
        assert!(lines(&KeptBytes::private(9))[0].contains("private"));
    }

    #[test]
    fn lines_have_a_bound() {
        for bytes in [vec![b'\n'; LINES_MAX * 3], vec![0xff; LINES_MAX * HEX_BYTES * 2], vec![b'x'; 5_000_000]] {
            let shown = payload_lines(&bytes);
            assert_eq!(shown.len(), LINES_MAX + 1);
            assert!(shown.iter().all(|line| line.chars().count() <= SHOWN_CHARS_MAX));
        }
    }
}
