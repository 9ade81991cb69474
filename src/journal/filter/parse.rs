//! From words to tests: `or` binds weakest, then `and`, then `not`.

use std::marker::PhantomData;

use super::content::{ContentTest, Literal, Side, ValueTest};
use super::error::FilterError;
use super::expr::{Expr, NameField, NumberField, Test};
use super::fields::{Comparison, Fields};
use super::lex::{Token, TokenKind, tokens};
use super::op::{Match, Op};
use super::pointer::{Number, Pointer};
use super::regex::Regex;
use crate::journal::record::{Outcome, RecordKind};
use crate::journal::units::{parse_duration_ns, parse_size, parse_units};
use crate::name_glob::Glob;
use crate::text::{did_you_mean_of, quoted};

/// Deepest nesting of parentheses and `not`.
pub const FILTER_DEPTH_MAX: usize = 64;

#[derive(Clone, Copy)]
enum Field {
    Name(NameField),
    Outcome,
    Kind,
    Number(NumberField),
}

/// The fields of a call's content, which are read last.
const CONTENT_FIELDS: [&str; 3] = ["input", "output", "error"];

/// Every field, as it is written.
pub const FIELDS: [&str; CALL_FIELDS.len() + CONTENT_FIELDS.len()] = {
    let mut names = [""; CALL_FIELDS.len() + CONTENT_FIELDS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = if at < CALL_FIELDS.len() { CALL_FIELDS[at].0 } else { CONTENT_FIELDS[at - CALL_FIELDS.len()] };
        at += 1;
    }
    names
};

/// The other fields of calls, as they are written.
const CALL_FIELDS: [(&str, Field); 13] = [
    ("caller", Field::Name(NameField::Caller)),
    ("callee", Field::Name(NameField::Callee)),
    ("function", Field::Name(NameField::Function)),
    ("outcome", Field::Outcome),
    ("depth", Field::Number(NumberField::Depth)),
    ("job", Field::Number(NumberField::Job)),
    ("bytes_in", Field::Number(NumberField::BytesIn)),
    ("bytes_out", Field::Number(NumberField::BytesOut)),
    ("duration", Field::Number(NumberField::Duration)),
    ("held", Field::Number(NumberField::Held)),
    ("grew", Field::Number(NumberField::Grew)),
    ("fuel", Field::Number(NumberField::Fuel)),
    ("kind", Field::Kind),
];

impl Field {
    fn find(word: &str) -> Option<Field> {
        CALL_FIELDS.iter().find(|(name, _)| *name == word).map(|(_, field)| *field)
    }
}

/// The fields of calls.
pub(super) struct CallFields;

impl Fields for CallFields {
    type Test = Test;

    const NAMES: &'static [&'static str] = &FIELDS;
    const EXAMPLE: &'static str = "outcome = error";

    fn named(glob: Glob) -> Test {
        Test::AnyName(glob)
    }

    const CONTENT_NAMES: &'static [&'static str] = &CONTENT_FIELDS;

    fn content(test: ContentTest) -> Option<Test> {
        Some(Test::Content(Box::new(test)))
    }

    fn test(comparison: &Comparison<'_>) -> Result<Test, FilterError> {
        let (op, text) = (comparison.op, comparison.value);
        match Field::find(comparison.field) {
            Some(Field::Name(field)) => {
                Ok(Test::Name { field, glob: comparison.glob(), equal: comparison.equality()? })
            }
            Some(Field::Number(field)) => {
                let value = number(field, text).map_err(|message| comparison.refused(message))?;
                Ok(Test::Number { field, op, value })
            }
            Some(Field::Kind) => {
                let equal = comparison.equality()?;
                let kind = RecordKind::ALL.into_iter().find(|kind| kind.as_str() == text);
                let kind = kind.ok_or_else(|| {
                    let kinds = RecordKind::ALL.map(RecordKind::as_str).join(" ");
                    comparison.refused(format!("no kind `{}`; there are: {kinds}", quoted(text)))
                })?;
                Ok(Test::Kind { kind, equal })
            }
            Some(Field::Outcome) | None => {
                let equal = comparison.equality()?;
                let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
                let outcome = outcome.ok_or_else(|| {
                    let hint = did_you_mean_of(text, &Outcome::ALL.map(Outcome::as_str));
                    comparison.refused(format!("no outcome `{}`{hint}", quoted(text)))
                })?;
                Ok(Test::Outcome { outcome, equal })
            }
        }
    }
}

/// Reads an expression, at most [`FILTER_BYTES_MAX`](super::FILTER_BYTES_MAX) bytes and nested at most
/// [`FILTER_DEPTH_MAX`] deep.
///
/// # Errors
/// The text is no expression, is too long or nested too deep, names no field, or compares a field as it cannot be.
pub fn parse<F: Fields>(text: &str) -> Result<Expr<F::Test>, FilterError> {
    let mut parser = Parser::<F> { tokens: tokens(text)?.into_iter().peekable(), depth: 0, fields: PhantomData };
    let expr = parser.any_of()?;
    let rest = parser.next();
    match rest.kind {
        TokenKind::End => Ok(expr),
        TokenKind::Close => Err(FilterError::new(rest.column, "this `)` closes nothing")),
        TokenKind::Op(op) => Err(FilterError::new(rest.column, format!("no field before `{}`", op.as_str()))),
        TokenKind::Match(op) => Err(FilterError::new(rest.column, format!("no field before `{}`", op.as_str()))),
        _ => Err(FilterError::new(rest.column, "expected `and` or `or` before this")),
    }
}

/// A value as it was read.
struct Operand {
    text: String,
    column: usize,
    /// True for a quoted value.
    in_quotes: bool,
}

struct Parser<F> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
    fields: PhantomData<F>,
}

impl<F: Fields> Parser<F> {
    /// The next token; the end again and again once it is reached.
    fn next(&mut self) -> Token {
        match self.tokens.peek() {
            Some(Token { kind: TokenKind::End, .. }) | None => self.peek_end(),
            Some(_) => self.tokens.next().unwrap_or(Token { column: 1, kind: TokenKind::End }),
        }
    }

    fn peek_end(&mut self) -> Token {
        self.tokens.peek().cloned().unwrap_or(Token { column: 1, kind: TokenKind::End })
    }

    fn next_is(&mut self, kind: &TokenKind) -> bool {
        self.tokens.next_if(|token| token.kind == *kind && *kind != TokenKind::End).is_some()
    }

    fn any_of(&mut self) -> Result<Expr<F::Test>, FilterError> {
        let mut parts = vec![self.all_of()?];
        while self.next_is(&TokenKind::Or) {
            parts.push(self.all_of()?);
        }
        Ok(only(&mut parts).unwrap_or(Expr::Any(parts)))
    }

    fn all_of(&mut self) -> Result<Expr<F::Test>, FilterError> {
        let mut parts = vec![self.one()?];
        while self.next_is(&TokenKind::And) {
            parts.push(self.one()?);
        }
        Ok(only(&mut parts).unwrap_or(Expr::All(parts)))
    }

    fn one(&mut self) -> Result<Expr<F::Test>, FilterError> {
        let token = self.next();
        match token.kind {
            TokenKind::Not => {
                let inner = self.deeper(token.column, Self::one)?;
                Ok(Expr::Not(Box::new(inner)))
            }
            TokenKind::Open => {
                let inner = self.deeper(token.column, Self::any_of)?;
                if self.next_is(&TokenKind::Close) {
                    return Ok(inner);
                }
                let rest = self.next();
                Err(match rest.kind {
                    TokenKind::End => FilterError::new(token.column, "this `(` is not closed"),
                    _ => FilterError::new(rest.column, "expected `and`, `or` or `)` before this"),
                })
            }
            TokenKind::Word(word) => self.comparison(token.column, word),
            TokenKind::Quoted(word) => Ok(Expr::Test(F::named(Glob::literal(&word)))),
            TokenKind::Close => Err(FilterError::new(token.column, "expected a comparison before `)`")),
            TokenKind::Op(op) => Err(FilterError::new(token.column, format!("no field before `{}`", op.as_str()))),
            TokenKind::Match(op) => Err(FilterError::new(token.column, format!("no field before `{}`", op.as_str()))),
            TokenKind::And | TokenKind::Or => {
                Err(FilterError::new(token.column, format!("expected a comparison here, like `{}`", F::EXAMPLE)))
            }
            TokenKind::End => {
                Err(FilterError::new(token.column, format!("expected a comparison, like `{}`", F::EXAMPLE)))
            }
        }
    }

    fn deeper(
        &mut self,
        column: usize,
        inner: fn(&mut Self) -> Result<Expr<F::Test>, FilterError>,
    ) -> Result<Expr<F::Test>, FilterError> {
        if self.depth == FILTER_DEPTH_MAX {
            return Err(FilterError::new(column, format!("nested deeper than {FILTER_DEPTH_MAX}")));
        }
        self.depth += 1;
        let expr = inner(self);
        self.depth -= 1;
        expr
    }

    /// `FIELD OP VALUE`, or a bare word that is a glob over the names.
    fn comparison(&mut self, column: usize, word: String) -> Result<Expr<F::Test>, FilterError> {
        if let Some(content) = self.content(column, &word)? {
            return Ok(Expr::Test(content));
        }
        let is_field = F::NAMES.contains(&word.as_str());
        if let Some((operator, column)) = self.next_match().filter(|_| is_field) {
            return Err(no_text(&word, operator, column));
        }
        let Some(Token { kind: TokenKind::Op(op), .. }) = self.tokens.peek() else {
            return match is_field {
                false => Ok(Expr::Test(F::named(Glob::new(&word)))),
                true => Err(FilterError::new(
                    column,
                    format!("`{word}` is compared with something; quote it if it is meant as a name"),
                )),
            };
        };
        let (op, op_column) = (*op, self.next().column);
        if !is_field {
            let hint = did_you_mean_of(&word, F::NAMES);
            return Err(FilterError::new(column, format!("no field `{}`{hint}", quoted(&word))));
        }
        let Operand { text, column: value_column, in_quotes } = self.value(op.as_str())?;
        let (field, value) = (word.as_str(), text.as_str());
        Ok(Expr::Test(F::test(&Comparison { field, op, value, op_column, value_column, in_quotes })?))
    }

    /// The value after an operator.
    fn value(&mut self, operator: &str) -> Result<Operand, FilterError> {
        let Token { column, kind } = self.next();
        match kind {
            TokenKind::Word(text) => Ok(Operand { text, column, in_quotes: false }),
            TokenKind::Quoted(text) => Ok(Operand { text, column, in_quotes: true }),
            TokenKind::And | TokenKind::Or | TokenKind::Not => {
                Err(FilterError::new(column, "expected a value; quote it if this word is meant"))
            }
            _ => Err(FilterError::new(column, format!("expected a value after `{operator}`"))),
        }
    }

    /// The operator that searches a text, and its column, if it comes next. It is not taken.
    fn next_match(&mut self) -> Option<(Match, usize)> {
        self.tokens.peek().and_then(|token| match &token.kind {
            TokenKind::Match(operator) => Some((*operator, token.column)),
            TokenKind::Word(word) if matches!(word.as_str(), "contains" | "CONTAINS") => {
                Some((Match::Contains, token.column))
            }
            _ => None,
        })
    }

    /// A test of the content: `input ~ REGEX`, `input contains TEXT`, `input./items/0/qty > 3`, `input./items`.
    fn content(&mut self, column: usize, word: &str) -> Result<Option<F::Test>, FilterError> {
        let (field, path) = match word.split_once('.') {
            Some((field, path)) if path.starts_with('/') => (field, Some(path)),
            _ => (word, None),
        };
        let next_op = match self.tokens.peek() {
            Some(Token { kind: TokenKind::Op(op), .. }) => Some(*op),
            _ => None,
        };
        let next_match = self.next_match();
        let known = F::CONTENT_NAMES.contains(&field);
        let Some(side) = Side::find(field).filter(|_| known) else {
            let begun = word.split_once('.').filter(|(field, _)| F::CONTENT_NAMES.contains(field));
            return match begun.filter(|_| next_op.is_some() || next_match.is_some()) {
                Some((field, path)) => Err(FilterError::new(
                    column,
                    format!("a path into JSON starts with `/`: write `{field}./{}`", quoted(path)),
                )),
                None => Ok(None),
            };
        };
        let pointer = path.map(|path| Pointer::parse(path).map_err(|why| FilterError::new(column, why))).transpose()?;
        let test = match (next_op, next_match) {
            (Some(op), _) => {
                self.next();
                compare(op, &self.value(op.as_str())?)?
            }
            (None, Some((operator, _))) => {
                self.next();
                matching(operator, self.value(operator.as_str())?)?
            }
            (None, None) if pointer.is_some() => ValueTest::Exists,
            (None, None) => {
                let message = format!("`{word}` is compared with something; quote it if it is meant as a name");
                return Err(FilterError::new(column, message));
            }
        };
        Ok(F::content(ContentTest { side, pointer, test }))
    }
}

/// The error of a search in a field that is no text.
fn no_text(field: &str, operator: Match, column: usize) -> FilterError {
    let operator = operator.as_str();
    FilterError::new(column, format!("`{field}` takes no `{operator}`; `input`, `output` and `error` do"))
}

/// A search in a text.
fn matching(operator: Match, value: Operand) -> Result<ValueTest, FilterError> {
    let equal = match operator {
        Match::Contains if value.in_quotes => return Ok(ValueTest::Contains(value.text.into())),
        Match::Contains => return Ok(ValueTest::Contains(unescaped(&value.text).into())),
        Match::Matches => true,
        Match::MatchesNot => false,
    };
    let regex = Regex::new(&value.text)
        .map_err(|error| FilterError::new(value.column + usize::from(value.in_quotes) + error.at, error.message))?;
    Ok(ValueTest::Matches { regex, equal })
}

/// A comparison with a value: in quotes it is a text, and so is what is no number, `true`, `false` or `null`.
fn compare(op: Op, value: &Operand) -> Result<ValueTest, FilterError> {
    let literal = match value.text.as_str() {
        text if value.in_quotes => Literal::Text(Glob::literal(text)),
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "null" => Literal::Null,
        text => Number::parse(text).map_or_else(|| Literal::Text(Glob::new(text)), Literal::Number),
    };
    match literal {
        Literal::Number(_) => {}
        _ if matches!(op, Op::Equal | Op::NotEqual) => {}
        _ => {
            let message = format!("`{}` compares numbers, and `{}` is none", op.as_str(), quoted(&value.text));
            return Err(FilterError::new(value.column, message));
        }
    }
    Ok(ValueTest::Compare { op, value: literal })
}

/// A word without the backslashes before its characters.
fn unescaped(word: &str) -> String {
    let mut chars = word.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    text
}

fn number(field: NumberField, text: &str) -> Result<u64, String> {
    match field {
        NumberField::Duration | NumberField::Held => parse_duration_ns(text),
        NumberField::BytesIn | NumberField::BytesOut | NumberField::Grew => parse_size(text),
        NumberField::Job => whole(text.strip_prefix('%').unwrap_or(text)),
        NumberField::Fuel => parse_units(text),
        NumberField::Depth => whole(text),
    }
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{}` is no number", quoted(text)))
}

fn only<T>(parts: &mut Vec<Expr<T>>) -> Option<Expr<T>> {
    if parts.len() == 1 { parts.pop() } else { None }
}
