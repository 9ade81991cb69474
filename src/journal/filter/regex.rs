//! Regular expressions over bytes, in bounded memory and linear time: the engine of the regex crate.

use regex_automata::Input;
use regex_automata::meta;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Hir, HirKind, Look, Repetition};

/// Bytes of a compiled expression.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Bytes that its search may keep.
const CACHE_BYTES_MAX: usize = 256 << 10;
/// Deepest nesting of groups.
const NESTING_MAX: u32 = 64;

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regex(meta::Regex);

/// Why an expression was refused, and the character of it, from 0, where that shows.
#[derive(Debug, PartialEq, Eq)]
pub struct RegexError {
    pub at: usize,
    pub message: String,
}

impl Regex {
    /// Compiles `text`. `\b` knows ASCII words.
    ///
    /// # Errors
    /// The text is no expression, or its compiled form is over [`REGEX_BYTES_MAX`]; with the place.
    pub fn new(text: &str) -> Result<Regex, RegexError> {
        let mut parser = ParserBuilder::new().utf8(false).nest_limit(NESTING_MAX).build();
        let hir = parser.parse(text).map_err(|error| refused(text, &error))?;
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(REGEX_BYTES_MAX))
            .onepass_size_limit(Some(CACHE_BYTES_MAX))
            .hybrid_cache_capacity(CACHE_BYTES_MAX);
        match meta::Regex::builder().configure(config).build_from_hir(&with_ascii_words(hir)) {
            Ok(regex) => Ok(Regex(regex)),
            Err(_) => Err(RegexError { at: 0, message: "a regular expression that takes too much memory".to_owned() }),
        }
    }

    /// Whether it matches anywhere in `bytes`; `None` where the missing end of bytes that are not whole would tell.
    pub fn matches(&self, bytes: &[u8], is_whole: bool) -> Option<bool> {
        // The earliest end: one that lies before the end of the bytes does not depend on what follows.
        match self.0.search_half(&Input::new(bytes).earliest(true)) {
            Some(end) if is_whole || end.offset() < bytes.len() => Some(true),
            None if is_whole => Some(false),
            _ => None,
        }
    }
}

fn refused(text: &str, error: &regex_syntax::Error) -> RegexError {
    let (offset, message) = match error {
        regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (error.span().start.offset, error.kind().to_string()),
        _ => (0, "no regular expression".to_owned()),
    };
    let at = text.get(..offset).map_or(0, |before| before.chars().count());
    RegexError { at, message }
}

/// The expression with borders of ASCII words: those of Unicode need tables that are not built in.
fn with_ascii_words(hir: Hir) -> Hir {
    let all = |parts: Vec<Hir>| parts.into_iter().map(with_ascii_words).collect();
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            look => look,
        }),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(with_ascii_words(*repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition })
        }
        HirKind::Capture(capture) => {
            let sub = Box::new(with_ascii_words(*capture.sub));
            Hir::capture(Capture { sub, ..capture })
        }
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(regex: &str, bytes: &[u8], is_whole: bool) -> Option<bool> {
        Regex::new(regex).unwrap_or_else(|error| panic!("{regex}: {error:?}")).matches(bytes, is_whole)
    }

    #[test]
    fn bytes_are_searched_and_need_be_no_text() {
        assert_eq!(matches(r"^\d+ (cats?|dogs?)\b", b"12 cats!", true), Some(true));
        assert_eq!(matches(r"(?i)ERROR", "ein error µ".as_bytes(), true), Some(true));
        assert_eq!(matches(r"b.d", b"\xff\x00bad", true), Some(true));
        assert_eq!(matches(r"(?-u)\xff\x00", b"\xff\x00bad", true), Some(true));
        assert_eq!(matches("^$", b"", true), Some(true));
        assert_eq!(matches("x", b"", true), Some(false));
    }

    #[test]
    fn a_cut_text_is_answered_for_where_its_end_changes_nothing() {
        assert_eq!(matches("foo.*", b"a foo is", false), Some(true));
        assert_eq!(matches("is$", b"a foo is", false), None);
        assert_eq!(matches("bar", b"a foo is", false), None);
    }

    #[test]
    fn what_is_refused_is_pointed_at() {
        let error = |regex: &str| Regex::new(regex).unwrap_err();
        assert_eq!(error("aé(b").at, 2);
        assert_eq!(error("aé(b").message, "unclosed group");
        assert_eq!(error("a{5000}{5000}").message, "a regular expression that takes too much memory");
        assert!(
            error(&"(".repeat(100)).message.contains("nest") || error(&"(".repeat(100)).message.contains("unclosed")
        );
    }
}
