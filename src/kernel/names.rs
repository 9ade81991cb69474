//! Names of processes and functions: what is a valid one, and what was perhaps meant.

pub use crate::text::did_you_mean;

use super::logbook::safe;

/// Whether a text can be a process's name: `[A-Za-z_][A-Za-z0-9_.-]*`, at most 100 bytes.
pub fn is_valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 100
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// What stands in an error in place of a list that is too long for it.
pub const LISTED_ELSEWHERE: &str = "; `info PLUGIN` lists them";

/// Most functions that an error about an unknown one lists.
const LISTED_MAX: usize = 4;

/// The part of an unknown function's error that follows ``no function `x` in `1:probe` ``: what was perhaps meant, else
/// what there is, where that is short.
pub fn no_function(function: &str, known: &[String]) -> String {
    let meant = did_you_mean(function, known.iter().map(String::as_str));
    if !meant.is_empty() {
        return safe(&meant);
    }
    match known {
        [] => "; it has none that can be called".to_string(),
        _ if known.len() > LISTED_MAX => LISTED_ELSEWHERE.to_string(),
        _ => {
            let names: Vec<String> = known.iter().map(|name| format!("`{}`", safe(name))).collect();
            format!("; it has {}", names.join(", "))
        }
    }
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
