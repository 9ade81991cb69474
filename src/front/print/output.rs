//! A plugin's output: unchanged for a file or pipe, escaped and cut for a terminal.

use unicode_width::UnicodeWidthStr;

use super::options::RenderOptions;
use crate::shell::dump::{ROW_BYTES, hex_dump};
use crate::shell::reply::many_lines;

/// The most screens that one output fills.
const SCREENS_MAX: usize = 2;

/// Most screens of an output that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    pub shown_bytes: usize,
    pub total_bytes: usize,
}

/// The newline that follows the bytes in a file or pipe: one after text that ends without it, none if `raw`.
pub fn newline_after(bytes: &[u8], raw: bool) -> &'static [u8] {
    if raw || bytes.is_empty() || bytes.ends_with(b"\n") || std::str::from_utf8(bytes).is_err() {
        return b"";
    }
    b"\n"
}

/// UTF-8 text with control characters escaped, other bytes as a hex dump; at most [`SCREENS_MAX`] screens.
pub fn for_terminal(bytes: &[u8], raw: bool, options: RenderOptions) -> (Vec<u8>, Option<Truncation>) {
    let rows_max = (usize::from(options.rows) * SCREENS_MAX).max(1);
    let Ok(text) = std::str::from_utf8(bytes) else {
        let shown = bytes.get(..rows_max * ROW_BYTES).unwrap_or(bytes);
        return (hex_dump(shown).into_bytes(), cut(shown.len(), bytes.len()));
    };
    let shown = visible_prefix(text, rows_max, usize::from(options.columns.max(1)));
    let mut output = many_lines(shown).into_owned();
    if !output.is_empty() && !output.ends_with('\n') && (!raw || shown.len() < text.len()) {
        output.push('\n');
    }
    (output.into_bytes(), cut(shown.len(), bytes.len()))
}

fn cut(shown_bytes: usize, total_bytes: usize) -> Option<Truncation> {
    (shown_bytes < total_bytes).then_some(Truncation { shown_bytes, total_bytes })
}

/// The start of the text that fits into `rows_max` rows, wrapped lines counted.
fn visible_prefix(text: &str, rows_max: usize, columns: usize) -> &str {
    let mut rows = 0;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let left = rows_max - rows;
        // A line that is longer than the rows left is cut inside.
        let bytes_max = left * columns;
        if line.len() > bytes_max && line.trim_end_matches('\n').width() > bytes_max {
            let within = line.floor_char_boundary(bytes_max);
            return text.get(..end + within).unwrap_or(text);
        }
        rows += line.trim_end_matches('\n').width().div_ceil(columns).max(1);
        end += line.len();
        if rows >= rows_max {
            break;
        }
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: RenderOptions =
        RenderOptions { terminal: true, color: false, columns: 10, table_columns: Some(10), rows: 2 };

    fn on_small_terminal(bytes: &[u8]) -> (String, Option<Truncation>) {
        let (bytes, cut) = for_terminal(bytes, false, OPTIONS);
        (String::from_utf8(bytes).unwrap(), cut)
    }

    #[test]
    fn a_newline_is_added_only_to_text_that_lacks_one() {
        assert_eq!(newline_after(b"hi", false), b"\n");
        for (bytes, raw) in [(&b"hi\n"[..], false), (b"hi", true), (b"\xff", false), (b"", false)] {
            assert_eq!(newline_after(bytes, raw), b"", "{bytes:?} {raw}");
        }
    }

    #[test]
    fn a_terminal_gets_nothing_that_it_would_obey() {
        assert_eq!(on_small_terminal(b"a\x1b[2J\n\tb\x07"), ("a\\x1b[2J\n\tb\\x07\n".into(), None));
        assert!(on_small_terminal(b"\xff\x1b").0.starts_with("00000000  ff 1b"));
    }

    #[test]
    fn long_output_is_cut() {
        let (text, cut) = on_small_terminal(b"1\n2\n3\n4\n5\n6\n");
        assert_eq!((text.as_str(), cut), ("1\n2\n3\n4\n", Some(Truncation { shown_bytes: 8, total_bytes: 12 })));
        let (text, cut) = on_small_terminal("x".repeat(1000).as_bytes());
        assert_eq!((text.len(), cut.unwrap().shown_bytes), (41, 40));
        let (text, cut) = on_small_terminal(&[0xff; 1000]);
        assert_eq!((text.lines().count(), cut.unwrap().shown_bytes), (4, 64));
        assert_eq!(on_small_terminal(b"1\n2\n3\n4\n").1, None);
    }
}
