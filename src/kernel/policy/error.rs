//! Why a policy file, a pattern or a source that is asked for is refused: values, with their words beside them.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::runtime::hosts::HostError;
use crate::runtime::{Advice, Explained};
use crate::text::{escape_control, quoted};

/// Why a pattern of sources or functions is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    TooLong {
        bytes: usize,
        bytes_max: usize,
    },
    Empty,
    /// A URL with a user; without secrets.
    NamesUser {
        pattern: String,
    },
    /// `{a,{b,c}}`, deeper than so.
    BracesTooDeep {
        pattern: String,
        depth_max: usize,
    },
    NoGlob {
        pattern: String,
        error: globset::ErrorKind,
    },
    /// No `PLUGIN.FUNCTION`; `plugin` is what may be meant by it.
    NoFunction {
        pattern: String,
        plugin: String,
    },
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::TooLong { bytes, bytes_max } => {
                write!(f, "a pattern of {bytes} bytes; at most {bytes_max} are allowed")
            }
            PatternError::Empty => f.write_str("an empty pattern fits nothing; write a name, a path or a URL"),
            PatternError::NamesUser { pattern } => {
                write!(f, "`{}` fits nothing: it names a user, which a plugin's URL may not", quoted(pattern))
            }
            PatternError::BracesTooDeep { pattern, depth_max } => {
                write!(f, "`{}` has braces within each other deeper than {depth_max}", quoted(pattern))
            }
            PatternError::NoGlob { pattern, error } => write!(f, "`{}` is no glob: {error}", quoted(pattern)),
            PatternError::NoFunction { pattern, plugin } => {
                let (pattern, plugin) = (quoted(pattern), quoted(plugin));
                write!(f, "`{pattern}` is no `PLUGIN.FUNCTION`; write `{plugin}.*` for all its functions")
            }
        }
    }
}

/// Why the grants that a process is loaded with are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantError {
    /// There are more than so many of a kind.
    TooMany {
        patterns_max: usize,
    },
    Pattern(PatternError),
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantError::TooMany { patterns_max } => {
                write!(f, "more than {patterns_max} patterns of what it may load or call; a policy file has room")
            }
            GrantError::Pattern(error) => error.fmt(f),
        }
    }
}

impl Explained for GrantError {}

/// Why what a guest asks to load can be no source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    NoUrl {
        source: String,
        error: url::ParseError,
    },
    /// A URL with a user.
    NamesUser {
        source: String,
    },
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::NoUrl { source, error } => write!(f, "`{}` is not a URL: {error}", escape_control(source)),
            SourceError::NamesUser { source } => {
                write!(f, "`{}` names a user, which a plugin's URL may not", escape_control(source))
            }
        }
    }
}

impl Explained for SourceError {}

/// Why a size of memory cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemorySizeError {
    TooManyPages { text: String },
    NoSize { text: String },
}

impl fmt::Display for MemorySizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemorySizeError::TooManyPages { text } => write!(f, "`{text}` pages are too many"),
            MemorySizeError::NoSize { text } => {
                write!(f, "`{text}` is no size; write pages, `200p`, `64k` or `10M`")
            }
        }
    }
}

impl std::error::Error for MemorySizeError {}

/// Why a policy cannot be read. `source` is the name of its file, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyError {
    /// The file cannot be read.
    Unreadable {
        path: PathBuf,
        error: ErrorKind,
    },
    /// The file is no regular one.
    Irregular {
        path: PathBuf,
    },
    TooLarge {
        path: PathBuf,
        bytes_max: u64,
    },
    /// The directory that its relative paths start from is not known.
    NoDirectory {
        source: String,
        error: ErrorKind,
    },
    /// No TOML, or a field that is not known: by the parser.
    Syntax {
        source: String,
        message: String,
        line: usize,
    },
    TooManyRules {
        source: String,
        count: usize,
        rules_max: usize,
    },
    /// `[default]` has a `name`.
    DefaultHasName {
        source: String,
    },
    /// A `[[plugin]]` has no `name`.
    NoName {
        source: String,
    },
    /// A field of a rule has a wrong value; `line` is that of its name, `None`: `[default]`.
    Rule {
        source: String,
        line: Option<usize>,
        error: RuleError,
    },
}

/// Why a rule of a policy is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    Pattern(PatternError),
    Host(HostError),
    MemorySize(MemorySizeError),
    /// In the words of who reads durations.
    Duration(String),
    NoHash {
        hash: String,
    },
    NoStdin {
        path: PathBuf,
    },
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleError::Pattern(error) => error.fmt(f),
            RuleError::Host(error) => error.fmt(f),
            RuleError::MemorySize(error) => error.fmt(f),
            RuleError::Duration(why) => f.write_str(why),
            RuleError::NoHash { hash } => write!(f, "`{hash}` is no SHA-256"),
            RuleError::NoStdin { path } => {
                write!(f, "no file `{}` for `stdin`", escape_control(&path.to_string_lossy()))
            }
        }
    }
}

impl From<PatternError> for RuleError {
    fn from(error: PatternError) -> RuleError {
        RuleError::Pattern(error)
    }
}

impl From<HostError> for RuleError {
    fn from(error: HostError) -> RuleError {
        RuleError::Host(error)
    }
}

impl From<MemorySizeError> for RuleError {
    fn from(error: MemorySizeError) -> RuleError {
        RuleError::MemorySize(error)
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &PathBuf| escape_control(&path.to_string_lossy());
        match self {
            PolicyError::Unreadable { path, error: ErrorKind::NotFound } => write!(f, "no file `{}`", shown(path)),
            PolicyError::Unreadable { path, error } => write!(f, "cannot read `{}`: {error}", shown(path)),
            PolicyError::Irregular { path } => write!(f, "`{}` is not a regular file", shown(path)),
            PolicyError::TooLarge { path, bytes_max } => {
                write!(f, "`{}` is larger than {} MiB, the most a policy may have", shown(path), bytes_max >> 20)
            }
            PolicyError::NoDirectory { source, error } => write!(f, "policy `{source}`: {error}"),
            PolicyError::Syntax { source, message, line } => {
                write!(f, "policy `{source}`: {} at line {line}", escape_control(message))
            }
            PolicyError::TooManyRules { source, count, rules_max } => {
                write!(f, "policy `{source}`: {count} rules; at most {rules_max} are allowed")
            }
            PolicyError::DefaultHasName { source } => {
                write!(f, "policy `{source}`: `[default]` is for every plugin and has no `name`")
            }
            PolicyError::NoName { source } => write!(f, "policy `{source}`: a `[[plugin]]` needs a `name`"),
            PolicyError::Rule { source, line: Some(line), error } => {
                write!(f, "policy `{source}`: the rule at line {line}: {error}")
            }
            PolicyError::Rule { source, line: None, error } => write!(f, "policy `{source}`: `[default]`: {error}"),
        }
    }
}

impl Explained for PolicyError {
    fn advice(&self) -> Option<Advice> {
        match self {
            PolicyError::Rule { error: RuleError::NoHash { .. }, .. } => Some(Advice::WriteHash),
            _ => None,
        }
    }
}
