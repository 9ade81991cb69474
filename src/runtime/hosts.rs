//! Patterns of host names: matching, and the check for patterns that match no host. Requests name hosts as
//! URLs have them: in lower case, without a port, IPv6 addresses in brackets.
//!
//! The engine is the crate `glob`, which Extism matches `allowed_hosts` with: another one would allow other hosts than
//! the SDK does.

use std::fmt;
use std::net::Ipv6Addr;

use url::{Host, Url};

/// Longest host pattern, in bytes; a host name has at most 253.
pub const PATTERN_BYTES_MAX: usize = 1024;

/// Whether a URL's host matches one of the globs.
pub fn allows(hosts: &[String], url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    hosts.iter().any(|pattern| match glob::Pattern::new(pattern) {
        Ok(glob) => glob.matches(host),
        Err(_) => pattern == host,
    })
}

/// The pattern that matches a URL's host only.
pub fn pattern_of(url: &Url) -> String {
    glob::Pattern::escape(url.host_str().unwrap_or_default())
}

/// Whether every host that fits `narrower` fits `wider` too; false where the globs cannot be compared.
pub fn covers(wider: &str, narrower: &str) -> bool {
    // `]` counts as a glob too: it may end a character class.
    let is_glob = |text: &str| text.contains(['*', '?', '[', ']']);
    if wider == narrower || wider == "*" {
        return true;
    }
    if !is_glob(narrower) {
        return glob::Pattern::new(wider).is_ok_and(|pattern| pattern.matches(narrower));
    }
    match wider.strip_prefix('*') {
        Some(suffix) if !is_glob(suffix) => narrower.ends_with(suffix),
        _ => false,
    }
}

/// Why a pattern matches no host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The pattern has so many bytes, more than [`PATTERN_BYTES_MAX`].
    TooLong {
        bytes: usize,
    },
    /// `form` would match what may be meant.
    OtherForm {
        pattern: String,
        form: String,
    },
    NoHost {
        pattern: String,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::TooLong { bytes } => {
                write!(f, "a host pattern of {bytes} bytes; at most {PATTERN_BYTES_MAX} are allowed")
            }
            HostError::OtherForm { pattern, form } => {
                write!(f, "`{pattern}` fits no host: {}; write `{form}`", why(pattern))
            }
            HostError::NoHost { pattern } => {
                write!(f, "`{pattern}` fits no host; write a name as `api.example.com`, or a glob as `*.example.com`")
            }
        }
    }
}

/// Fails for a pattern that matches no host, and suggests the one that would.
///
/// # Errors
/// The pattern can match no host.
pub fn check(pattern: &str) -> Result<(), HostError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(HostError::TooLong { bytes: pattern.len() });
    }
    let given = pattern.to_owned();
    match fitting(pattern) {
        Some(form) if form == pattern => Ok(()),
        Some(form) => Err(HostError::OtherForm { pattern: given, form }),
        None => Err(HostError::NoHost { pattern: given }),
    }
}

/// The matching form of a pattern: the pattern itself where it can match.
fn fitting(pattern: &str) -> Option<String> {
    let host = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
    let host = host.split_once('/').map_or(host, |(host, _)| host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if let Some(address) = ipv6(host) {
        return Some(glob::Pattern::escape(&format!("[{address}]")));
    }
    // An escaped IPv6 address, as `pattern_of` makes it, has colons too.
    let is_escaped = host.starts_with("[[]");
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !is_escaped && port.chars().all(|c| c.is_ascii_digit() || c == '*') => name,
        _ => host,
    };
    let host = host.to_lowercase();
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if host.contains(['*', '?', '[', ']']) {
        return glob::Pattern::new(&host).is_ok().then_some(host);
    }
    // The form in URLs: `127.1` is 127.0.0.1, and other letters than ASCII are in Punycode.
    Host::parse(&host).ok().map(|host| host.to_string())
}

/// Parses an IPv6 address, with or without brackets; after brackets a port may follow.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let inner = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(_, port)| port.is_empty() || port.starts_with(':'))?.0,
        None => text,
    };
    inner.parse().ok()
}

fn why(pattern: &str) -> &'static str {
    let host = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
    match host {
        _ if host != pattern => "a host is named without `http://`",
        _ if host.contains('/') => "a host is named without a path",
        _ if host.contains('@') => "a host is named without a user",
        _ if ipv6(host).is_some() => "an IPv6 address is in brackets, which a glob has for itself",
        _ if host.contains(':') => "a host is named without its port",
        _ if host.chars().any(char::is_uppercase) => "hosts are in lower case",
        _ => "a URL has it in another form",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_no_host_is_refused_with_what_does() {
        for (wrong, right) in [
            ("LOCALHOST", "localhost"),
            ("[::1]", "[[]::1[]]"),
            ("::1", "[[]::1[]]"),
            ("[::1]:80", "[[]::1[]]"),
            ("[2001:DB8::1]", "[[]2001:db8::1[]]"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("*.Example.com:*", "*.example.com"),
            ("http://127.0.0.1", "127.0.0.1"),
            ("https://me:secret@api.example.com:8443/v1/*", "api.example.com"),
            ("127.1", "127.0.0.1"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            let error = check(wrong).unwrap_err().to_string();
            assert!(error.ends_with(&format!("; write `{right}`")), "{error}");
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in ["", " ", "a b", "[", "http://", "a[b"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        for right in ["*", "localhost", "*.example.com", "a?.example", "[a-c].example", "under_score.example"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
    }

    #[test]
    fn the_pattern_of_a_url_fits_it() {
        for url in ["http://[::1]:8080/x", "http://LOCALHOST/", "http://127.1:80/", "https://bücher.example/"] {
            let url = Url::parse(url).unwrap();
            let pattern = pattern_of(&url);
            assert_eq!(check(&pattern), Ok(()), "{pattern}");
            assert!(allows(&[pattern], &url), "{url}");
        }
    }
}
