//! The questions to a policy: the plugin that asks, the source that it wants to load, and the grant.

use std::path::{Path, PathBuf};

use super::error::SourceError;
use crate::runtime::source;

/// A plugin as rules match it: by the name of its process or of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who<'a> {
    /// `front-2`.
    pub name: &'a str,
    /// `front`: the name of its source.
    pub plugin: &'a str,
}

/// A load that is granted to a guest: the source for `Sources` to resolve, and conditions on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The name, the resolved path or the URL.
    pub source: String,
    /// True for a path or a URL, which a guest may load only by a rule.
    pub beyond_names: bool,
    /// SHA-256 that the main module must have, in lower-case hexadecimal.
    pub sha256: Option<String>,
}

/// The source that a guest asked to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedSource {
    Name(String),
    /// Resolved: no `..`, no symbolic links.
    Path(PathBuf),
    Url(String),
}

impl RequestedSource {
    /// Classifies a source.
    ///
    /// # Errors
    /// The source can be neither a name, nor a path, nor a URL.
    pub fn of(source: &str) -> Result<RequestedSource, SourceError> {
        if source::is_name(source) {
            return Ok(RequestedSource::Name(source.to_owned()));
        }
        if source.contains("://") {
            let url =
                url::Url::parse(source).map_err(|error| SourceError::NoUrl { source: source.to_owned(), error })?;
            if !url.username().is_empty() || url.password().is_some() {
                return Err(SourceError::NamesUser { source: source.to_owned() });
            }
            return Ok(RequestedSource::Url(url.to_string()));
        }
        // A missing file is compared by its path as written; resolving it fails later.
        let path = Path::new(source);
        Ok(RequestedSource::Path(path.canonicalize().unwrap_or_else(|_| path.to_owned())))
    }

    /// The text that `Sources` resolves.
    pub fn text(&self) -> String {
        match self {
            RequestedSource::Name(text) | RequestedSource::Url(text) => text.clone(),
            RequestedSource::Path(path) => path.to_string_lossy().into_owned(),
        }
    }
}
