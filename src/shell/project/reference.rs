//! `${NAME}` in a value: a variable of plugsh's environment, read when the value is used. `$${` stands for `${`.

use std::fmt;

use crate::shell::line::escaped_in_quotes;
use crate::text::quoted;

/// A value after its references were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    pub value: String,
    /// Whether a part of it came from the environment.
    pub has_reference: bool,
}

/// Why a reference cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    Unclosed,
    /// The text between the braces is no name.
    NoName(String),
    Unset(String),
    NotUtf8(String),
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReferenceError::Unclosed => f.write_str("a `${` without its `}`; `$${` stands for `${` itself"),
            ReferenceError::NoName(name) => write!(f, "`{}` is no name of a variable", quoted(name)),
            ReferenceError::Unset(name) => write!(f, "`${{{name}}}` is not set in the environment"),
            ReferenceError::NotUtf8(name) => write!(f, "`${{{name}}}` is not UTF-8"),
        }
    }
}

/// A part of a text.
enum Part<'t> {
    Text(&'t str),
    /// The name between the braces.
    Reference(&'t str),
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, ReferenceError> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("${") {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        if let Some(before) = before.strip_suffix('$') {
            parts.extend([Part::Text(before), Part::Text("${")]);
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}').ok_or(ReferenceError::Unclosed)?;
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(ReferenceError::NoName(name.to_owned()));
        }
        parts.extend([Part::Text(before), Part::Reference(name)]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// Replaces the references by the variables of the environment.
///
/// # Errors
/// A reference is written wrong, or its variable is not set or not UTF-8.
pub fn expanded(text: &str) -> Result<Expanded, ReferenceError> {
    let mut expanded = Expanded { value: String::with_capacity(text.len()), has_reference: false };
    for part in parts(text)? {
        match part {
            Part::Text(text) => expanded.value.push_str(text),
            Part::Reference(name) => {
                let value = std::env::var_os(name).ok_or_else(|| ReferenceError::Unset(name.to_owned()))?;
                let value = value.into_string().map_err(|_| ReferenceError::NotUtf8(name.to_owned()))?;
                expanded.value.push_str(&value);
                expanded.has_reference = true;
            }
        }
    }
    Ok(expanded)
}

/// The text as a double-quoted word of the shell, whose `$env.NAME` are the references; `None` where there are none.
pub fn shell_word(text: &str) -> Option<String> {
    let parts = parts(text).ok().filter(|parts| parts.iter().any(|part| matches!(part, Part::Reference(_))))?;
    let mut word = String::from("\"");
    for part in parts {
        match part {
            Part::Reference(name) => word.push_str(&format!("${{env.{name}}}")),
            Part::Text(text) => word.push_str(&escaped_in_quotes(text.as_bytes())),
        }
    }
    word.push('"');
    Some(word)
}

/// The text with what looks like a reference escaped.
pub fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_escapes_are_not() {
        let path = std::env::var("PATH").unwrap();
        let read = |text: &str| expanded(text).map(|read| (read.value, read.has_reference));
        assert_eq!(read("a${PATH}b"), Ok((format!("a{path}b"), true)));
        assert_eq!(read("$${PATH} $x $$ {}"), Ok(("${PATH} $x $$ {}".to_owned(), false)));
        assert_eq!(read("${PATH"), Err(ReferenceError::Unclosed));
        assert_eq!(read("${a b}"), Err(ReferenceError::NoName("a b".to_owned())));
        assert_eq!(read("${}"), Err(ReferenceError::NoName(String::new())));
        let unset = ReferenceError::Unset("NOT_SET_BY_ANYBODY".to_owned());
        assert_eq!(read("${NOT_SET_BY_ANYBODY}"), Err(unset));
    }

    #[test]
    fn an_escaped_text_is_read_as_it_was() {
        for text in ["${", "$${x}", "a$b", "${PATH}", "$$${x}"] {
            assert_eq!(expanded(&escaped(text)).map(|read| read.value), Ok(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_shell_has_the_references_too() {
        assert_eq!(shell_word("k=a\"${KEY}$").as_deref(), Some("\"k=a\\\"${env.KEY}\\$\""));
        assert_eq!(shell_word("k=\u{202e}${KEY}\x1b").as_deref(), Some("\"k=\\xe2\\x80\\xae${env.KEY}\\x1b\""));
        assert_eq!(shell_word("k=$${KEY}"), None);
    }
}
