//! Words in messages: the closest of a few known ones, and a stranger's made safe to show.

/// The one of `known` that `word` is most likely a slip of, if any is close enough.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Beyond this no known word is near, and the distance costs length times length.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1) && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean ...?`, or nothing: the tail of a message.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, known).map_or_else(String::new, |closest| format!("; did you mean `{closest}`?"))
}

/// A stranger's word as a message may show it: without control characters, at most 48 characters.
pub fn shown(word: &str) -> String {
    const CHARS_MAX: usize = 48;
    let mut shown: String = word.chars().filter(|c| !c.is_control()).take(CHARS_MAX + 1).collect();
    if let Some((cut, _)) = shown.char_indices().nth(CHARS_MAX) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["caller", "callee", "function"];
        assert_eq!(closest("calee", known), Some("callee"));
        assert_eq!(closest("Funktion", known), Some("function"));
        assert_eq!(closest("duration", known), None);
        assert_eq!(closest(&"x".repeat(1000), known), None);
        assert_eq!(did_you_mean("caler", known), "; did you mean `caller`?");
        assert_eq!(did_you_mean("zzz", known), "");
    }

    #[test]
    fn a_strangers_word_is_cut_and_has_no_control_characters() {
        assert_eq!(shown("a\x1b[2J\nb"), "a[2Jb");
        assert_eq!(shown(&"é".repeat(48)), "é".repeat(48));
        assert_eq!(shown(&"é".repeat(500)), format!("{}…", "é".repeat(48)));
    }
}
