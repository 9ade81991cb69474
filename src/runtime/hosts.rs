//! Patterns of host names: whether one fits, and what is wrong with one that no host can fit. Requests name hosts as
//! URLs have them: in lower case, without a port, IPv6 addresses in brackets.
//!
//! The engine is the crate `glob`, which Extism matches `allowed_hosts` with: another one would allow other hosts than
//! the SDK does.

use std::net::Ipv6Addr;

use url::{Host, Url};

/// Longest host pattern, in bytes: a host's name has at most 253.
pub const PATTERN_BYTES_MAX: usize = 1024;

/// Whether a URL's host fits one of the globs.
pub fn allows(hosts: &[String], url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    hosts.iter().any(|pattern| match glob::Pattern::new(pattern) {
        Ok(glob) => glob.matches(host),
        Err(_) => pattern == host,
    })
}

/// The pattern that fits a URL's host and no other.
pub fn pattern_of(url: &Url) -> String {
    glob::Pattern::escape(url.host_str().unwrap_or_default())
}

/// Fails for a pattern that can fit no host, with the one that would. The error is one line.
pub fn check(pattern: &str) -> Result<(), String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("a host pattern of {} bytes; at most {PATTERN_BYTES_MAX} are allowed", pattern.len()));
    }
    match fitting(pattern) {
        Some(form) if form == pattern => Ok(()),
        Some(form) => Err(format!("`{pattern}` fits no host: {}; write `{form}`", why(pattern))),
        None => {
            Err(format!("`{pattern}` fits no host; write a name as `api.example.com`, or a glob as `*.example.com`"))
        }
    }
}

/// What is meant, as it fits: the pattern itself where that does.
fn fitting(pattern: &str) -> Option<String> {
    let host = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
    let host = host.split_once('/').map_or(host, |(host, _)| host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if let Some(address) = ipv6(host) {
        return Some(glob::Pattern::escape(&format!("[{address}]")));
    }
    // An escaped address, as this gives it, has its colons too.
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
    // As a URL would have it: `127.1` is 127.0.0.1, and a name with other letters is written with ASCII ones.
    Host::parse(&host).ok().map(|host| host.to_string())
}

/// An IPv6 address with or without brackets, and with a port behind those.
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
            let error = check(wrong).unwrap_err();
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
