//! The syntax tree of a line: statements, pipes, stages, words and their parts. What makes and what evaluates it lives
//! beside it.

use std::borrow::Cow;
use std::ops::Range;

/// What was read: the statements of a script, of one line, or of one `$(COMMAND)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    pub statements: Vec<Statement>,
}

/// One pipe with what ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub pipe: Pipe,
    /// It ended with `&`.
    pub background: bool,
    /// The line it starts at, counted from 1.
    pub line: usize,
    /// Its source text, without blanks around it, the `;` or `&` that ends it, and the here-documents behind it.
    pub text: String,
    /// Where `text` stands in what was parsed, in bytes.
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
    /// The words of a command of this shell, its name first; at least one.
    Command(Vec<Word>),
    /// `!COMMAND`: the raw text for the system's shell. Always the last stage, because it reaches to the line's end.
    System(String),
    /// `for`, `repeat` or `if` with the statements up to its `end`. Always the first stage.
    Block(Box<Block>),
}

/// Statements that run more than once, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// `for NAME in WORDS`: once for each value.
    For { name: String, words: Vec<Word>, body: Script },
    /// `repeat N`.
    Repeat { count: Word, body: Script },
    /// `if COMMAND`, `else if COMMAND`, `else`.
    If {
        /// Each condition with what runs when it succeeds, at least one.
        branches: Vec<(Statement, Script)>,
        otherwise: Script,
    },
}

/// `> FILE` or `>> FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// It was `>>`.
    pub append: bool,
    pub file: Word,
}

/// One word: parts that touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub kind: WordKind,
    /// At least one. For `AtFile` the file's name without its `@`; for `HereDoc` the body; for `Json` the text as typed.
    pub parts: Vec<Part>,
    /// Where it stands in what was parsed, in bytes; of a here-document only the `<<END`.
    pub span: Range<usize>,
}

/// What a word is. Syntax alone decides it: a value that is expanded later is never read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// Text.
    Plain {
        /// Some of it was quoted or escaped.
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
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Literal {
        bytes: Vec<u8>,
        /// From quotes, or after a backslash.
        quoted: bool,
    },
    /// `$NAME`, `${NAME}`, `$_`, `$?`, `$1`, `$@` or `$env.NAME`, by its name.
    Variable(String),
    /// `$(COMMAND)`.
    Substitution(Script),
}

/// Which quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    Single,
    Double,
}

impl Quote {
    /// The character that opens and closes it.
    pub const fn char(self) -> char {
        match self {
            Self::Single => '\'',
            Self::Double => '"',
        }
    }
}

impl Word {
    /// The unquoted text that the word starts with: empty when it starts with a quote, a backslash or a `$`, or when it
    /// is no plain word. Only this may decide that a word is an option.
    pub fn literal_start(&self) -> &[u8] {
        match (self.kind, self.parts.first()) {
            (WordKind::Plain { .. }, Some(Part::Literal { bytes, quoted: false })) => bytes,
            _ => &[],
        }
    }

    /// Whether the word was typed as an option: its unquoted text starts with `-` and goes on. `-` alone, `-5`, `"--x"`
    /// and a variable that holds `--x` are data.
    pub fn is_option(&self) -> bool {
        is_option_text(self.literal_start()) || self.parts.len() > 1 && self.literal_start() == b"-"
    }

    /// Whether the word starts with the home directory, where it names a file: an unquoted `~` alone, before a `/`, or
    /// before the `:` of `~:/place`.
    pub fn starts_at_home(&self) -> bool {
        let named = matches!(self.kind, WordKind::Plain { .. } | WordKind::AtFile);
        let Some(Part::Literal { bytes, quoted: false }) = self.parts.first().filter(|_| named) else { return false };
        matches!((bytes.as_slice(), self.parts.len()), ([b'~'], 1) | ([b'~', b'/' | b':', ..], _))
    }

    /// Whether the word is one `$(COMMAND)` and nothing else, quoted or not.
    pub fn is_substitution(&self) -> bool {
        let mut parts =
            self.parts.iter().filter(|part| !matches!(part, Part::Literal { bytes, .. } if bytes.is_empty()));
        matches!((parts.next(), parts.next()), (Some(Part::Substitution(_)), None))
    }

    /// Whether the word is one `$(COMMAND)` outside of quotes.
    pub fn is_unquoted_substitution(&self) -> bool {
        self.is_substitution() && self.kind == (WordKind::Plain { quoted: false })
    }

    /// Whether the word is `$@` and nothing else, quoted or not: a word for each argument.
    pub fn is_all_arguments(&self) -> bool {
        let mut parts =
            self.parts.iter().filter(|part| !matches!(part, Part::Literal { bytes, .. } if bytes.is_empty()));
        matches!((parts.next(), parts.next()), (Some(Part::Variable(name)), None) if name == "@")
    }

    /// Whether the word is the unquoted `--` that ends options.
    pub fn ends_options(&self) -> bool {
        self.parts.len() == 1 && self.literal_start() == b"--"
    }

    /// The word's bytes, when they are known without a session: no variable, no substitution.
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

    /// As [`Word::literal`], when those bytes are UTF-8.
    pub fn literal_text(&self) -> Option<Cow<'_, str>> {
        match self.literal()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }
}

/// Whether unquoted text is an option: `-n`, `--loop`; not `-` alone, nor a number below zero, which is no option of any
/// command.
fn is_option_text(text: &[u8]) -> bool {
    match text {
        [b'-', b'0'..=b'9', ..] | [b'-', b'.', b'0'..=b'9', ..] => false,
        [b'-', _, ..] => true,
        _ => false,
    }
}

/// Whether `$NAME` can name it: a letter or `_`, then letters, digits and `_`. (`_` alone and `?` are the shell's own.)
pub fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
