//! Removal of user names, passwords and tokens from URLs in a text.

use std::borrow::Cow;

/// Parts of the names of query parameters with secret values.
const SECRET_WORDS: [&str; 11] =
    ["token", "key", "secret", "pass", "pwd", "auth", "sig", "credential", "session", "jwt", "code"];
/// The replacement of a removed value.
pub const LEFT_OUT: &str = "…";

/// The text with its URLs redacted: without user names, passwords, and values of query parameters with secret names.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        shown.push_str(before);
        // The end of the authority, and the end of the URL.
        let end = after.find(|c: char| matches!(c, '/' | '?' | '#' | '\\') || c.is_whitespace()).unwrap_or(after.len());
        let (authority, after) = after.split_at(end);
        shown.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        let end = after.find(|c: char| matches!(c, '`' | '"' | '\'' | '<' | '>') || c.is_whitespace());
        // A URL may contain another URL.
        let end = end.unwrap_or(after.len()).min(after.find("://").unwrap_or(after.len()));
        let (path, after) = after.split_at(end);
        push_path(&mut shown, path);
        rest = after;
    }
    shown.push_str(rest);
    match shown == text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(shown),
    }
}

/// [`without_secrets`] of an owned text.
pub fn owned_without_secrets(text: String) -> String {
    match without_secrets(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

/// Writes a URL's path, query and fragment.
fn push_path(shown: &mut String, path: &str) {
    let Some((path, query)) = path.split_once('?') else { return shown.push_str(path) };
    shown.push_str(path);
    let mut sign = '?';
    for parameter in query.split('&') {
        shown.push(sign);
        sign = '&';
        match parameter.split_once('=') {
            Some((name, value)) if is_secret(name) && !value.is_empty() => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(LEFT_OUT);
            }
            _ => shown.push_str(parameter),
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_passwords_and_tokens_are_left_out() {
        for (text, shown) in [
            ("cannot load `http://user:secret@h:1/x.wasm`: no", "cannot load `http://h:1/x.wasm`: no"),
            ("http://user@h", "http://h"),
            ("a https://u:p@x@h/p@th and http://h/", "a https://h/p@th and http://h/"),
            ("https://h/x?a=1&access_token=abc&b=2", "https://h/x?a=1&access_token=…&b=2"),
            ("`https://h?X-Amz-Signature=abc`; me@mail", "`https://h?X-Amz-Signature=…`; me@mail"),
            ("https://u:p'q`r@h/", "https://h/"),
            ("https://h/x?to=http://u:p@c/", "https://h/x?to=http://c/"),
        ] {
            assert_eq!(without_secrets(text), shown);
            assert!(!without_secrets(text).contains("abc"));
        }
        for same in ["", "no URL: me@mail", "http://h/x?a=b&token=", "x://"] {
            assert!(matches!(without_secrets(same), Cow::Borrowed(text) if text == same), "{same}");
        }
    }
}
