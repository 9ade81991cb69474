//! Names of processes and functions: what is a valid one, and what was perhaps meant.

/// Furthest word that is still offered, as a part of the longer one's length.
const NEAR: f64 = 0.7;

/// Whether a text can be a process's name: `[A-Za-z_][A-Za-z0-9_.-]*`, at most 100 bytes.
pub fn is_valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 100
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// The candidate nearest to a word, if one is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let rated = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    rated.filter(|(near, _)| *near >= NEAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// `; did you mean `x`?`, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or(String::new(), |near| format!("; did you mean `{near}`?"))
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

    #[test]
    fn a_near_name_is_offered_and_a_far_one_is_not() {
        assert_eq!(nearest("ehco", ["echo", "front"]), Some("echo"));
        assert_eq!(nearest("zzz", ["echo", "front"]), None);
    }
}
