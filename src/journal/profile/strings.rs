//! The table of texts that the formats of Firefox and pprof have: each text once, by its position.

use std::collections::HashMap;

/// Texts by their positions, each once.
#[derive(Default)]
pub struct Strings {
    pub all: Vec<String>,
    known: HashMap<String, usize>,
}

impl Strings {
    /// The position of a text, which is added where it is new.
    pub fn number(&mut self, text: &str) -> usize {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        self.all.push(text.to_owned());
        self.known.insert(text.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}
