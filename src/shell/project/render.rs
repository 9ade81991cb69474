//! A project's file as text.

use super::file::LOAD;
use super::keys::{key_of, takes_table};
use super::reference::escaped;
use crate::journal::units::exact_duration;
use crate::kernel::hooks::{StubAnswer, StubSpec};
use crate::limits::{Amount, LimitRow};
use crate::runtime::stand_in::types_text;
use crate::shell::loading::written::WrittenOption;

/// The lines at the top of every file that is written.
pub const HEAD: &str = "\
# What `plugsh up` starts; `plugsh up --check` looks at it and starts nothing, `plugsh help project` explains it.
# Paths begin here. `${NAME}` in a value is a variable of the environment.
";

/// A text in double quotes. JSON's escapes are TOML's, but for the one character that JSON leaves as it is.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// A key, in quotes where it needs them.
pub fn key(text: &str) -> String {
    let is_bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if is_bare { text.to_owned() } else { quoted(text) }
}

/// `KEY = VALUE`, one or an array of them; nothing for no value.
pub fn list(name: &str, values: &[String]) -> String {
    let items: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => format!("{name} = {one}\n"),
        several => format!("{name} = [{}]\n", several.join(", ")),
    }
}

/// The line of a limit of the program.
pub fn limit(row: &LimitRow, amount: Amount) -> String {
    let value = match amount {
        Amount::Off => "0".to_owned(),
        Amount::Count(count) | Amount::Bytes(count) => count.to_string(),
        Amount::Time(time) => quoted(&exact_duration(time)),
    };
    format!("{} = {value}\n", row.option.replace('-', "_"))
}

/// The table of a plugin. `source`: `None` where its name is its source.
pub fn plugin(name: &str, source: Option<&str>, options: &[WrittenOption]) -> String {
    let mut text = format!("[plugin.{}]\n", key(name));
    if let Some(source) = source {
        text.push_str(&format!("source = {}\n", quoted(&escaped(source))));
    }
    for option in &LOAD.options {
        let is_this = |written: &&WrittenOption| option.long.as_deref() == Some(written.option);
        let given: Vec<&WrittenOption> = options.iter().filter(is_this).collect();
        if given.is_empty() {
            continue;
        }
        let values: Vec<String> = given.iter().filter_map(|written| value_text(written)).collect();
        let is_table = option.repeats && option.value.as_ref().is_some_and(|(name, _)| takes_table(name));
        let name = key_of(option);
        match table_of(&values).filter(|_| is_table) {
            _ if option.value.is_none() => text.push_str(&format!("{name} = true\n")),
            Some(table) => text.push_str(&format!("{name} = {table}\n")),
            None => text.push_str(&list(&name, &values)),
        }
    }
    text
}

/// The value of an option as it stands in the file; references are kept.
fn value_text(written: &WrittenOption) -> Option<String> {
    let value = written.value.as_ref()?;
    Some(if written.has_reference { value.clone() } else { escaped(value) })
}

/// `{ NAME = VALUE, ... }`; `None` where one has no name, or two have one.
fn table_of(values: &[String]) -> Option<String> {
    let pairs: Option<Vec<(&str, &str)>> = values.iter().map(|value| value.split_once('=')).collect();
    let pairs = pairs.filter(|pairs| {
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair.first() != pair.last())
    })?;
    let entry = |(name, value): &(&str, &str)| format!("{} = {}", key(name), quoted(value));
    Some(format!("{{ {} }}", pairs.iter().map(entry).collect::<Vec<_>>().join(", ")))
}

/// The table of a stub.
pub fn stub(spec: &StubSpec) -> String {
    let types = spec.import.as_ref().and_then(|import| import.types.as_ref()).map(types_text).unwrap_or_default();
    let mut text = format!("[[stub]]\nfunction = {}\n", quoted(&format!("{}{types}", spec.name())));
    if let Some(filter) = &spec.filter {
        text.push_str(&format!("expr = {}\n", quoted(&escaped(filter.source()))));
    }
    match &spec.answer {
        StubAnswer::Echo => text.push_str("echo = true\n"),
        StubAnswer::Run(commands) => text.push_str(&format!("run = {}\n", quoted(&escaped(commands)))),
        StubAnswer::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(answer) => text.push_str(&format!("answer = {}\n", quoted(&escaped(answer)))),
            Err(_) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                text.push_str(&format!("answer = \"{hex}\"\nhex = true\n"));
            }
        },
    }
    text
}
