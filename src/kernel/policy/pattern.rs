//! The patterns of a rule's lists: sources that may be loaded, functions that may be called. Compiled once.
//!
//! Paths and URLs are matched by the crate `globset`, for braces and `**`; names by the globs of filters.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Serialize, Serializer};

use super::asked::{RequestedSource, Who};
use super::error::PatternError;
use crate::name_glob::Glob;
use crate::runtime::source;
use crate::secrets::without_secrets;

/// Longest pattern, in bytes.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Deepest `{a,{b,c}}` in a pattern.
const BRACES_MAX: usize = 8;
/// Characters that make a part of a path pattern a glob.
const META: [char; 5] = ['*', '?', '[', '{', '\\'];

/// A source that may be loaded.
#[derive(Debug, Clone)]
pub struct LoadPattern {
    text: String,
    what: What,
    sha256: Option<String>,
}

#[derive(Debug, Clone)]
enum What {
    Name(Glob),
    Path(GlobSet),
    Url(GlobSet),
}

impl Serialize for LoadPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl LoadPattern {
    /// Compiles a pattern: one with `://` is for URLs, one with `/` or a known suffix for paths (a relative one starts
    /// from `dir`), any other for names. In URLs and paths a `*` does not go over a `/`, and `**` does.
    ///
    /// # Errors
    /// The pattern is invalid or too long.
    pub fn new(text: &str, sha256: Option<String>, dir: &Path) -> Result<LoadPattern, PatternError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(PatternError::TooLong { bytes: text.len(), bytes_max: TEXT_BYTES_MAX });
        }
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let what = if let Some((_, rest)) = text.split_once("://") {
            if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
                return Err(PatternError::NamesUser { pattern: without_secrets(text).into_owned() });
            }
            What::Url(matcher(text)?)
        } else if source::is_name(text) {
            What::Name(Glob::new(&fold(text)))
        } else {
            What::Path(matcher(&resolved(text, dir))?)
        };
        Ok(LoadPattern { text: text.to_owned(), what, sha256 })
    }

    /// Whether it fits the source that was asked for.
    pub fn fits(&self, asked: &RequestedSource) -> bool {
        match (&self.what, asked) {
            (What::Name(glob), RequestedSource::Name(name)) => glob.matches(&fold(name)),
            (What::Path(glob), RequestedSource::Path(path)) => glob.is_match(path),
            (What::Url(glob), RequestedSource::Url(url)) => glob.is_match(url),
            _ => false,
        }
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The hash that the main module must have.
    pub fn sha256(&self) -> Option<String> {
        self.sha256.clone()
    }
}

/// A pattern of sources; a relative path starts from `dir`.
pub fn load_pattern_within(text: &str, dir: &Path) -> String {
    if text.contains("://") || source::is_name(text) {
        text.to_owned()
    } else {
        dir.join(text).to_string_lossy().into_owned()
    }
}

/// Treats `-` and `_` as equal, as the look-up of names does.
fn fold(name: &str) -> String {
    name.replace('-', "_")
}

/// A set of one glob: building a set that is too large is an error, building the single glob would panic.
fn matcher(pattern: &str) -> Result<GlobSet, PatternError> {
    let depth = pattern.chars().scan(0_usize, |depth, c| {
        *depth = if c == '{' { *depth + 1 } else { depth.saturating_sub(usize::from(c == '}')) };
        Some(*depth)
    });
    if depth.max().unwrap_or(0) > BRACES_MAX {
        return Err(PatternError::BracesTooDeep { pattern: pattern.to_owned(), depth_max: BRACES_MAX });
    }
    let fails =
        |error: globset::Error| PatternError::NoGlob { pattern: pattern.to_owned(), error: error.kind().clone() };
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(fails)?;
    GlobSetBuilder::new().add(glob).build().map_err(fails)
}

/// A path pattern whose part before the first glob is resolved, because it is compared with resolved paths.
fn resolved(text: &str, dir: &Path) -> String {
    let whole = dir.join(text);
    let mut parts = whole.components();
    let mut literal = PathBuf::new();
    let mut rest = PathBuf::new();
    for part in parts.by_ref() {
        if matches!(part, Component::Normal(name) if name.to_string_lossy().contains(META)) {
            rest.push(part);
            break;
        }
        literal.push(part);
    }
    rest.extend(parts);
    let literal = literal.canonicalize().unwrap_or(literal);
    let mut pattern = globset::escape(&literal.to_string_lossy());
    if !rest.as_os_str().is_empty() {
        if !pattern.ends_with('/') {
            pattern.push('/');
        }
        pattern.push_str(&rest.to_string_lossy());
    }
    pattern
}

/// Functions that may be called: `PLUGIN.FUNCTION`, each a glob.
#[derive(Debug, Clone)]
pub struct CallPattern {
    text: String,
}

impl Serialize for CallPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl CallPattern {
    /// Takes `PLUGIN.FUNCTION`; `*` alone is every function of every plugin.
    ///
    /// # Errors
    /// The pattern has no `.`, or a part of it is invalid or too long.
    pub fn new(text: &str) -> Result<CallPattern, PatternError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(PatternError::TooLong { bytes: text.len(), bytes_max: TEXT_BYTES_MAX });
        }
        if text != "*" && !splits(text).any(|(plugin, function)| !plugin.is_empty() && !function.is_empty()) {
            let plugin = text.trim_matches('.');
            let plugin = if plugin.is_empty() { "*" } else { plugin };
            return Err(PatternError::NoFunction { pattern: text.to_owned(), plugin: plugin.to_owned() });
        }
        Ok(CallPattern { text: text.to_owned() })
    }

    /// Whether it fits this function. Names may have dots, so each dot is tried as the separator. The globs are
    /// compiled on each call, because callers cache the answer.
    pub fn fits(&self, callee: Who<'_>, function: &str) -> bool {
        let is_called = |glob: Glob| glob.matches(callee.plugin) || glob.matches(callee.name);
        self.text == "*"
            || splits(&self.text)
                .any(|(plugin, pattern)| is_called(Glob::new(plugin)) && Glob::new(pattern).matches(function))
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices('.').map(|(at, _)| (&text[..at], &text[at + 1..]))
}
