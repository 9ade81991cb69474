//! The outline of a manifest: everything outside of its strings. Parsing takes up to a hundred times the outline's
//! size, and strings take their own, so the outline has a bound of its own.

use super::format::Format;

/// Most bytes of a manifest's outline, quotes included.
pub(super) const OUTLINE_BYTES_MAX: usize = 1 << 20;

/// Whether the outline has at most [`OUTLINE_BYTES_MAX`] bytes.
pub(super) fn is_small(bytes: &[u8], format: Format) -> bool {
    bytes.len() <= OUTLINE_BYTES_MAX || outline_bytes(bytes, format) <= OUTLINE_BYTES_MAX
}

fn outline_bytes(bytes: &[u8], format: Format) -> usize {
    let (mut rest, mut outline) = (bytes, 0);
    while let Some(first) = rest.first() {
        let token = match (first, format) {
            (b'"', _) | (b'\'', Format::Toml) => string_bytes(rest, *first, format),
            // A quote in a comment begins no string.
            (b'#', Format::Toml) => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            _ => 1,
        };
        let is_string = matches!((first, format), (b'"', _) | (b'\'', Format::Toml));
        outline += if is_string { token.min(2) } else { token };
        rest = rest.get(token.max(1)..).unwrap_or_default();
    }
    outline
}

/// The length of the string that begins here, its quotes included; one that does not end goes on to the end of its line
/// in TOML, or to the end of all.
fn string_bytes(rest: &[u8], quote: u8, format: Format) -> usize {
    let long = [quote; 3];
    let is_long = format == Format::Toml && rest.starts_with(&long);
    let mut at = if is_long { long.len() } else { 1 };
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            b'\n' if format == Format::Toml && !is_long => return at,
            _ if is_long && rest.get(at..).is_some_and(|rest| rest.starts_with(&long)) => return at + long.len(),
            byte if !is_long && *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::{Format, outline_bytes};

    #[test]
    fn what_stands_in_quotes_is_not_of_the_outline() {
        let json = |text: &str| outline_bytes(text.as_bytes(), Format::Json);
        assert_eq!(json(r#"{"wasm": "many \" bytes \\"}"#), r#"{"": ""}"#.len());
        assert_eq!(json("[1, 2]"), 6);
        assert_eq!(json("'x'"), 3, "no quotes of JSON");
        assert_eq!(json("\"never ends"), 2);
        let toml = |text: &str| outline_bytes(text.as_bytes(), Format::Toml);
        assert_eq!(toml("a = 'x\\'\nb = 1"), "a = ''\nb = 1".len());
        assert_eq!(toml("a = '''x\n''y'''\nb = 1"), "a = ''\nb = 1".len());
        assert_eq!(toml("a = \"\"\"x\\\"\"\"\ny\"\"\""), "a = \"\"".len());
        assert_eq!(toml("# don't\nb = 1"), "# don't\nb = 1".len(), "a comment is no string");
        assert_eq!(toml("a = \"open\nb = 1"), "a = \"\"\nb = 1".len(), "a line ends it");
    }
}
