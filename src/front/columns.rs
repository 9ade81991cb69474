//! Text in the columns of a terminal: widths, and cuts with an ellipsis.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns of a character; 0 for one that joins the character before it.
pub fn char_columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The longest beginning of `text` that takes at most `columns` columns.
pub fn fitting(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        used += char_columns(c);
        (used > columns).then_some(at)
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The text in at most `columns` columns; a cut text ends with `…`.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    match columns.checked_sub(1) {
        Some(columns) => format!("{}…", fitting(text, columns)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_says_so() {
        assert_eq!([cut("abcdef", 4), cut("abcd", 4), cut("abc", 1), cut("abc", 0)], ["abc…", "abcd", "…", ""]);
    }

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!([cut("日本語", 4), cut("日本語", 6), cut("日本語", 2)], ["日…", "日本語", "…"]);
        assert_eq!([fitting("日本語", 5), fitting("e\u{301}a", 1), fitting("a", 0)], ["日本", "e\u{301}", ""]);
    }
}
