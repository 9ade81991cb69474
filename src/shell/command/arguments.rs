//! Binding words to a command's options: clap reads them, this file sees to it that only words which were typed as
//! options are options, and that a mistake is said in one line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::shape::{ArgSlot, Shape, SlotWord};
use crate::shell::line::{is_option_text, without_final_newlines};
use crate::shell::reply::ShellError;
use crate::text::did_you_mean;

/// A word after expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    pub bytes: Vec<u8>,
    /// It was typed as an option: unquoted, and not the value of a variable.
    pub is_option: bool,
    /// It is the output of a command, final newlines included: as INPUT it stays so, as any other word it loses them.
    pub is_output: bool,
}

impl Argument {
    /// A word that is data whatever it starts with.
    pub fn data(bytes: impl Into<Vec<u8>>) -> Argument {
        Argument { bytes: bytes.into(), is_option: false, is_output: false }
    }

    /// A word as typed without quotes.
    pub fn typed(text: &str) -> Argument {
        Argument { bytes: text.into(), is_option: is_option_text(text.as_bytes()), is_output: false }
    }

    /// The bytes of a word that is no INPUT.
    fn into_word(self) -> Vec<u8> {
        if self.is_output { without_final_newlines(self.bytes) } else { self.bytes }
    }
}

impl SlotWord for Argument {
    fn option_text(&self) -> Option<&str> {
        if self.is_option { std::str::from_utf8(&self.bytes).ok() } else { None }
    }

    fn ends_options(&self) -> bool {
        self.is_option && self.bytes == b"--"
    }
}

/// The words of one command, its name left off.
pub struct Arguments {
    pub shape: &'static Shape,
    pub words: Vec<Argument>,
    /// Positionals that were given in another way: two in `1.run INPUT`.
    taken: Vec<String>,
}

impl Arguments {
    pub fn new(shape: &'static Shape, words: Vec<Argument>) -> Arguments {
        Arguments { shape, words, taken: Vec::new() }
    }

    /// The same, with the first positionals given already.
    pub fn with_taken(mut self, taken: Vec<String>) -> Arguments {
        self.taken = taken;
        self
    }

    /// The positional with this index, where it is text.
    pub fn positional(&self, index: usize) -> Option<&str> {
        let slots = self.shape.slots(&self.words, self.taken.len());
        let (word, _) = self.words.iter().zip(slots).find(|(_, slot)| *slot == ArgSlot::Positional(index))?;
        let text = std::str::from_utf8(&word.bytes).ok()?;
        Some(if word.is_output { text.trim_end_matches(['\r', '\n']) } else { text })
    }

    /// How many words stand for positionals, more than there are included.
    pub fn positional_count(&self) -> usize {
        let slots = self.shape.slots(&self.words, self.taken.len());
        slots.iter().filter(|slot| matches!(slot, ArgSlot::Positional(_) | ArgSlot::Extra)).count()
    }

    /// True when `--help` or `-h` stands among the options.
    pub fn asks_help(&self) -> bool {
        let slots = self.shape.slots(&self.words, self.taken.len());
        let known_h = self.shape.option_index("-h").is_some();
        self.words
            .iter()
            .zip(slots)
            .any(|(word, slot)| slot == ArgSlot::Option && (word.bytes == b"--help" || !known_h && word.bytes == b"-h"))
    }

    /// The options and positionals as the command's struct, and INPUT's bytes, if it takes one and one was given.
    pub fn parse<A: clap::FromArgMatches>(self) -> Result<(A, Option<Vec<u8>>), ShellError> {
        let shape = self.shape;
        let (line, input) = self.into_command_line()?;
        let matches = (shape.syntax)().try_get_matches_from(line).map_err(|error| usage_error(shape, &error))?;
        let arguments = A::from_arg_matches(&matches).map_err(|error| usage_error(shape, &error))?;
        Ok((arguments, input))
    }

    /// Options first, then `--`, then positionals: so clap takes no data for an option. INPUT is taken out, because it
    /// may be large and need not be UTF-8.
    fn into_command_line(self) -> Result<(Vec<OsString>, Option<Vec<u8>>), ShellError> {
        let shape = self.shape;
        let slots = shape.slots(&self.words, self.taken.len());
        // Before anything else: the value of an option that does not exist would look like a word too many.
        let mut typed = self.words.iter().zip(&slots).filter(|(_, slot)| **slot == ArgSlot::Option);
        if let Some((word, _)) = typed.find(|(word, _)| word.option_text().is_some_and(|text| !shape.has_option(text)))
        {
            return Err(Subject::of(self.shape).unknown_option(&String::from_utf8_lossy(&word.bytes)));
        }
        // clap would take the `--` that is put behind the options for its value.
        let last =
            self.words.last().and_then(|word| word.option_text()).filter(|_| slots.last() == Some(&ArgSlot::Option));
        if let Some(option) = last.filter(|option| shape.wants_value(option).is_some()) {
            let name = Subject::of(self.shape).name;
            return Err(ShellError::usage(format!("`{option}` of {name} wants a value")));
        }
        // A positional or the value of an option: what is too much may belong to it.
        let has_expression = slots.iter().any(|slot| shape.value_name(*slot) == Some("EXPR"));
        let mut options: Vec<OsString> = Vec::new();
        let mut positionals: Vec<OsString> = self.taken.into_iter().map(OsString::from).collect();
        let mut input = None;
        for (word, slot) in self.words.into_iter().zip(slots) {
            match slot {
                ArgSlot::Positional(index) if shape.input == Some(index) => {
                    positionals.push("INPUT".into());
                    input = Some(word.bytes);
                }
                ArgSlot::Extra => return Err(extra_word(self.shape, &word.into_word(), has_expression)),
                ArgSlot::EndOfOptions | ArgSlot::Inner => {}
                ArgSlot::Option => options.push(text(self.shape, word.into_word())?.into()),
                ArgSlot::Value(_) => {
                    let value = text(self.shape, word.into_word())?;
                    if let Some(option) = options.last_mut() {
                        option.push("=");
                        option.push(value);
                    }
                }
                ArgSlot::Positional(_) => positionals.push(text(self.shape, word.into_word())?.into()),
            }
        }
        options.push("--".into());
        options.append(&mut positionals);
        Ok((options, input))
    }
}

fn text(shape: &Shape, bytes: Vec<u8>) -> Result<String, ShellError> {
    String::from_utf8(bytes).map_err(|error| {
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        ShellError::usage(format!("`{}`: `{shown}` is not UTF-8; only INPUT may be any bytes", shape.name))
    })
}

fn extra_word(shape: &Shape, bytes: &[u8], has_expression: bool) -> ShellError {
    let word = String::from_utf8_lossy(bytes);
    let subject = Subject::of(shape);
    match shape.input {
        _ if has_expression => ShellError::usage(format!(
            "{}: `{word}` is one word too many: EXPR is one word, quote it, as 'callee=cart and depth>2'",
            subject.name
        )),
        Some(_) => ShellError::usage(format!("{}: `{word}` is one word too many: one INPUT; quote it", subject.name)),
        None => ShellError::usage(format!("{}: `{word}` is one word too many; {}", subject.name, subject.usage_hint())),
    }
}

fn usage_error(shape: &Shape, error: &clap::Error) -> ShellError {
    Subject::of(shape).mistake(error)
}

/// What a mistake in options and arguments is about: a command of the shell, or the program itself.
pub struct Subject {
    /// As a message names it.
    pub name: String,
    /// The line to type for more.
    pub help: String,
    /// The usage line.
    pub usage: String,
    /// Its options, without the dashes.
    pub longs: Vec<String>,
    /// One of its words is INPUT.
    pub takes_input: bool,
}

impl Subject {
    fn of(shape: &Shape) -> Subject {
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

    fn unknown_option(&self, typed: &str) -> ShellError {
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
        let near = did_you_mean(bare, self.longs.iter().map(String::as_str));
        let hint = if near.is_empty() { format!("; {}", self.see()) } else { near.replace(" `", " `--") };
        ShellError::usage(format!("no option `{word}` in {}{hint}", self.name))
    }

    /// clap's error in one line.
    pub fn mistake(&self, error: &clap::Error) -> ShellError {
        let context = |kind| error.get(kind).map(context_text);
        let name = &self.name;
        let bare = |text: String| text.replace(['<', '>', '[', ']'], "").trim_end_matches("...").to_owned();
        let all = context(ContextKind::InvalidArg).map(bare).unwrap_or_default();
        // Of `--sort COLUMN` the option is enough.
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
                let named = cause.contains(&format!("`{value}`"));
                format!("{argument} of {name}: {}", if named { cause } else { format!("`{value}`: {cause}") })
            }
            ErrorKind::ArgumentConflict => {
                let other = context(ContextKind::PriorArg).map(bare).unwrap_or_default();
                // Of `-c COMMANDS` the option is enough here too.
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

/// Why a value was refused, in our own words where the standard library or clap read a number.
fn in_words(cause: &(dyn std::error::Error + 'static), value: &str) -> String {
    use std::num::IntErrorKind;
    if let Some(error) = cause.downcast_ref::<std::num::ParseIntError>() {
        return match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => format!("`{value}` is too large"),
            _ => format!("`{value}` is no whole number"),
        };
    }
    let cause = cause.to_string();
    // clap's own words for a number that is out of bounds: `70000 is not in 0..=65535`, `0 is not in 1..`.
    let Some((_, (least, most))) =
        cause.split_once(" is not in ").and_then(|(what, range)| Some((what, range.split_once("..")?)))
    else {
        return cause;
    };
    match (value.parse::<i128>(), least.parse::<i128>()) {
        (Ok(number), Ok(least)) if number < least => format!("`{value}` is less than {least}"),
        (Ok(_), _) => format!("`{value}` is more than {}", most.trim_start_matches('=')),
        (Err(_), _) => format!("`{value}` is no whole number"),
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
