//! The cause in an error of the system, of the JSON parser, or in a panic: as messages of plugsh say it.

use std::any::Any;

/// Deepest nesting of arrays and objects of JSON: serde_json's own bound.
pub const JSON_DEPTH_MAX: usize = 127;

/// The cause of a system error in lower case: `no such file or directory`.
pub fn io_cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    // The standard library's prefix of the resolver's message.
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The cause of a JSON error; for JSON that is nested too deep, with the limit.
pub fn json_cause(error: &serde_json::Error) -> String {
    let cause = error.to_string();
    match cause.strip_prefix(TOO_DEEP) {
        Some(place) => format!("nested more than {JSON_DEPTH_MAX} deep{place}"),
        None => cause,
    }
}

/// Whether JSON is nested too deep.
pub fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with(TOO_DEEP)
}

/// serde_json's message for such JSON: its error has no other sign of it.
const TOO_DEEP: &str = "recursion limit exceeded";

/// The message of a panic, raw.
pub fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_the_systems_words_alone() {
        use std::io::Error;
        for (error, words) in [
            (Error::from_raw_os_error(2), "no such file or directory"),
            (Error::from_raw_os_error(5), "input/output error"),
            (
                Error::other("failed to lookup address information: Name or service not known"),
                "name or service not known",
            ),
        ] {
            assert_eq!(io_cause(&error), words);
        }
    }

    #[test]
    fn json_that_is_too_deep_is_said_to_be() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text);
        assert!(read(&nested(JSON_DEPTH_MAX)).is_ok());
        let error = read(&nested(JSON_DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(json_cause(&error), "nested more than 127 deep at line 1 column 128");
        assert_eq!(json_cause(&read("[").unwrap_err()), "EOF while parsing a list at line 1 column 1");
    }

    #[test]
    fn a_panics_text_is_found_in_both_its_forms() {
        let caught = |panic: &(dyn Any + Send)| panic_text(panic).map(str::to_owned);
        assert_eq!(caught(&"still"), Some("still".into()));
        assert_eq!(caught(&String::from("made")), Some("made".into()));
        assert_eq!(caught(&7), None);
    }
}
