//! Why a manifest is refused: values, with their words beside them.

use std::fmt;
use std::path::PathBuf;
use std::str::Utf8Error;

use base64::DecodeError;

use super::failure::quoted;

/// The refusal of a manifest. `place` is the number of a `wasm` entry.
#[derive(Debug)]
pub(super) enum ManifestError {
    /// In the parser's words, with the line of TOML.
    Syntax {
        message: String,
        line: Option<usize>,
    },
    NotUtf8(Utf8Error),
    NoModules,
    TooManyModules {
        count: usize,
        modules_max: usize,
    },
    TooManyHosts {
        count: usize,
        hosts_max: usize,
    },
    TooManyPaths {
        count: usize,
        paths_max: usize,
    },
    /// Two modules, or one and the host's, have the name.
    NameTwice {
        name: String,
    },
    /// `headers` or `method` without a `url`.
    RequestWithoutUrl {
        place: usize,
    },
    /// None or several of `path`, `data` and `url`.
    NoSource {
        place: usize,
    },
    NoUrl {
        place: usize,
        url: String,
        error: url::ParseError,
    },
    /// A URL that is shown without its secrets.
    NotFetched {
        url: String,
    },
    NoBase64 {
        place: usize,
        error: DecodeError,
    },
    /// A manifest from a URL names a file.
    LocalFile {
        path: String,
    },
    /// A manifest from a URL allows paths.
    LocalPaths,
    NoFile {
        path: PathBuf,
    },
    Hash {
        place: usize,
        found: String,
        expected: String,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestError::Syntax { message, line: None } => f.write_str(&quoted(message)),
            ManifestError::Syntax { message, line: Some(line) } => write!(f, "{} at line {line}", quoted(message)),
            ManifestError::NotUtf8(error) => error.fmt(f),
            ManifestError::NoModules => f.write_str("it names no wasm; give at least one `wasm` entry"),
            ManifestError::TooManyModules { count, modules_max } => {
                write!(f, "{count} modules; at most {modules_max} can be linked")
            }
            ManifestError::TooManyHosts { count, hosts_max } => {
                write!(f, "{count} `allowed_hosts`; at most {hosts_max} can be given")
            }
            ManifestError::TooManyPaths { count, paths_max } => {
                write!(f, "{count} `allowed_paths`; at most {paths_max} can be given")
            }
            ManifestError::NameTwice { name } => write!(f, "two modules are named `{}`", quoted(name)),
            ManifestError::RequestWithoutUrl { place } => {
                write!(f, "`wasm[{place}]` has `headers` or `method` without a `url`")
            }
            ManifestError::NoSource { place } => write!(f, "`wasm[{place}]` needs one of `path`, `data` and `url`"),
            ManifestError::NoUrl { place, url, error } => {
                write!(f, "`wasm[{place}]`: `{}` is not a URL: {error}", quoted(url))
            }
            ManifestError::NotFetched { url } => write!(f, "`{url}` is not a URL that can be fetched"),
            ManifestError::NoBase64 { place, error } => {
                write!(f, "`wasm[{place}].data` is not base64: ")?;
                write_base64_cause(error, f)
            }
            ManifestError::LocalFile { path } => {
                write!(f, "a manifest from a URL cannot name the local file `{}`", quoted(path))
            }
            ManifestError::LocalPaths => {
                f.write_str("a manifest from a URL cannot allow paths; save it to a file and load that")
            }
            ManifestError::NoFile { path } => write!(f, "no file `{}`", quoted(&path.to_string_lossy())),
            ManifestError::Hash { place, found, expected } => {
                write!(f, "hash mismatch for `wasm[{place}]`: found {found}, expected {}", quoted(expected))
            }
        }
    }
}

fn write_base64_cause(error: &DecodeError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        DecodeError::InvalidByte(at, byte) => write!(f, "byte {at} is `{}`", byte.escape_ascii()),
        DecodeError::InvalidLastSymbol(at, byte) => {
            write!(f, "byte {at}, `{}`, cannot be its end", byte.escape_ascii())
        }
        DecodeError::InvalidLength(_) => f.write_str("it ends in the middle of a byte"),
        DecodeError::InvalidPadding => f.write_str("it wants other `=` at its end"),
    }
}
