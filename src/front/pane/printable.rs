//! Untrusted text made printable in cells: without control and reordering characters, and without characters whose
//! width differs between terminals.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::shell::reply::is_control_or_bidi;

/// The most characters of one text in the pane; no row is longer.
pub const SHOWN_CHARS_MAX: usize = 1024;
/// The character that replaces an unprintable one.
pub const REPLACEMENT: char = '\u{fffd}';

/// Whether few characters are controls besides blanks and line ends.
pub fn is_text(text: &str) -> bool {
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')).count();
    odd * 20 <= text.chars().count()
}

/// The text in characters of one or two cells, at most [`SHOWN_CHARS_MAX`] of them.
pub fn printable(text: &str) -> Cow<'_, str> {
    let plain = text.len() <= SHOWN_CHARS_MAX && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().take(SHOWN_CHARS_MAX).map(printable_char).collect())
    }
}

/// The character, or its replacement: a control character becomes its control picture.
pub fn printable_char(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(REPLACEMENT),
        '\x7f' => '\u{2421}',
        c if is_control_or_bidi(c) || has_unstable_width(c) => REPLACEMENT,
        c => c,
    }
}

/// Whether a character joins its neighbours, takes no cell, or has a width that differs between terminals.
fn has_unstable_width(c: char) -> bool {
    match c {
        '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'.. => true,
        c => !matches!(c.width(), Some(1 | 2)),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn what_is_safe_stays() {
        for text in ["", "cart.total", "größe", "漢字", "a → b"] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn no_escape_sequence_comes_through() {
        assert_eq!(printable("\x1b[2J\x07\r\n\x7f"), "␛[2J␇␍␊␡");
        assert_eq!(printable("\u{9b}31m"), "\u{fffd}31m", "the one-character CSI");
    }

    #[test]
    fn nothing_reorders_joins_or_piles_up() {
        for text in [
            "\u{202e}abc",
            "\u{2066}x\u{2069}",
            "a\u{200b}b",
            "👩\u{200d}💻",
            "🇩🇪",
            "❤\u{fe0f}",
            "z\u{301}\u{301}\u{301}",
        ] {
            let shown = printable(text);
            assert!(shown.contains(REPLACEMENT), "{shown:?}");
            let cells: usize = shown.chars().map(|c| c.width().unwrap_or(0)).sum();
            assert_eq!(shown.width(), cells, "{shown:?} is as wide as its characters");
            assert!(shown.chars().all(|c| matches!(c.width(), Some(1 | 2))));
        }
    }

    #[test]
    fn every_character_takes_one_or_two_cells() {
        for c in '\0'..=char::MAX {
            let shown = printable_char(c);
            assert!(matches!(shown.width(), Some(1 | 2)) && !shown.is_control(), "{c:?} is shown as {shown:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(printable(&"é".repeat(SHOWN_CHARS_MAX * 3)).chars().count(), SHOWN_CHARS_MAX);
    }
}
