//! Words in messages: the closest of a few known ones, and untrusted text made safe to show. Every room may use this
//! file; it imports none of them.
//!
//! | untrusted text in | is made safe by |
//! |---|---|
//! | a sentence, between backticks | [`quoted`], or [`quoted_within`] where more of it helps |
//! | a log line, or a message that is kept | [`escape_control`]: bounded in bytes, a tab is a blank |
//! | a line of a reply | [`one_line`]: as long as it is |
//! | output that has lines of its own | [`many_lines`] |
//! | JSON | [`json()`]: escaped in JSON's own way |
//!
//! Characters that an export file cannot hold: `journal/export/name`. Cells of the pane: `front/pane/printable`.

mod cause;

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

pub use self::cause::{JSON_DEPTH_MAX, io_cause, is_too_deep, json_cause, panic_text};

/// The longest word that is compared, in bytes: the distance costs the product of two lengths.
const WORD_BYTES_MAX: usize = 64;

/// The most known words that are compared: a plugin may have a hundred thousand functions.
const KNOWN_MAX: usize = 1_000;

/// Longest line that [`escape_control`] gives, in bytes.
pub const LINE_BYTES_MAX: usize = 4096;

/// The word of `known` that `word` is most likely a misspelling of: with letters left out, doubled, swapped or wrong,
/// or a prefix of it, or longer. Case and the difference of `-` and `_` are ignored. `None` if none is close.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > WORD_BYTES_MAX {
        return None;
    }
    let word = folded(word);
    known
        .into_iter()
        .take(KNOWN_MAX)
        .filter(|candidate| candidate.len() <= 2 * WORD_BYTES_MAX)
        .filter_map(|candidate| Some((slips(&word, &folded(candidate))?, candidate)))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// The number of misspellings between `candidate` and `word`; `None` if they are different words.
fn slips(word: &str, candidate: &str) -> Option<usize> {
    /// The shortest prefix that counts as a misspelling.
    const PREFIX_CHARS_MIN: usize = 3;
    let slips = strsim::damerau_levenshtein(word, candidate);
    let slips_max = (candidate.chars().count() / 3).max(1);
    if slips <= slips_max && slips < candidate.chars().count() {
        return Some(slips);
    }
    // A misspelling is closer than a prefix or a longer word.
    let common_chars = word.chars().count().min(candidate.chars().count());
    let begun = common_chars >= PREFIX_CHARS_MIN && (candidate.starts_with(word) || word.starts_with(candidate));
    begun.then_some(WORD_BYTES_MAX + candidate.len())
}

/// The end of a message, `` ; did you mean `...`? ``, or nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, known).map_or_else(String::new, |closest| format!("; did you mean `{closest}`?"))
}

/// The end of a message about an unknown word: `` ; did you mean `...`? ``, or all known words where none is close.
pub fn did_you_mean_of(word: &str, known: &[&str]) -> String {
    match did_you_mean(word, known.iter().copied()) {
        none if none.is_empty() => format!("; there are: {}", known.join(" ")),
        hint => hint,
    }
}

/// A count and its noun: `1 call`, `3 calls`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// A noun as it stands behind a count: `call`, `calls`.
pub fn plural(count: u64, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// Untrusted text for a message: on one line, escaped, cut after `chars_max` characters.
pub fn quoted_within(text: &str, chars_max: usize) -> String {
    let cut = text.char_indices().nth(chars_max).map(|(at, _)| at);
    let mut shown = one_line(text.get(..cut.unwrap_or(text.len())).unwrap_or(text)).into_owned();
    if cut.is_some() {
        shown.push('…');
    }
    shown
}

/// An untrusted word for a message: escaped, at most 48 characters.
pub fn quoted(word: &str) -> String {
    const CHARS_MAX: usize = 48;
    quoted_within(word, CHARS_MAX)
}

/// The longest prefix of `text` that has at most `bytes_max` bytes and ends on a character boundary.
pub fn cut_at_char(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// The text in at most `bytes_max` bytes, with `…` at its end where it was cut.
pub fn bounded(text: &str, bytes_max: usize) -> Cow<'_, str> {
    const MARK: char = '…';
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let kept = cut_at_char(text, bytes_max.saturating_sub(MARK.len_utf8()));
    Cow::Owned(format!("{kept}{MARK}"))
}

/// A text's bytes without a byte order mark.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Breaks words into lines of at most `width` columns.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Joins items by `, ` into lines of at most `width` columns. Lines break between items; only an item longer than a
/// line is broken between its words.
pub fn listed(items: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let item = if index + 1 < items.len() { format!("{item},") } else { item.clone() };
        let parts = if item.width() <= width { vec![item] } else { wrapped(&item, width) };
        for part in parts {
            match lines.last_mut() {
                Some(line) if line.width() + 1 + part.width() <= width => {
                    line.push(' ');
                    line.push_str(&part);
                }
                _ => lines.push(part),
            }
        }
    }
    lines
}

/// Whether a character is a control character, reorders text, or is invisible: names that differ by one look alike.
pub fn is_control_or_bidi(c: char) -> bool {
    c.is_control() || is_bidi_control(c) || is_invisible(c)
}

/// Whether a character is in Unicode's Bidi_Control, or a line or paragraph separator.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is in Unicode's Default_Ignorable_Code_Point (tags included) or an interlinear mark. Variation
/// selectors (U+FE00 to U+FE0F) are not, since emoji have them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The text on one line, with control characters escaped.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, is_control_or_bidi)
}

/// The text with control characters escaped, but for newlines and tabs.
pub fn many_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| c != '\n' && c != '\t' && is_control_or_bidi(c))
}

/// JSON with control and reordering characters in strings written as JSON escapes: JSON itself escapes only those below
/// U+0020.
pub fn json(written: String) -> String {
    let obeyed = |c: char| !c.is_ascii_control() && is_control_or_bidi(c) || c == '\x7f';
    if !written.contains(obeyed) {
        return written;
    }
    let mut safe = String::with_capacity(written.len() + 16);
    for c in written.chars() {
        match c {
            // A character above U+FFFF is two escapes.
            c if obeyed(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => safe.push(c),
        }
    }
    safe
}

fn escape(text: &str, unsafe_here: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&unsafe_here) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if unsafe_here(c) { push_escaped(&mut safe, c) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// Writes a character as an escape: `\n`, `\x1b`, `\u{202e}`.
pub fn push_escaped(to: &mut String, c: char) {
    match c {
        '\n' => to.push_str("\\n"),
        '\t' => to.push_str("\\t"),
        '\r' => to.push_str("\\r"),
        c if c.is_ascii() => to.push_str(&format!("\\x{:02x}", c as u32)),
        c => to.extend(c.escape_unicode()),
    }
}

/// A plugin's text on one line: control characters shown escaped, cut to [`LINE_BYTES_MAX`].
pub fn escape_control(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LINE_BYTES_MAX));
    for c in text.chars() {
        if out.len() >= LINE_BYTES_MAX {
            out.push('…');
            break;
        }
        match c {
            '\t' => out.push(' '),
            c if is_control_or_bidi(c) => push_escaped(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

/// The text before and after the first unescaped `end`; without one, the whole text and `None`.
pub fn split_at_unescaped(text: &str, end: char) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == end && !escaped {
            return (&text[..at], Some(&text[at + end.len_utf8()..]));
        }
        escaped = c == '\\' && !escaped;
    }
    (text, None)
}

/// The text without the `\` before each `end` and each `\`.
pub fn unescaped(text: &str, end: char) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match rest.next_if(|next| c == '\\' && (*next == end || *next == '\\')) {
            Some(meant) => plain.push(meant),
            None => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_reach_the_terminal() {
        assert_eq!(escape_control("a\x1b[31mb\r\u{202e}c"), "a\\x1b[31mb\\r\\u{202e}c");
    }

    #[test]
    fn a_bound_in_bytes_includes_the_mark_and_splits_no_character() {
        assert_eq!(bounded("é".repeat(5).as_str(), 10), "é".repeat(5));
        assert_eq!(bounded("é".repeat(6).as_str(), 10), "ééé…");
        assert_eq!(cut_at_char("aé", 2), "a");
    }

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["caller", "callee", "function"];
        assert_eq!(closest("calee", known), Some("callee"));
        assert_eq!(closest("Funktion", known), Some("function"));
        assert_eq!(closest("duration", known), None);
        assert_eq!(closest("func", known), Some("function"));
        assert_eq!(closest("callees", ["call", "callee"]), Some("callee"));
        assert_eq!(closest("sorted", ["sort", "all"]), Some("sort"));
        assert_eq!(closest("Count-Vowel", ["echo", "count_vowels"]), Some("count_vowels"));
        assert_eq!(closest("", known), None);
        assert_eq!(closest(&"x".repeat(1000), known), None);
        assert_eq!(did_you_mean("caler", known), "; did you mean `caller`?");
        assert_eq!(did_you_mean("zzz", known), "");
        assert_eq!(closest("last", (0..=KNOWN_MAX).map(|n| if n < KNOWN_MAX { "first" } else { "last" })), None);
    }

    #[test]
    fn words_are_broken_into_lines() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("longer than that", 3), ["longer", "than", "that"]);
        assert_eq!(wrapped("", 3), [""]);
        assert_eq!(wrapped("漢字 漢 a", 7), ["漢字 漢", "a"]);
    }

    #[test]
    fn lists_break_between_items() {
        let items = |items: &[&str]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(listed(&items(&["a (i32) -> i64", "b () -> ()"]), 24), ["a (i32) -> i64,", "b () -> ()"]);
        assert_eq!(listed(&items(&["a (i32) -> i64", "b () -> ()"]), 26), ["a (i32) -> i64, b () -> ()"]);
        assert_eq!(listed(&items(&["one two three", "x"]), 8), ["one two", "three, x"]);
        assert!(listed(&[], 8).is_empty());
    }

    #[test]
    fn what_reorders_or_hides_is_escaped() {
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}');
        let hidden = ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{180e}', '\u{3164}'];
        let tags = '\u{e0000}'..='\u{e007f}';
        for c in bidi.chain('\u{2066}'..='\u{2069}').chain(hidden).chain(tags) {
            assert_eq!(one_line(&format!("a{c}b")), format!("a{}b", c.escape_unicode()));
            assert!(json(format!("\"{c}\"")).is_ascii());
        }
        assert_eq!(json("\"\u{e0041}\"".into()), "\"\\udb40\\udc41\"");
        for shown in ["é", "日本", "ไทย", "عربي", "👩", "☎\u{fe0f}", "e\u{301}", "\u{a0}"] {
            assert_eq!(one_line(shown), shown);
        }
    }

    #[test]
    fn a_strangers_word_is_cut_and_has_no_control_characters() {
        assert_eq!(quoted("a\x1b[2J\nb\u{202e}"), "a\\x1b[2J\\nb\\u{202e}");
        assert_eq!(many_lines("a\nb\tc\x07"), "a\nb\tc\\x07");
        assert_eq!(json("\"\u{9b}2J\u{202e}\x7fé\"\n".into()), "\"\\u009b2J\\u202e\\u007fé\"\n");
        assert_eq!(quoted(&"é".repeat(48)), "é".repeat(48));
        assert_eq!(quoted(&"é".repeat(500)), format!("{}…", "é".repeat(48)));
    }
}
