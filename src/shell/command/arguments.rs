//! Conversion of a line's words to the command line that clap parses. Only the line's syntax tells an option from data
//! with a leading hyphen: options go before `--`, data goes after it, and INPUT bypasses clap.

use std::ffi::OsString;

use super::kind::Kind;
use super::mistake::Subject;
use super::shape::{ArgSlot, Shape, SlotWord};
use crate::shell::line::without_final_newlines;
use crate::shell::reply::ShellError;

/// A word after expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    pub bytes: Vec<u8>,
    /// The word is an option: unquoted, and not the value of a variable.
    pub is_option: bool,
    /// The word is the output of a command with its final newlines. INPUT keeps them, other words lose them.
    pub is_output: bool,
}

impl Argument {
    /// A word that is data whatever it starts with.
    pub fn data(bytes: impl Into<Vec<u8>>) -> Argument {
        Argument { bytes: bytes.into(), is_option: false, is_output: false }
    }

    /// The bytes of a word other than INPUT.
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

/// The words of one command after its name, each with its slot.
pub struct Arguments {
    shape: &'static Shape,
    words: Vec<(ArgSlot, Argument)>,
    /// Positionals that the command's name gave: two in `1.run INPUT`.
    taken: Vec<String>,
}

impl Arguments {
    /// Arguments of expanded words. `taken`: the first positionals, where the command's name gave them.
    pub fn new(shape: &'static Shape, words: Vec<Argument>, taken: Vec<String>) -> Arguments {
        let slots = shape.slots(&words, taken.len());
        Arguments { shape, words: slots.into_iter().zip(words).collect(), taken }
    }

    /// The positional with this index, where it is text.
    pub fn positional(&self, index: usize) -> Option<&str> {
        let (_, word) = self.words.iter().find(|(slot, _)| *slot == ArgSlot::Positional(index))?;
        let text = std::str::from_utf8(&word.bytes).ok()?;
        Some(if word.is_output { text.trim_end_matches(['\r', '\n']) } else { text })
    }

    /// The number of words for positionals, with those that are too many.
    pub fn positional_count(&self) -> usize {
        self.words.iter().filter(|(slot, _)| matches!(slot, ArgSlot::Positional(_) | ArgSlot::Extra)).count()
    }

    /// The words that the command has no place for.
    pub fn extra_words(&self) -> impl Iterator<Item = String> {
        let extra = self.words.iter().filter(|(slot, _)| *slot == ArgSlot::Extra);
        extra.map(|(_, word)| String::from_utf8_lossy(&word.clone().into_word()).into_owned())
    }

    /// The options as typed.
    fn options(&self) -> impl Iterator<Item = &str> {
        self.words.iter().filter(|(slot, _)| *slot == ArgSlot::Option).filter_map(|(_, word)| word.option_text())
    }

    /// Whether `--help` or `-h` is among the options.
    pub fn asks_help(&self) -> bool {
        let short_is_help = self.shape.option_index("-h").is_none();
        self.options().any(|option| option == "--help" || short_is_help && option == "-h")
    }

    /// Whether `--json` is among the options. Every command takes it: it is left to those that have it among their own.
    pub fn take_json(&mut self) -> bool {
        let is_json =
            |(slot, word): &(ArgSlot, Argument)| *slot == ArgSlot::Option && word.option_text() == Some("--json");
        let asked = self.words.iter().any(is_json);
        if asked && self.shape.option_index("--json").is_none() {
            self.words.retain(|word| !is_json(word));
        }
        asked
    }

    /// The options and positionals as the command's struct, and INPUT's bytes, if it takes one and one was given.
    ///
    /// # Errors
    /// The words are no arguments of the command; a usage error.
    pub fn parse<A: clap::FromArgMatches>(mut self) -> Result<(A, Option<Vec<u8>>), ShellError> {
        let shape = self.shape;
        if let Some(mistake) = self.mistake() {
            return Err(mistake);
        }
        let input = self.take_input();
        let line = self.into_command_line()?;
        let matches = shape.definition.clone().try_get_matches_from(line);
        let arguments = matches.and_then(|matches| A::from_arg_matches(&matches));
        Ok((arguments.map_err(|error| Subject::of(shape).mistake(&error))?, input))
    }

    /// Mistakes for which clap has a worse message, or blames another word.
    fn mistake(&self) -> Option<ShellError> {
        let subject = || Subject::of(self.shape);
        // Unknown options come first: their values look like extra words.
        if let Some(unknown) = self.options().find(|option| !self.shape.has_option(option)) {
            return Some(subject().unknown_option(unknown));
        }
        // clap takes `--` for the value of a last option that accepts a leading hyphen.
        let last =
            self.words.last().filter(|(slot, _)| *slot == ArgSlot::Option).and_then(|(_, word)| word.option_text());
        if let Some(option) = last.filter(|option| self.shape.wants_value(option).is_some()) {
            return Some(ShellError::usage(format!("`{option}` of {} wants a value", subject().name)));
        }
        let extra = self.extra_words().next()?;
        // The extra word may belong to an unquoted expression, which is a positional or the value of an option.
        let kind = |slot| self.shape.value_name(slot).map(Kind::of_value_name);
        let is_expression = |slot| matches!(kind(slot), Some(Kind::Filter | Kind::FilterOrPlace));
        let has_expression = self.words.iter().any(|(slot, _)| is_expression(*slot));
        Some(if has_expression { subject().split_expression(&extra) } else { subject().extra_word(&extra) })
    }

    /// Takes INPUT's bytes, which may be large and need not be UTF-8; a placeholder word replaces them.
    fn take_input(&mut self) -> Option<Vec<u8>> {
        let is_input = |slot: &ArgSlot| matches!(slot, ArgSlot::Positional(index) if self.shape.input == Some(*index));
        let (_, word) = self.words.iter_mut().find(|(slot, _)| is_input(slot))?;
        Some(std::mem::replace(word, Argument::data("INPUT")).bytes)
    }

    /// Options, then `--`, then positionals, so that clap takes no data for an option.
    fn into_command_line(self) -> Result<Vec<OsString>, ShellError> {
        let mut options: Vec<OsString> = Vec::new();
        let mut positionals: Vec<OsString> = self.taken.into_iter().map(OsString::from).collect();
        for (slot, word) in self.words {
            match slot {
                ArgSlot::Option => options.push(text(self.shape, word)?.into()),
                ArgSlot::Value(_) => {
                    let value = text(self.shape, word)?;
                    if let Some(option) = options.last_mut() {
                        option.push("=");
                        option.push(value);
                    }
                }
                ArgSlot::Positional(_) | ArgSlot::Extra => positionals.push(text(self.shape, word)?.into()),
                ArgSlot::EndOfOptions | ArgSlot::Inner => {}
            }
        }
        options.push("--".into());
        options.append(&mut positionals);
        Ok(options)
    }
}

fn text(shape: &Shape, word: Argument) -> Result<String, ShellError> {
    String::from_utf8(word.into_word()).map_err(|error| {
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        ShellError::usage(format!("`{}`: `{shown}` is not UTF-8; only INPUT may be any bytes", shape.name))
    })
}
