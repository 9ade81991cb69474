//! The keys of a table that are a command's options: which there are, the words that they stand for, and paths in them.
//!
//! A key is the option's name with `_` for `-`; an option without a long name has that of its value in lower case
//! (`-e EXPR` is `expr`). A flag is `true` or `false`. An option that repeats takes one value or an array, and where
//! its value is `NAME=VALUE` a table.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::document::{Key, Mistake, MistakeKind, Place, Placed, Reader, Value, entries, scalar};
use super::reference::{Expanded, expanded};
use crate::kernel::policy::load_pattern_within;
use crate::runtime::AllowedPath;
use crate::runtime::source::is_name;
use crate::shell::command::{Argument, OptionShape, Shape};
use crate::text::quoted;

/// Most options of one table, each value of an array and each entry of a table counted.
pub const OPTIONS_MAX: usize = 4_096;
/// The name of a value that is a path which the plugin may reach.
const ALLOWED_PATH: &str = "[ro:]HOST[:GUEST]";
/// The prefix of a built-in plugin's source.
const BUILTIN: &str = "built-in:";

/// An option of a command, as a table of a project's file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionWord {
    /// The place of its value.
    pub at: Place,
    /// With its dashes.
    pub option: String,
    /// The name of its value in the option's definition; it says whether the value is a path. Empty: a flag.
    pub value_name: String,
    /// As written, references included; `None`: a flag.
    pub written: Option<String>,
}

/// An option whose references were replaced, and whose paths begin in the project's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedWord {
    pub option: String,
    pub value: Option<String>,
    /// The value as it was written, where a part of it came from the environment.
    pub written: Option<String>,
}

/// The key of an option.
pub fn key_of(option: &OptionShape) -> String {
    match (&option.long, &option.value) {
        (Some(long), _) => long.replace('-', "_"),
        (None, Some((value_name, _))) => value_name.to_lowercase(),
        (None, None) => option.short.map(String::from).unwrap_or_default(),
    }
}

/// The option with its dashes.
fn dashed(option: &OptionShape) -> String {
    match (&option.long, option.short) {
        (Some(long), _) => format!("--{long}"),
        (None, short) => format!("-{}", short.unwrap_or_default()),
    }
}

/// The value of a name in an option, where it takes a table of them: `config = { lang = "en" }`.
pub fn takes_table(value_name: &str) -> bool {
    value_name.contains('=')
}

/// The options that a table says. `own`: keys that are no options; `of` names the table in mistakes.
pub fn option_words<'t>(
    reader: &mut Reader<'t>,
    shape: &Shape,
    own: &[&str],
    left_out: &[&str],
    (table, of): (&DeTable<'t>, &str),
) -> Vec<OptionWord> {
    let mut words = Vec::new();
    for (key, value) in entries(table) {
        let name = key.get_ref().as_ref();
        if own.contains(&name) {
            continue;
        }
        let known = shape.options.iter().filter(|option| !left_out.contains(&key_of(option).as_str()));
        match known.clone().find(|option| key_of(option) == name) {
            Some(option) => words_of(reader, option, key, value, &mut words),
            None => {
                let names: Vec<String> = known.map(key_of).collect();
                let names: Vec<&str> = own.iter().copied().chain(names.iter().map(String::as_str)).collect();
                reader.unknown_key(key, of, &names);
            }
        }
        if words.len() > OPTIONS_MAX {
            reader.wrong(&key.span(), format!("more than {OPTIONS_MAX} options in {of}"));
            break;
        }
    }
    words
}

/// The words of one key.
fn words_of<'t>(
    reader: &mut Reader<'t>,
    option: &OptionShape,
    key: &Key<'t>,
    value: &Value<'t>,
    words: &mut Vec<OptionWord>,
) {
    let name = quoted(key.get_ref());
    let Some((value_name, _)) = &option.value else {
        match value.get_ref() {
            DeValue::Boolean(true) => words.push(word(reader, option, "", value, None)),
            DeValue::Boolean(false) => {}
            _ => reader.wrong(&value.span(), format!("`{name}` is `true` or `false`")),
        }
        return;
    };
    match value.get_ref() {
        DeValue::Array(items) if option.repeats => {
            for item in items.iter() {
                match scalar(item.get_ref()) {
                    Some(text) => words.push(word(reader, option, value_name, item, Some(text))),
                    None => reader.wrong(&item.span(), format!("`{name}` wants texts")),
                }
            }
        }
        DeValue::Table(table) if option.repeats && takes_table(value_name) => {
            for (entry, item) in entries(table) {
                match scalar(item.get_ref()) {
                    Some(text) => {
                        let text = format!("{}={text}", entry.get_ref());
                        words.push(word(reader, option, value_name, item, Some(text)));
                    }
                    None => reader.wrong(&item.span(), format!("`{name}` wants texts")),
                }
            }
        }
        DeValue::Boolean(_) => reader.wrong(&value.span(), format!("`{name}` wants a text or a number")),
        one => match scalar(one) {
            Some(text) => words.push(word(reader, option, value_name, value, Some(text))),
            None => reader.wrong(&value.span(), format!("`{name}` wants one text or number")),
        },
    }
}

fn word(
    reader: &Reader<'_>,
    option: &OptionShape,
    value_name: &str,
    value: &Value<'_>,
    written: Option<String>,
) -> OptionWord {
    let at = reader.place(&value.span());
    OptionWord { at, option: dashed(option), value_name: value_name.to_owned(), written }
}

impl OptionWord {
    /// Whether its value is a path that the plugin may reach.
    pub fn is_allowed_path(&self) -> bool {
        self.value_name == ALLOWED_PATH
    }

    /// The option as it is used. `file` names the project's file in the mistake, `dir` is where its paths begin.
    ///
    /// # Errors
    /// A reference to the environment cannot be replaced.
    pub fn resolved(&self, file: &str, dir: &Path) -> Result<ResolvedWord, Mistake> {
        let Some(written) = &self.written else {
            return Ok(ResolvedWord { option: self.option.clone(), value: None, written: None });
        };
        let Expanded { value, has_reference } = expanded_at(written, self.at, file)?;
        Ok(ResolvedWord {
            option: self.option.clone(),
            value: Some(anchored(&self.value_name, &value, dir)),
            written: has_reference.then(|| written.clone()),
        })
    }
}

/// A value at a place of the file, its references replaced.
///
/// # Errors
/// A reference cannot be replaced.
pub fn expanded_at(written: &str, at: Place, file: &str) -> Result<Expanded, Mistake> {
    expanded(written).map_err(|error| Mistake::new(file, Some(at), MistakeKind::Missing, error.to_string()))
}

impl ResolvedWord {
    /// The option and its value as one word of a command line.
    pub fn text(&self) -> String {
        match &self.value {
            Some(value) => format!("{}={value}", self.option),
            None => self.option.clone(),
        }
    }

    /// The option and its value as words of the shell.
    pub fn arguments(&self) -> impl Iterator<Item = Argument> {
        let option = Argument { is_option: true, ..Argument::data(self.option.clone()) };
        [option].into_iter().chain(self.value.clone().map(Argument::data))
    }
}

/// A value, whose paths begin in `dir`. The value's name says what it is.
fn anchored(value_name: &str, value: &str, dir: &Path) -> String {
    match value_name {
        "FILE" => within(dir, value),
        ALLOWED_PATH => {
            let path = AllowedPath::new(value);
            AllowedPath { host: dir.join(&path.host), ..path }.to_string()
        }
        "SOURCE" => source_within(value, dir),
        "[NAME=]SOURCE" => match value.split_once('=') {
            Some((name, source)) => format!("{name}={}", source_within(source, dir)),
            None => source_within(value, dir),
        },
        "PATTERN" => load_pattern_within(value, dir),
        _ => value.to_owned(),
    }
}

/// A source, whose path begins in `dir`.
pub fn source_within(source: &str, dir: &Path) -> String {
    let is_path = !is_name(source) && !source.contains("://") && !source.starts_with(BUILTIN);
    if is_path { within(dir, source) } else { source.to_owned() }
}

fn within(dir: &Path, path: &str) -> String {
    dir.join(path).to_string_lossy().into_owned()
}

/// A part of the file that names a path, in the directory of the file.
///
/// # Errors
/// A reference to the environment cannot be replaced.
pub fn path_within(dir: &Path, path: &Placed<String>, file: &str) -> Result<PathBuf, Mistake> {
    Ok(dir.join(expanded_at(&path.value, path.at, file)?.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_in_the_directory_of_the_file() {
        let dir = Path::new("/p");
        for (value_name, value, anchored_value) in [
            ("FILE", "in.txt", "/p/in.txt"),
            ("FILE", "/in.txt", "/in.txt"),
            ("[ro:]HOST[:GUEST]", "ro:data", "ro:/p/data:data"),
            ("[ro:]HOST[:GUEST]", "/data:/d", "/data:/d"),
            ("SOURCE", "echo", "echo"),
            ("SOURCE", "a.wasm", "/p/a.wasm"),
            ("SOURCE", "https://x.example/a.wasm", "https://x.example/a.wasm"),
            ("SOURCE", "built-in:echo", "built-in:echo"),
            ("[NAME=]SOURCE", "util=lib/u.wasm", "util=/p/lib/u.wasm"),
            ("[NAME=]SOURCE", "lib/u.wasm", "/p/lib/u.wasm"),
            ("PATTERN", "lib/*.wasm", "/p/lib/*.wasm"),
            ("PATTERN", "mapper*", "mapper*"),
            ("TEXT", "a/b", "a/b"),
        ] {
            assert_eq!(anchored(value_name, value, dir), anchored_value, "{value_name} {value}");
        }
        assert_eq!(anchored("FILE", "in.txt", Path::new("")), "in.txt");
    }
}
