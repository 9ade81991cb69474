//! Names of processes and functions: validity and suggestions.

use crate::runtime::Advice;
use crate::runtime::advice::FUNCTIONS_MAX;
use crate::runtime::exports::is_runtime_export;
use crate::text::{closest, escape_control};

/// Longest name of a process.
const NAME_BYTES_MAX: usize = 100;

/// Whether a text can be a process's name: `[A-Za-z_][A-Za-z0-9_.-]*`, at most [`NAME_BYTES_MAX`].
pub fn is_valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= NAME_BYTES_MAX
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Advice after ``no function `x` in `1:probe` ``: a similar name, or else the existing ones. `process` is `probe`.
pub fn no_function(function: &str, process: &str, known: &[String]) -> Advice {
    let offered = || known.iter().map(String::as_str).filter(|name| !is_runtime_export(name));
    match closest(function, offered()) {
        Some(near) => Advice::DidYouMean(escape_control(near)),
        None => Advice::Functions {
            process: process.to_owned(),
            first: offered().take(FUNCTIONS_MAX).map(str::to_owned).collect(),
            count: offered().count(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_language_runtime_exports_is_not_offered() {
        let known =
            ["_initialize".to_owned(), "__arg_start".to_owned(), "asyncify_stop_unwind".to_owned(), "run".to_owned()];
        let functions = |first: Vec<String>, count| Advice::Functions { process: "probe".to_owned(), first, count };
        assert_eq!(no_function("initialize", "probe", &known), functions(vec!["run".to_owned()], 1));
        assert_eq!(no_function("x", "probe", &known[..3]), functions(Vec::new(), 0));
    }

    #[test]
    fn a_name_is_never_an_id() {
        for good in ["a", "_x", "count_vowels", "a.b-c2"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "1", "2x", "-a", ".a", "a b", "é", "a:b"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
