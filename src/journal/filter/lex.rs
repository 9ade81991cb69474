//! The words of a filter expression, each with the column where it starts.

use super::content::Side;
use super::error::FilterError;
use super::op::{Match, Op};

/// The longest expression, in bytes.
pub const FILTER_BYTES_MAX: usize = 4096;

/// One word and where it starts: the first character is column 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) column: usize,
    pub(super) kind: TokenKind,
}

/// The kind of a token, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word(String),
    /// A word that was in quotes: never a keyword, a field or a glob.
    Quoted(String),
    Op(Op),
    Match(Match),
    Open,
    Close,
    And,
    Or,
    Not,
    End,
}

/// The words of `text`; the last one is always [`TokenKind::End`].
///
/// # Errors
/// The text is longer than [`FILTER_BYTES_MAX`], or a quote is open.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(FilterError::new(1, format!("the expression is longer than {FILTER_BYTES_MAX} bytes")));
    }
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let (kind, next) = token(&chars, at, c)?;
        tokens.push(Token { column: at + 1, kind });
        at = next;
    }
    tokens.push(Token { column: chars.len() + 1, kind: TokenKind::End });
    Ok(tokens)
}

/// The token that starts with `c` at `at`, and where the next one may start.
fn token(chars: &[char], at: usize, c: char) -> Result<(TokenKind, usize), FilterError> {
    let equals_next = chars.get(at + 1) == Some(&'=');
    let refuse = |message: &str| Err(FilterError::new(at + 1, message.to_owned()));
    match c {
        '(' => Ok((TokenKind::Open, at + 1)),
        ')' => Ok((TokenKind::Close, at + 1)),
        '=' if equals_next => refuse("write `=` and not `==`"),
        '=' => Ok((TokenKind::Op(Op::Equal), at + 1)),
        '~' => Ok((TokenKind::Match(Match::Matches), at + 1)),
        '!' if chars.get(at + 1) == Some(&'~') => Ok((TokenKind::Match(Match::MatchesNot), at + 2)),
        '!' if equals_next => Ok((TokenKind::Op(Op::NotEqual), at + 2)),
        '!' => refuse("write `not` and not `!`"),
        '<' if equals_next => Ok((TokenKind::Op(Op::LessEqual), at + 2)),
        '<' => Ok((TokenKind::Op(Op::Less), at + 1)),
        '>' if equals_next => Ok((TokenKind::Op(Op::GreaterEqual), at + 2)),
        '>' => Ok((TokenKind::Op(Op::Greater), at + 1)),
        '&' => refuse("write `and` and not `&`"),
        '|' => refuse("write `or` and not `|`"),
        '\'' | '"' => quoted(chars, at, c),
        _ => Ok(word(chars, at)),
    }
}

fn quoted(chars: &[char], at: usize, quote: char) -> Result<(TokenKind, usize), FilterError> {
    let inside = chars.get(at + 1..).unwrap_or_default();
    let Some(length) = inside.iter().position(|c| *c == quote) else {
        return Err(FilterError::new(at + 1, format!("this {quote} has no partner")));
    };
    Ok((TokenKind::Quoted(inside.iter().take(length).collect()), at + length + 2))
}

fn word(chars: &[char], at: usize) -> (TokenKind, usize) {
    let mut word = String::new();
    let mut next = at;
    let mut in_class = false;
    while let Some(c) = chars.get(next).copied() {
        match c {
            '\\' => {
                word.push(c);
                next += 1;
                // Any next character belongs to the word.
                if let Some(escaped) = chars.get(next) {
                    word.push(*escaped);
                    next += 1;
                }
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '!' if in_class => {}
            '~' if ends_before_tilde(&word, chars.get(next + 1)) => break,
            '(' | ')' | '=' | '!' | '<' | '>' | '&' | '|' | '\'' | '"' => break,
            _ if c.is_whitespace() => break,
            _ => {}
        }
        word.push(c);
        next += 1;
    }
    let kind = match word.as_str() {
        "and" | "AND" => TokenKind::And,
        "or" | "OR" => TokenKind::Or,
        "not" | "NOT" => TokenKind::Not,
        _ => TokenKind::Word(word),
    };
    (kind, next)
}

/// Whether a `~` after this word is an operator: after a field that may be matched, or a path into it. In a path `~0`
/// and `~1` are characters.
fn ends_before_tilde(word: &str, next: Option<&char>) -> bool {
    match word.split_once("./") {
        Some((field, _)) => Side::find(field).is_some() && !matches!(next, Some('0' | '1')),
        None => Side::find(word).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_need_no_spaces_around_operators() {
        let spaced = kinds("depth >= 2 and ( callee != echo )");
        assert_eq!(spaced, kinds("depth>=2 and(callee!=echo)"));
        assert_eq!(spaced.len(), 10);
    }

    #[test]
    fn columns_count_characters_from_one() {
        let columns: Vec<usize> = tokens("é = 'x y' or z").unwrap().iter().map(|token| token.column).collect();
        assert_eq!(columns, [1, 3, 5, 11, 14, 15]);
    }

    #[test]
    fn quotes_keep_what_is_in_them_and_classes_keep_their_mark() {
        assert_eq!(
            kinds("'and' \"a=b\""),
            [TokenKind::Quoted("and".into()), TokenKind::Quoted("a=b".into()), TokenKind::End]
        );
        assert_eq!(
            kinds("[!a]* x\\ y"),
            [TokenKind::Word("[!a]*".into()), TokenKind::Word("x\\ y".into()), TokenKind::End]
        );
    }

    #[test]
    fn what_other_languages_write_is_refused_with_what_to_write() {
        let message = |text| tokens(text).unwrap_err().to_string();
        assert_eq!(message("a == b"), "column 3: write `=` and not `==`");
        assert_eq!(message("a && b"), "column 3: write `and` and not `&`");
        assert_eq!(message("a || b"), "column 3: write `or` and not `|`");
        assert_eq!(message("!a"), "column 1: write `not` and not `!`");
        assert_eq!(message("a = 'b"), "column 5: this ' has no partner");
        assert!(message(&"x".repeat(5000)).contains("longer than 4096 bytes"));
    }
}
