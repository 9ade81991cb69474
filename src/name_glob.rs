//! Globs over names: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before a character that stands for itself.
//!
//! Every glob over names is one of these: in filters, policies, `expect` and the shell's arguments, and over nodes. The
//! engine is plugsh's own because filters run on the hot path: a match does not allocate, and its time is bounded by
//! the pattern's length times the name's. Two kinds of globs are not over names, and have the engine that others
//! prescribe: hosts that of Extism (`runtime/hosts`: no escapes, a pattern that is none is a literal), paths and URLs
//! of policies that of `.gitignore` (`kernel/policy/pattern`: `*` stays within a `/`, `**` and `{a,b}`).

use std::iter::Peekable;
use std::str::Chars;

/// A compiled glob. It matches a whole name; case counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    tokens: Box<[Token]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    One(char),
    AnyOne,
    Many,
    Class { negated: bool, ranges: Box<[(char, char)]> },
}

impl Glob {
    /// Compiles `pattern`. Every text is a glob: a `[` that no `]` closes stands for itself.
    pub fn new(pattern: &str) -> Glob {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(c) = rest.next() {
            let token = match c {
                '*' => Token::Many,
                '?' => Token::AnyOne,
                '[' => class(&mut rest).unwrap_or(Token::One('[')),
                '\\' => Token::One(rest.next().unwrap_or('\\')),
                _ => Token::One(c),
            };
            if token != Token::Many || tokens.last() != Some(&Token::Many) {
                tokens.push(token);
            }
        }
        Glob { tokens: tokens.into() }
    }

    /// A glob that matches exactly `text`.
    pub fn literal(text: &str) -> Glob {
        Glob { tokens: text.chars().map(Token::One).collect() }
    }

    /// Whether there is a dot in it that is meant.
    pub fn has_dot(&self) -> bool {
        self.tokens.contains(&Token::One('.'))
    }

    /// The only name that matches, where there is just one.
    pub fn as_literal(&self) -> Option<String> {
        let char = |token: &Token| if let Token::One(c) = token { Some(*c) } else { None };
        self.tokens.iter().map(char).collect()
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        let (mut tokens, mut rest) = (&*self.tokens, name.chars());
        // After a `*`: what must match behind it, and the name from where that was last tried.
        let mut retry: Option<(&[Token], Chars<'_>)> = None;
        loop {
            let stuck = match tokens.split_first() {
                Some((Token::Many, behind)) => {
                    tokens = behind;
                    retry = Some((behind, rest.clone()));
                    false
                }
                Some((token, behind)) => match rest.next() {
                    Some(c) if token.matches(c) => {
                        tokens = behind;
                        false
                    }
                    // With the name at its end, longer `*` cannot help.
                    None => return false,
                    Some(_) => true,
                },
                None if rest.as_str().is_empty() => return true,
                None => true,
            };
            if stuck {
                let Some((behind, from)) = retry.as_mut() else { return false };
                from.next();
                (tokens, rest) = (behind, from.clone());
            }
        }
    }
}

impl Token {
    fn matches(&self, c: char) -> bool {
        match self {
            Token::One(one) => *one == c,
            Token::AnyOne | Token::Many => true,
            Token::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// Reads a class behind its `[`; takes nothing when there is none.
fn class(rest: &mut Peekable<Chars<'_>>) -> Option<Token> {
    let mut ahead = rest.clone();
    let negated = ahead.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match ahead.next()? {
            ']' if !ranges.is_empty() => break,
            '\\' => ahead.next()?,
            c => c,
        };
        let mut after = ahead.clone();
        let range = match (after.next(), after.next()) {
            (Some('-'), Some(high)) if high != ']' => {
                ahead = after;
                (low, high)
            }
            _ => (low, low),
        };
        ranges.push(range);
    }
    *rest = ahead;
    Some(Token::Class { negated, ranges: ranges.into() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).matches(name)
    }

    #[test]
    fn stars_and_question_marks() {
        assert!(matches("echo", "echo") && !matches("echo", "echo2") && !matches("echo", "ech"));
        assert!(matches("*", "") && matches("**", "x") && matches("e*o", "eo") && matches("e*o", "echo"));
        assert!(matches("*a*b*c", "xaxbxbc") && !matches("*a*b*c", "xaxbxb"));
        assert!(matches("?é?", "aéb") && !matches("?", "") && matches("?", "é"));
        assert!(matches("", "") && !matches("", "x"));
    }

    #[test]
    fn classes_and_escapes() {
        assert!(matches("[a-c]x", "bx") && !matches("[a-c]x", "dx") && matches("[!a-c]x", "dx"));
        assert!(matches("[]]", "]") && matches("[a-]", "-") && matches("[a\\]]", "]"));
        assert!(matches("a[b", "a[b") && matches("[", "[") && matches("[]", "[]"));
        assert!(matches("\\*", "*") && !matches("\\*", "x") && matches("a\\", "a\\"));
        assert!(Glob::literal("a*[").matches("a*[") && !Glob::literal("a*").matches("ab"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let name = "a".repeat(200);
        assert!(!matches(&format!("{}b", "*a".repeat(100)), &name));
    }

    /// The definition, as directly as it can be written.
    fn by_definition(tokens: &[Token], name: &[char]) -> bool {
        match (tokens.split_first(), name.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((Token::Many, behind)), _) => {
                by_definition(behind, name) || (!name.is_empty() && by_definition(tokens, &name[1..]))
            }
            (Some(_), None) => false,
            (Some((token, behind)), Some((c, rest))) => token.matches(*c) && by_definition(behind, rest),
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_matches(pattern in "[ab*?é\\[\\]!-]{0,8}", name in "[abé]{0,8}") {
            let glob = Glob::new(&pattern);
            let chars: Vec<char> = name.chars().collect();
            prop_assert_eq!(glob.matches(&name), by_definition(&glob.tokens, &chars), "{:?} on {:?}", pattern, name);
        }
    }
}
