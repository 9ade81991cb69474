//! The form of a path that a plugin may reach: `[ro:]HOST[:GUEST]`, read and written. Access to paths is WASI's.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::text::{split_at_unescaped, unescaped};

/// Marks a path that may be read and not written.
const READ_ONLY: &str = "ro:";

/// A directory or single file that a plugin may access through WASI.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AllowedPath {
    pub host: PathBuf,
    pub guest: String,
    pub read_only: bool,
}

impl AllowedPath {
    /// Reads `[ro:]HOST[:GUEST]`; GUEST is HOST where it is left out. A `:` of HOST's own has a `\` before it.
    pub fn new(text: &str) -> AllowedPath {
        let (read_only, rest) = text.strip_prefix(READ_ONLY).map_or((false, text), |rest| (true, rest));
        let (host, guest) = split_at_unescaped(rest, ':');
        let host = unescaped(host, ':');
        let guest = guest.map_or_else(|| host.clone(), str::to_owned);
        AllowedPath { host: PathBuf::from(host), guest, read_only }
    }
}

/// The path as [`AllowedPath::new`] reads it, with `\` before each `:` and `\` of HOST.
impl fmt::Display for AllowedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.to_string_lossy().replace('\\', "\\\\").replace(':', "\\:");
        write!(f, "{}{host}:{}", if self.read_only { READ_ONLY } else { "" }, self.guest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_written() {
        for (text, host, guest, read_only) in [
            ("/data", "/data", "/data", false),
            ("ro:/data:/d", "/data", "/d", true),
            (r"a\:b:/d:e", "a:b", "/d:e", false),
            (r"ro:a\:b", "a:b", "a:b", true),
            (r"a\\:/d", r"a\", "/d", false),
        ] {
            let path = AllowedPath::new(text);
            assert_eq!(
                (path.host.to_str(), path.guest.as_str(), path.read_only),
                (Some(host), guest, read_only),
                "{text}"
            );
            assert_eq!(AllowedPath::new(&path.to_string()), path, "{text}");
        }
    }
}
