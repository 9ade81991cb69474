//! One word that fits at the cursor, as data.

use serde::{Deserialize, Serialize};

use crate::shell::line::quote;

/// One completion candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The text in the list of candidates.
    pub shown: String,
    /// The text that replaces the word in the line.
    pub replacement: String,
    /// Description beside it in the list; may be empty.
    pub about: String,
}

impl Candidate {
    /// A whole word, quoted and followed by a blank.
    pub fn word(text: &str) -> Candidate {
        let replacement = format!("{} ", quote(text.as_bytes()));
        Candidate { shown: text.to_owned(), replacement, about: String::new() }
    }

    /// An option, or the start of a longer word; `ends`: a blank follows.
    pub fn bare(text: &str, ends: bool) -> Candidate {
        let blank = if ends { " " } else { "" };
        Candidate { shown: text.to_owned(), replacement: format!("{text}{blank}"), about: String::new() }
    }

    /// A word, or the start of one when it ends with `=`.
    pub fn word_or_start(text: &str) -> Candidate {
        if text.ends_with('=') { Candidate::bare(text, false) } else { Candidate::word(text) }
    }

    /// The candidate with another text in the line.
    pub fn replacing(self, replacement: &str) -> Candidate {
        Candidate { replacement: replacement.to_owned(), ..self }
    }

    /// The candidate with a description.
    pub fn about(self, about: &str) -> Candidate {
        Candidate { about: about.to_owned(), ..self }
    }
}
