//! What a policy is asked about: which plugin asks, what it asks to load, and what it is granted.

use std::path::{Path, PathBuf};

use crate::runtime::source;
use crate::text::escape_control;

/// A plugin as rules know it: by the name of its process, or by the name of what it was loaded from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who<'a> {
    /// `front-2`.
    pub name: &'a str,
    /// `front`, what it was loaded as.
    pub plugin: &'a str,
}

/// What a guest may load: what `Sources` is to resolve, and what must be true of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The name, the resolved path or the URL.
    pub source: String,
    /// True for a path or a URL, which a guest may load only because a rule says so.
    pub beyond_names: bool,
    /// SHA-256 that the main module must have, in lower-case hexadecimal.
    pub sha256: Option<String>,
}

/// What a guest asked to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Name(String),
    /// Resolved: no `..`, no symbolic links.
    Path(PathBuf),
    Url(String),
}

impl Asked {
    /// Tells what a source is; the error is one line.
    pub fn of(source: &str) -> Result<Asked, String> {
        if source::is_name(source) {
            return Ok(Asked::Name(source.to_owned()));
        }
        if source.contains("://") {
            let url = url::Url::parse(source)
                .map_err(|error| format!("`{}` is not a URL: {error}", escape_control(source)))?;
            if !url.username().is_empty() || url.password().is_some() {
                return Err(format!("`{}` names a user, which a plugin's URL may not", escape_control(source)));
            }
            return Ok(Asked::Url(url.to_string()));
        }
        // One that is not there is compared as it is written, and then not found.
        let path = Path::new(source);
        Ok(Asked::Path(path.canonicalize().unwrap_or_else(|_| path.to_owned())))
    }

    /// What is resolved in its place.
    pub fn text(&self) -> String {
        match self {
            Asked::Name(text) | Asked::Url(text) => text.clone(),
            Asked::Path(path) => path.to_string_lossy().into_owned(),
        }
    }
}
