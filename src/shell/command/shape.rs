//! A command's options and positionals as plain data, read from its clap definition. The parser's grammar, usage lines,
//! completion and argument binding share this data.

use clap::ArgAction;

use super::kind::Kind;

/// An option.
#[derive(Debug, Clone, Default)]
pub struct OptionShape {
    pub long: Option<String>,
    pub short: Option<char>,
    /// The name and the completion of its value; `None`: a flag.
    pub value: Option<(String, Kind)>,
    pub repeats: bool,
    /// A phrase that describes the option.
    pub help: String,
}

/// A positional argument.
#[derive(Debug, Clone, Default)]
pub struct PositionalShape {
    pub value_name: String,
    pub kind: Kind,
    pub required: bool,
    pub repeats: bool,
    pub help: String,
}

/// All of a command's arguments.
#[derive(Debug, Clone)]
pub struct Shape {
    pub name: &'static str,
    /// The clap definition: the source of the shape, and the parser of the words.
    pub definition: clap::Command,
    pub options: Vec<OptionShape>,
    pub positionals: Vec<PositionalShape>,
    /// The positional that is INPUT.
    pub input: Option<usize>,
    /// The command runs another command, whose words follow its own.
    pub prefix: bool,
    /// The command keeps the other command, which may be missing.
    pub keeps: bool,
}

/// The slot of a word in its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgSlot {
    /// `--name`, `--name=value`, `-n`.
    Option,
    /// The value of the option with this index, which is the word before.
    Value(usize),
    /// The positional with this index; a repeated positional keeps its index.
    Positional(usize),
    /// A word that the command has no place for.
    Extra,
    /// `--`.
    EndOfOptions,
    /// The first word of the command inside (`time COMMAND`).
    Inner,
}

/// The properties of a word that decide its slot.
pub trait SlotWord {
    /// The word as typed, when it was typed as an option.
    fn option_text(&self) -> Option<&str>;
    /// True for the unquoted `--`.
    fn ends_options(&self) -> bool;
}

impl Shape {
    /// Reads the shape from a clap definition.
    pub fn new(name: &'static str, definition: clap::Command, prefix: bool, keeps: bool) -> Shape {
        let options = definition.get_arguments().filter(|argument| !argument.is_positional()).map(option).collect();
        let positionals = definition.get_positionals().map(positional).collect();
        let input = definition.get_positionals().position(|argument| argument.get_id() == "input");
        Shape { name, definition, options, positionals, input, prefix, keeps }
    }

    /// The slot of each word after the command's name. `taken`: how many positionals came before the first word
    /// (`1.run INPUT` has taken two of `call`'s). Ends at [`ArgSlot::Inner`].
    pub fn slots<W: SlotWord>(&self, words: &[W], taken: usize) -> Vec<ArgSlot> {
        let mut slots = Vec::with_capacity(words.len());
        let mut state = SlotState { positional: taken, options_ended: false, value_of: None };
        for word in words {
            let slot = self.next_slot(&mut state, Some(word));
            slots.push(slot);
            if slot == ArgSlot::Inner {
                break;
            }
        }
        slots
    }

    /// The slot of a next word that is no option.
    pub fn slot_after<W: SlotWord>(&self, words: &[W], taken: usize) -> ArgSlot {
        let mut state = SlotState { positional: taken, options_ended: false, value_of: None };
        for word in words {
            if self.next_slot(&mut state, Some(word)) == ArgSlot::Inner {
                return ArgSlot::Inner;
            }
        }
        self.next_slot(&mut state, None::<&W>)
    }

    fn next_slot<W: SlotWord>(&self, state: &mut SlotState, word: Option<&W>) -> ArgSlot {
        if let Some(option) = state.value_of.take() {
            return ArgSlot::Value(option);
        }
        if !state.options_ended {
            if word.is_some_and(W::ends_options) {
                state.options_ended = true;
                return ArgSlot::EndOfOptions;
            }
            if let Some(text) = word.and_then(W::option_text) {
                state.value_of = self.wants_value(text);
                return ArgSlot::Option;
            }
        }
        // The last positional of a prefix is the command inside.
        if self.prefix && state.positional + 1 >= self.positionals.len() {
            return ArgSlot::Inner;
        }
        let last = self.positionals.len().saturating_sub(1);
        match self.positionals.get(state.positional) {
            Some(_) => {
                state.positional += 1;
                ArgSlot::Positional(state.positional - 1)
            }
            None if self.positionals.last().is_some_and(|positional| positional.repeats) => ArgSlot::Positional(last),
            None => ArgSlot::Extra,
        }
    }

    /// The option that this word names and whose value must be the next word.
    pub fn wants_value(&self, text: &str) -> Option<usize> {
        let index = self.option_index(text)?;
        let is_cluster = !text.starts_with("--") && text.chars().count() > 2;
        let has_value = text.contains('=') || is_cluster;
        (!has_value && self.options.get(index)?.value.is_some()).then_some(index)
    }

    /// The option that a word names: `--loop`, `--loop=3`, `-n`.
    pub fn option_index(&self, text: &str) -> Option<usize> {
        if let Some(long) = text.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or(long);
            return self.options.iter().position(|option| option.long.as_deref() == Some(name));
        }
        let short = text.strip_prefix('-')?.chars().next();
        self.options.iter().position(|option| option.short == short)
    }

    /// Whether a word names an option; every command has `--help`.
    pub fn has_option(&self, text: &str) -> bool {
        self.option_index(text).is_some() || matches!(text, "--help" | "-h")
    }

    /// Whether a positional or the value of an option has this name.
    pub fn takes(&self, value_name: &str) -> bool {
        let of_options = self.options.iter().filter_map(|option| option.value.as_ref()).map(|(name, _)| name);
        let names = of_options.chain(self.positionals.iter().map(|positional| &positional.value_name));
        names.into_iter().any(|name| name == value_name)
    }

    /// The kind of the word in this slot.
    pub fn kind(&self, slot: ArgSlot) -> Option<&Kind> {
        match slot {
            ArgSlot::Value(index) => self.options.get(index)?.value.as_ref().map(|(_, kind)| kind),
            ArgSlot::Positional(index) => self.positionals.get(index).map(|positional| &positional.kind),
            _ => None,
        }
    }

    /// The value name of the word in this slot.
    pub fn value_name(&self, slot: ArgSlot) -> Option<&str> {
        match slot {
            ArgSlot::Value(index) => self.options.get(index)?.value.as_ref().map(|(name, _)| name.as_str()),
            ArgSlot::Positional(index) => self.positionals.get(index).map(|positional| positional.value_name.as_str()),
            _ => None,
        }
    }

    /// One line: `ps [-t] [-a] [--sort COLUMN]`.
    pub fn usage(&self) -> String {
        let options: String = self
            .options
            .iter()
            .map(|option| format!(" [{}]{}", option.usage(), if option.repeats { "..." } else { "" }))
            .collect();
        self.usage_with(&options)
    }

    /// The usage line in at most `chars_max` characters, with `[OPTIONS]` where the options are too long.
    pub fn usage_within(&self, chars_max: usize) -> String {
        let usage = self.usage();
        if usage.chars().count() <= chars_max { usage } else { self.usage_with(" [OPTIONS]") }
    }

    /// The positionals from `first` on, each with a blank before it: ` FUNCTION [INPUT]`.
    pub fn positionals_usage(&self, first: usize) -> String {
        if self.keeps && first == 0 {
            let names: Vec<&str> = self.positionals.iter().map(|positional| positional.value_name.as_str()).collect();
            return format!(" [{}]", names.join(" "));
        }
        self.positionals
            .iter()
            .skip(first)
            .map(|positional| {
                let dots = if positional.repeats { "..." } else { "" };
                match positional.required || self.prefix {
                    true if self.prefix => format!(" {}", positional.value_name),
                    true => format!(" {}{dots}", positional.value_name),
                    false => format!(" [{}]{dots}", positional.value_name),
                }
            })
            .collect()
    }

    fn usage_with(&self, options: &str) -> String {
        let positionals = self.positionals_usage(0);
        // The options of a prefix command come first.
        if self.prefix {
            format!("{}{options}{positionals}", self.name)
        } else {
            format!("{}{positionals}{options}", self.name)
        }
    }
}

struct SlotState {
    positional: usize,
    options_ended: bool,
    value_of: Option<usize>,
}

impl OptionShape {
    /// `-n`, or `--loop N`; the short form when it has one.
    pub fn usage(&self) -> String {
        let names = [self.short.map(|short| format!("-{short}")), self.long.as_ref().map(|long| format!("--{long}"))];
        let names: Vec<String> = names.into_iter().flatten().collect();
        let value = self.value.as_ref().map(|(name, _)| format!(" {name}")).unwrap_or_default();
        format!("{}{value}", names.join("|"))
    }
}

/// The most possible values that the usage line lists.
const WORDS_SHOWN_MAX: usize = 3;

fn value_of(argument: &clap::Arg) -> (String, Kind) {
    let words: Vec<String> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let name = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let name = if (1..=WORDS_SHOWN_MAX).contains(&words.len()) { words.join("|") } else { name };
    let kind = match argument.get_id().as_str() {
        "input" => Kind::Input,
        _ if !words.is_empty() => Kind::Words(words),
        _ => Kind::of_value_name(&name),
    };
    (name, kind)
}

fn help_of(argument: &clap::Arg) -> String {
    argument.get_help().map(ToString::to_string).unwrap_or_default()
}

fn option(argument: &clap::Arg) -> OptionShape {
    OptionShape {
        long: argument.get_long().map(str::to_owned),
        short: argument.get_short(),
        value: argument.get_action().takes_values().then(|| value_of(argument)),
        repeats: matches!(argument.get_action(), ArgAction::Append | ArgAction::Count),
        help: help_of(argument),
    }
}

fn positional(argument: &clap::Arg) -> PositionalShape {
    let (value_name, kind) = value_of(argument);
    PositionalShape {
        value_name,
        kind,
        required: argument.is_required_set(),
        repeats: matches!(argument.get_action(), ArgAction::Append),
        help: help_of(argument),
    }
}
