//! Names of processes and functions: what is a valid one, and what was perhaps meant.

pub use crate::journal::suggest::did_you_mean;

/// Whether a text can be a process's name: `[A-Za-z_][A-Za-z0-9_.-]*`, at most 100 bytes.
pub fn is_valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 100
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// The part of an unknown function's error that follows ``no function `x` in `1:probe` ``.
pub fn no_function(function: &str, known: &[String]) -> String {
    did_you_mean(function, known.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

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
