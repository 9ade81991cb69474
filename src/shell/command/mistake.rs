//! Errors in options and arguments, in one line: clap's errors in the wording that the shell and the program share.

use std::num::ParseIntError;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::shape::Shape;
use crate::shell::reply::ShellError;
use crate::shell::units::NumberError;
use crate::text::closest;

/// The subject of an error in options and arguments: a command of the shell, or the program itself.
pub struct Subject {
    /// The name in messages.
    pub name: String,
    /// The line to type for more.
    pub help: String,
    /// The usage line.
    pub usage: String,
    /// Options, without the dashes.
    pub longs: Vec<String>,
    /// One of the arguments is INPUT.
    pub takes_input: bool,
}

impl Subject {
    /// The subject for a command's arguments.
    pub fn of(shape: &Shape) -> Subject {
        /// A longer usage line is too long for a message.
        const USAGE_CHARS_MAX: usize = 100;
        Subject {
            name: format!("`{}`", shape.name),
            help: format!("help {}", shape.name),
            usage: shape.usage_within(USAGE_CHARS_MAX),
            longs: shape.options.iter().filter_map(|option| option.long.clone()).collect(),
            takes_input: shape.input.is_some(),
        }
    }

    /// The usage line, where it says enough.
    fn usage_hint(&self) -> String {
        if self.usage.ends_with("[OPTIONS]") { self.see() } else { format!("usage: `{}`", self.usage) }
    }

    fn see(&self) -> String {
        format!("see `{}`", self.help)
    }

    /// A word that the command has no place for.
    pub fn extra_word(&self, word: &str) -> ShellError {
        let way_on = match self.takes_input {
            true => ": one INPUT; quote it".to_owned(),
            false => format!("; {}", self.usage_hint()),
        };
        ShellError::usage(format!("{}: `{word}` is one word too many{way_on}", self.name))
    }

    /// The second word of an expression that was not quoted.
    pub fn split_expression(&self, word: &str) -> ShellError {
        ShellError::usage(format!(
            "{}: `{word}` is one word too many: EXPR is one word, quote it, as 'callee=cart and depth>2'",
            self.name
        ))
    }

    /// An option that the command does not have, as it was typed.
    pub fn unknown_option(&self, typed: &str) -> ShellError {
        let word = typed.split('=').next().unwrap_or_default();
        // `extism call`, and `plugsh call`, have them.
        let input = match word {
            "--input" | "-i" => Some("INPUT is a word without an option, or `@FILE`"),
            "--stdin" => Some("`@-` is standard input, in INPUT's place"),
            _ => None,
        };
        if let Some(way_on) = input.filter(|_| self.takes_input) {
            return ShellError::usage(format!("no option `{word}` in {}; {way_on}", self.name));
        }
        let bare = word.trim_start_matches('-');
        if word.starts_with("--") && self.longs.iter().any(|known| known == bare) {
            return ShellError::usage(format!("`{word}` is an option of {}, and must stand behind that", self.name));
        }
        let way_on = match closest(bare, self.longs.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `--{near}`?"),
            None => self.see(),
        };
        ShellError::usage(format!("no option `{word}` in {}; {way_on}", self.name))
    }

    /// clap's error in one line.
    pub fn mistake(&self, error: &clap::Error) -> ShellError {
        let context = |kind| error.get(kind).map(context_text);
        let name = &self.name;
        let bare = |text: String| text.replace(['<', '>', '[', ']'], "").trim_end_matches("...").to_owned();
        let all = context(ContextKind::InvalidArg).map(bare).unwrap_or_default();
        // The message names the option of `--sort COLUMN`.
        let option = all.split(' ').next().filter(|word| word.starts_with('-'));
        let argument = option.map_or_else(|| all.clone(), |option| format!("`{option}`"));
        let value = context(ContextKind::InvalidValue).unwrap_or_default();
        ShellError::usage(match error.kind() {
            ErrorKind::UnknownArgument if all.starts_with('-') => return self.unknown_option(&all),
            ErrorKind::UnknownArgument => format!("{name}: `{all}` is one word too many; {}", self.usage_hint()),
            ErrorKind::MissingRequiredArgument => format!("{name} wants {all}; {}", self.usage_hint()),
            ErrorKind::TooManyValues => {
                format!("{argument} of {name} takes no value, and was given `{value}`")
            }
            ErrorKind::InvalidValue if value.is_empty() => format!("{argument} of {name} wants a value"),
            ErrorKind::InvalidValue => {
                let known = context(ContextKind::ValidValue).unwrap_or_default();
                format!("`{value}` is no value for {argument} of {name}; there are: {known}")
            }
            ErrorKind::ValueValidation => {
                let cause = std::error::Error::source(error).map(|cause| in_words(cause, &value)).unwrap_or_default();
                // clap passes a parser's error on as text alone, which may be about a part of the value.
                let named = cause.contains(&format!("`{value}`"));
                format!("{argument} of {name}: {}", if named { cause } else { format!("`{value}`: {cause}") })
            }
            ErrorKind::ArgumentConflict => {
                let other = context(ContextKind::PriorArg).map(bare).unwrap_or_default();
                // The message names the option of `-c COMMANDS`.
                let other = other.split(' ').next().unwrap_or_default();
                match other.is_empty() || all.split(' ').next() == Some(other) {
                    true => format!("{argument} stands twice in {name}"),
                    false => format!("{argument} and `{other}` do not go together in {name}"),
                }
            }
            _ => format!("{}; {}", first_line(&error.to_string()), self.see()),
        })
    }
}

/// The reason for a refused value; a refused number's names the value.
fn in_words(cause: &(dyn std::error::Error + 'static), value: &str) -> String {
    let parsed = cause.downcast_ref::<ParseIntError>().map(|error| NumberError::from(error.clone()));
    match parsed.or_else(|| cause.downcast_ref::<NumberError>().copied()) {
        Some(error) => format!("`{value}` {error}"),
        None => cause.to_string(),
    }
}

fn context_text(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(words) => words.join(" "),
        value => value.to_string(),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
