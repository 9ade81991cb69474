//! The syntax tree of a line: statements, pipes, stages, words and their parts. The parser and the expansion are in the
//! files around this one.

use std::borrow::Cow;
use std::ops::Range;

/// The statements of a script, of one line, or of one `$(COMMAND)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    pub statements: Vec<Statement>,
}

/// One pipe and its terminator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub pipe: Pipe,
    /// The terminator is `&`.
    pub background: bool,
    /// The number of its first line, counted from 1.
    pub line: usize,
    /// The source text without surrounding blanks, terminator and here-documents.
    pub text: String,
    /// The bytes of `text` in the parsed text.
    pub span: Range<usize>,
}

/// Stages joined by `|`, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipe {
    pub stages: Vec<Stage>,
    pub redirect: Option<Redirect>,
}

/// One stage of a pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The words of a command of plugsh, its name first; at least one.
    Command(Vec<Word>),
    /// `!COMMAND`: the raw text for the system's shell. Always the last stage, because it reaches to the line's end.
    System(String),
    /// `for`, `repeat` or `if` with the statements up to `end`. Always the first stage.
    Block(Box<Block>),
}

/// Statements that run more than once, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// `for NAME in WORDS`: the body runs once for each value.
    For { name: String, words: Vec<Word>, body: Script },
    /// `repeat N`.
    Repeat { count: Word, body: Script },
    /// `if COMMAND`, `else if COMMAND`, `else`.
    If {
        /// Conditions with their bodies, at least one.
        branches: Vec<(Statement, Script)>,
        otherwise: Script,
    },
}

/// `> FILE` or `>> FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The operator is `>>`.
    pub append: bool,
    pub file: Word,
}

/// One word: adjacent parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub kind: WordKind,
    /// At least one. For `AtFile` the file's name without its `@`; for `HereDoc` the body; for `Json` the text as
    /// typed.
    pub parts: Vec<Part>,
    /// The bytes of the word in the parsed text; for `HereDoc` those of `<<END`.
    pub span: Range<usize>,
}

/// The kind of a word. Syntax alone decides the kind: expanded values are never parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// Text.
    Plain {
        /// A part of the word is quoted or escaped.
        quoted: bool,
    },
    /// JSON as typed, in INPUT's place.
    Json,
    /// `@FILE`, in INPUT's place.
    AtFile,
    /// `@-`, in INPUT's place.
    AtStdin,
    /// `<<END`, in INPUT's place.
    HereDoc,
    /// `!COMMAND` behind a prefix command (`time !ls`): the raw text for the system's shell. The last word of its
    /// command.
    System,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Literal {
        bytes: Vec<u8>,
        /// The bytes stand in quotes or after a backslash.
        quoted: bool,
    },
    /// `$NAME`, `${NAME}`, `$_`, `$?`, `$1`, `$@` or `$env.NAME`, by its name.
    Variable(String),
    /// `$(COMMAND)`.
    Substitution(Script),
}

/// The kind of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    Single,
    Double,
}

impl Quote {
    /// The character that opens and closes the quote.
    pub const fn char(self) -> char {
        match self {
            Self::Single => '\'',
            Self::Double => '"',
        }
    }
}

impl Word {
    /// The unquoted text that the word starts with. Empty for a word that starts with a quote, a backslash or a `$`,
    /// and for a word of another kind than `Plain`. Only this text decides whether a word is an option.
    pub fn literal_start(&self) -> &[u8] {
        match (self.kind, self.parts.first()) {
            (WordKind::Plain { .. }, Some(Part::Literal { bytes, quoted: false })) => bytes,
            _ => &[],
        }
    }

    /// Whether the word is an option: its unquoted text starts with `-`. Exceptions are `-` alone and `-5`; `"--x"` and
    /// a variable with the value `--x` are data.
    pub fn is_option(&self) -> bool {
        is_option_text(self.literal_start()) || self.parts.len() > 1 && self.literal_start() == b"-"
    }

    /// Whether the word starts with the home directory where a file name is expected: an unquoted `~` alone, before
    /// `/`, or before the `:` of `~:/place`.
    pub fn starts_at_home(&self) -> bool {
        let named = matches!(self.kind, WordKind::Plain { .. } | WordKind::AtFile);
        let Some(Part::Literal { bytes, quoted: false }) = self.parts.first().filter(|_| named) else { return false };
        matches!((bytes.as_slice(), self.parts.len()), ([b'~'], 1) | ([b'~', b'/' | b':', ..], _))
    }

    /// Whether the whole word is one `$(COMMAND)`, quoted or unquoted.
    pub fn is_substitution(&self) -> bool {
        let mut parts =
            self.parts.iter().filter(|part| !matches!(part, Part::Literal { bytes, .. } if bytes.is_empty()));
        matches!((parts.next(), parts.next()), (Some(Part::Substitution(_)), None))
    }

    /// Whether the whole word is one unquoted `$(COMMAND)`.
    pub fn is_unquoted_substitution(&self) -> bool {
        self.is_substitution() && self.kind == (WordKind::Plain { quoted: false })
    }

    /// Whether the whole word is `$@`, quoted or unquoted: it expands to one word for each argument.
    pub fn is_all_arguments(&self) -> bool {
        let mut parts =
            self.parts.iter().filter(|part| !matches!(part, Part::Literal { bytes, .. } if bytes.is_empty()));
        matches!((parts.next(), parts.next()), (Some(Part::Variable(name)), None) if name == "@")
    }

    /// Whether the word is the unquoted `--` that ends options.
    pub fn ends_options(&self) -> bool {
        self.parts.len() == 1 && self.literal_start() == b"--"
    }

    /// The word's bytes; `None` for a word with a variable or a substitution.
    pub fn literal(&self) -> Option<Cow<'_, [u8]>> {
        let mut bytes = Cow::Borrowed(&[][..]);
        for part in &self.parts {
            match part {
                Part::Literal { bytes: more, .. } if bytes.is_empty() => bytes = Cow::Borrowed(more),
                Part::Literal { bytes: more, .. } => bytes.to_mut().extend_from_slice(more),
                Part::Variable(_) | Part::Substitution(_) => return None,
            }
        }
        Some(bytes)
    }

    /// The bytes of [`Word::literal`] as text; `None` when they are not UTF-8.
    pub fn literal_text(&self) -> Option<Cow<'_, str>> {
        match self.literal()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }
}

/// Whether unquoted text is an option: `-n`, `--loop`. `-` alone and negative numbers are data.
fn is_option_text(text: &[u8]) -> bool {
    match text {
        [b'-', b'0'..=b'9', ..] | [b'-', b'.', b'0'..=b'9', ..] => false,
        [b'-', _, ..] => true,
        _ => false,
    }
}

/// Whether `name` is the name of a variable: a letter or `_`, then letters, digits and `_`. `_` alone is the shell's
/// own.
pub fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
