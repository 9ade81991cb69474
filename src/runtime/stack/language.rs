//! The language that a module was compiled from, as far as the module tells.

use wasmparser::{BinaryReader, ProducersSectionReader};

/// Bytes of names and data that are searched.
const SEARCHED_BYTES_MAX: usize = 4 << 20;
/// Most fields and values of the section of producers that are read.
const PRODUCERS_MAX: usize = 32;

/// A language whose compilers write modules that can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceLanguage {
    Rust,
    /// C or C++.
    C,
    Zig,
    AssemblyScript,
    Go,
    TinyGo,
}

/// Findings in the sections of one module.
#[derive(Debug, Default)]
pub struct LanguageMarks {
    /// The languages and tools that the section of producers names.
    languages: Vec<String>,
    tools: Vec<String>,
    /// The language that a word in its names or data belongs to.
    by_word: Option<SourceLanguage>,
}

impl LanguageMarks {
    /// Notes a custom section: producers and names tell; a damaged one does not.
    pub fn add_custom(&mut self, name: &str, data: &[u8]) {
        match name {
            "producers" => self.add_producers(data),
            "name" => self
                .add_words(data, &[(b"tinygo_", SourceLanguage::TinyGo), (b"~lib/", SourceLanguage::AssemblyScript)]),
            _ => {}
        }
    }

    /// Notes the data section: the places that panics and aborts name.
    pub fn add_data(&mut self, data: &[u8]) {
        const LIB: &[u8] = b"~\0l\0i\0b\0/\0";
        self.add_words(data, &[(LIB, SourceLanguage::AssemblyScript), (b"/rustc/", SourceLanguage::Rust)]);
    }

    fn add_words(&mut self, bytes: &[u8], words: &[(&[u8], SourceLanguage)]) {
        let searched = bytes.get(..SEARCHED_BYTES_MAX).unwrap_or(bytes);
        let has = |word: &[u8]| searched.windows(word.len()).any(|window| window == word);
        let found = words.iter().find(|(word, _)| has(word)).map(|(_, language)| *language);
        self.by_word = self.by_word.or(found);
    }

    fn add_producers(&mut self, data: &[u8]) {
        let Ok(fields) = ProducersSectionReader::new(BinaryReader::new(data, 0)) else { return };
        for field in fields.into_iter().take(PRODUCERS_MAX).map_while(Result::ok) {
            let names = match field.name {
                "language" => &mut self.languages,
                "processed-by" => &mut self.tools,
                _ => continue,
            };
            let values = field.values.into_iter().take(PRODUCERS_MAX).map_while(Result::ok);
            names.extend(values.map(|value| value.name.to_owned()));
        }
    }

    /// The language, where the marks agree on one.
    pub fn language(&self) -> Option<SourceLanguage> {
        let speaks = |word: &str| self.languages.iter().any(|language| language.starts_with(word));
        // Rust links C, and Go is compiled by its own tool: what is particular comes first.
        if self.tools.iter().any(|tool| tool == "TinyGo") || self.by_word == Some(SourceLanguage::TinyGo) {
            Some(SourceLanguage::TinyGo)
        } else if speaks("Rust") {
            Some(SourceLanguage::Rust)
        } else if speaks("Go") {
            Some(SourceLanguage::Go)
        } else if speaks("C") {
            // Zig's compiler names C99 for its own code, and no tool.
            Some(if self.tools.is_empty() { SourceLanguage::Zig } else { SourceLanguage::C })
        } else {
            self.by_word
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of producers: fields with their values, without versions.
    fn producers(fields: &[(&str, &[&str])]) -> Vec<u8> {
        let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        let mut bytes = vec![fields.len() as u8];
        for (name, values) in fields {
            bytes.extend(text(name));
            bytes.push(values.len() as u8);
            values.iter().for_each(|value| bytes.extend([text(value), text("")].concat()));
        }
        bytes
    }

    fn told_by(custom: &[(&str, &[u8])], data: &[u8]) -> Option<SourceLanguage> {
        let mut marks = LanguageMarks::default();
        custom.iter().for_each(|(name, bytes)| marks.add_custom(name, bytes));
        marks.add_data(data);
        marks.language()
    }

    #[test]
    fn producers_tell_a_language() {
        let told = |languages: &[&str], tools: &[&str]| {
            let section = producers(&[("language", languages), ("processed-by", tools), ("sdk", &["x"])]);
            told_by(&[("producers", &section)], b"")
        };
        assert_eq!(told(&["Rust"], &["rustc"]), Some(SourceLanguage::Rust));
        assert_eq!(told(&["C11", "Rust"], &["clang", "rustc"]), Some(SourceLanguage::Rust));
        assert_eq!(told(&["C11", "C99"], &["clang"]), Some(SourceLanguage::C));
        assert_eq!(told(&["C_plus_plus_20"], &["clang"]), Some(SourceLanguage::C));
        assert_eq!(told(&["C99"], &[]), Some(SourceLanguage::Zig));
        assert_eq!(told(&["Go"], &["Go cmd/compile"]), Some(SourceLanguage::Go));
        assert_eq!(told(&["C99"], &["TinyGo"]), Some(SourceLanguage::TinyGo));
        assert_eq!(told(&["Nim"], &["nimc"]), None);
    }

    #[test]
    fn words_tell_where_there_are_no_producers() {
        assert_eq!(told_by(&[], b"..~\0l\0i\0b\0/\0r\0t\0"), Some(SourceLanguage::AssemblyScript));
        assert_eq!(told_by(&[], b"/rustc/59807616e1fa/library/core/src/fmt.rs"), Some(SourceLanguage::Rust));
        assert_eq!(told_by(&[("name", b"..~lib/array/Array")], b""), Some(SourceLanguage::AssemblyScript));
        assert_eq!(told_by(&[("name", b"tinygo_rewind")], b""), Some(SourceLanguage::TinyGo));
        assert_eq!(told_by(&[("other", b"tinygo_rewind")], b"~lib/"), None);
    }

    #[test]
    fn what_is_damaged_tells_nothing() {
        let whole = producers(&[("language", &["Rust"])]);
        for length in 0..whole.len() - 2 {
            assert_eq!(told_by(&[("producers", &whole[..length])], b""), None, "{length}");
        }
        assert_eq!(told_by(&[("producers", b"\xff\xff\xff\xff\x0f")], b""), None);
    }
}
