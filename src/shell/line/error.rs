//! Syntax errors of a line: one-line messages with their position, and whether more lines could complete the text.

use std::fmt;

use super::ast::Quote;
use crate::text::quoted_within;

/// The longest source excerpt in a message, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// A line that cannot be read. `Display` is the message alone; the front puts `file:line: ` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub kind: ErrorKind,
    /// Start of the mistake, in bytes from the start of the parsed text; for an unclosed construct, its opening.
    pub offset: usize,
    /// The line of `offset`, counted from 1.
    pub line: usize,
    /// The column of `offset` in its line, in bytes, counted from 1.
    pub column: usize,
}

/// The kind of a syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    UnclosedQuote(Quote),
    /// Unclosed JSON, with its opening bracket.
    UnclosedJson(char),
    UnclosedSubstitution,
    UnclosedHereDoc {
        end: String,
        /// The line of its `<<END`, counted from 1.
        line: usize,
    },
    /// Unclosed block, with its opening word.
    UnclosedBlock(&'static str),
    /// `end` or `else` outside of a block.
    StrayKeyword(&'static str),
    BadFor,
    BadRepeat,
    BadIf,
    /// An operator among the words of `for` or `repeat`.
    OperatorInHeader(String),
    BlockTooDeep {
        max: usize,
    },
    /// The text ends with a backslash.
    TrailingBackslash,
    /// The text ends after `|`.
    NothingAfterPipe,
    /// An operator of other shells that this one lacks.
    Unsupported(String),
    /// An operator where a command should be.
    NoCommand(String),
    NoSystemCommand,
    /// `>` or `>>` without a command, a file, or the last place.
    RedirectWithoutCommand(&'static str),
    RedirectWithoutFile(&'static str),
    RedirectNotLast(&'static str),
    /// `\` and the character after it in double quotes.
    UnknownEscape(String),
    BadVariable(String),
    HereDocOutOfPlace,
    HereDocWithoutEnd,
    /// The end word is not one line of plain text.
    HereDocBadEnd,
    UnclosedJsonString,
    MismatchedJson {
        closer: char,
        /// The expected word.
        expected: char,
    },
    TextAfterJson(String),
    AtWithoutFile,
    TooDeep {
        max: usize,
    },
    TooLong {
        max_bytes: usize,
    },
    TooManyParts {
        max: usize,
    },
}

impl SyntaxError {
    /// Whether more lines could complete the text: an interactive front then asks for them.
    pub fn incomplete(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::UnclosedQuote(_)
                | ErrorKind::UnclosedJson(_)
                | ErrorKind::UnclosedSubstitution
                | ErrorKind::UnclosedHereDoc { .. }
                | ErrorKind::UnclosedBlock(_)
                | ErrorKind::TrailingBackslash
                | ErrorKind::NothingAfterPipe
        )
    }
}

impl std::error::Error for SyntaxError {}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedQuote(quote) => write!(f, "unclosed quote `{0}`: close it, or write `\\{0}`", quote.char()),
            Self::UnclosedJson(open) => {
                write!(f, "unclosed JSON: `{open}` has no matching end; quote the word if it is no JSON")
            }
            Self::UnclosedSubstitution => write!(f, "unclosed `$(`: close it with `)`"),
            Self::UnclosedHereDoc { end, line } => {
                let end = quoted(end);
                write!(f, "here-document `<<{end}` of line {line} has no end: write `{end}` alone on a line")
            }
            Self::UnclosedBlock(opener) => write!(f, "unclosed `{opener}`: close it with `end`"),
            Self::StrayKeyword(word) => write!(f, "`{word}` ends no block: quote it if a command is meant"),
            Self::BadFor => write!(f, "`for` wants `for NAME in WORDS`, lines, `end`"),
            Self::BadRepeat => {
                write!(f, "`repeat` wants `repeat N`, lines, `end`; a plugin's call repeats with `--loop N`")
            }
            Self::BadIf => write!(f, "`if` wants `if COMMAND`, lines, `end`"),
            Self::OperatorInHeader(operator) => {
                write!(f, "`{}` in the first line of a block: quote it, or end the line before it", quoted(operator))
            }
            Self::BlockTooDeep { max } => {
                write!(f, "blocks within each other more than {max} deep: `source` a file instead")
            }
            Self::TrailingBackslash => write!(f, "nothing after `\\`: the text ends there"),
            Self::NothingAfterPipe => write!(f, "nothing after `|`: a stage must follow"),
            Self::Unsupported(operator) => write!(f, "no `{}` in this shell: {}", quoted(operator), way_on(operator)),
            Self::NoCommand(operator) => write!(f, "no command before `{}`", quoted(operator)),
            Self::NoSystemCommand => write!(f, "nothing after `!`: write `!COMMAND` to run a program of the system"),
            Self::RedirectWithoutCommand(operator) => write!(f, "no command before `{operator} FILE`"),
            Self::RedirectWithoutFile(operator) => write!(f, "no file after `{operator}`: write `{operator} FILE`"),
            Self::RedirectNotLast(operator) => {
                write!(f, "`{operator} FILE` must come last: only `;`, `&` or the line's end may follow")
            }
            Self::UnknownEscape(escape) => write!(
                f,
                "unknown escape `{}` in double quotes: known are \\n \\t \\\\ \\\" \\$ \\xNN; single quotes take all as it is",
                quoted(escape)
            ),
            Self::BadVariable(text) => {
                write!(f, "`{}` names no variable: write `${{NAME}}`, or `\\$` for a dollar sign", quoted(text))
            }
            Self::HereDocOutOfPlace => write!(f, "a here-document `<<` can only stand where INPUT goes"),
            Self::HereDocWithoutEnd => write!(f, "no end word after `<<`: write `<<END`"),
            Self::HereDocBadEnd => write!(f, "the end word after `<<` must be plain text on one line, as in `<<END`"),
            Self::UnclosedJsonString => {
                write!(f, "unclosed string in JSON: it must end on its line; quote the word if it is no JSON")
            }
            Self::MismatchedJson { closer, expected } => {
                write!(f, "`{closer}` in JSON where `{expected}` must come; quote the word if it is no JSON")
            }
            Self::TextAfterJson(text) => {
                write!(f, "`{}` touches the end of the JSON: put a blank between, or quote the word", quoted(text))
            }
            Self::AtWithoutFile => write!(f, "no file after `@`: write `@FILE`, or '@' in quotes for the sign itself"),
            Self::TooDeep { max } => write!(f, "`$(` nested more than {max} deep: `set` a variable on the way"),
            Self::TooLong { max_bytes } => {
                write!(f, "line longer than {max_bytes} bytes: give large input as `@FILE`")
            }
            Self::TooManyParts { max } => write!(f, "line of more than {max} words: break it up, or use `@FILE`"),
        }
    }
}

/// The replacement for an operator that this shell lacks.
fn way_on(operator: &str) -> &'static str {
    match operator {
        "&&" => "use `;`, a script stops at the first error",
        "||" => "`|` joins calls, `;` ends a command",
        "<" => "`@FILE` gives a file as INPUT, `@-` standard input",
        "<<<" => "give INPUT as a word",
        "<<-" => "a here-document is literal, write `<<END`",
        "`" => "write `$(COMMAND)`, or quote it",
        "(" | ")" => "quote it, or write `$(COMMAND)`",
        _ => "only results are redirected, with `> FILE`",
    }
}

/// Source text in a message, cut shorter than a name, since the reason follows on its line.
fn quoted(text: &str) -> String {
    quoted_within(text, SHOWN_CHARS_MAX)
}
