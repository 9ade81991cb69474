//! The definition of a command, and the lookup in a table. `S` is the session: a type parameter, so that sessions can
//! hold a table of commands.

use std::sync::OnceLock;

use super::arguments::Arguments;
use super::shape::Shape;
use crate::shell::line::{Stage, Word};
use crate::shell::reply::{Reply, ShellError};

/// A command of the shell.
pub struct Command<S> {
    pub name: &'static str,
    pub group: Group,
    /// A phrase, for lists.
    pub summary: &'static str,
    /// Sentences, for `help NAME`; the options are listed from `syntax`.
    pub description: &'static str,
    /// Transcripts of a fresh shell, shown by `help NAME` and run as tests: lines to type, and below each what it prints,
    /// as comments. `…` stands for text that differs between runs, or is too long.
    pub examples: &'static [&'static str],
    /// Options and positionals. An argument's value name says how it is completed
    /// ([`Kind::of_value_name`](super::Kind::of_value_name)); the argument with the id `input` takes INPUT.
    pub syntax: Syntax,
    pub run: Run<S>,
}

/// A command's clap definition, and its shape, which is read from it on first use.
pub struct Syntax {
    make: fn() -> clap::Command,
    shape: OnceLock<Shape>,
}

/// The syntax of a command whose options are a clap struct.
pub const fn syntax<A: clap::Args>() -> Syntax {
    Syntax { make: definition::<A>, shape: OnceLock::new() }
}

fn definition<A: clap::Args>() -> clap::Command {
    A::augment_args(clap::Command::new("")).no_binary_name(true).disable_help_flag(true).disable_version_flag(true)
}

/// The way a command runs.
pub enum Run<S> {
    /// With all its words.
    Plain(fn(&mut S, Arguments) -> Result<Reply, ShellError>),
    /// As a stage of a pipe of calls, by the session.
    Call,
    /// With its options, and the rest of the statement to run inside it.
    Prefix(fn(&mut S, Arguments, &Inner<'_>) -> Result<Reply, ShellError>),
    /// With its options, and the rest of the statement to keep; there may be none.
    Keep(fn(&mut S, Arguments, &Inner<'_>) -> Result<Reply, ShellError>),
}

/// The pipe that a prefix command runs.
#[derive(Clone, Copy)]
pub struct Inner<'a> {
    /// Words of the first stage, the command's name first.
    pub words: &'a [Word],
    /// The stages after it.
    pub rest: &'a [Stage],
    /// The line as typed.
    pub text: &'a str,
    /// The offset of `text` in what the words' spans count from; `None` where the words are of several texts.
    pub text_start: Option<usize>,
    pub background: bool,
}

/// The group of a command in `help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Plugins,
    Watching,
    Debugging,
    Jobs,
    Scripting,
    Shell,
}

impl Group {
    /// Every group, in the order of help.
    pub const ALL: [Group; 6] =
        [Group::Plugins, Group::Watching, Group::Debugging, Group::Jobs, Group::Scripting, Group::Shell];

    /// The group's title.
    pub fn title(self) -> &'static str {
        match self {
            Group::Plugins => "plugins",
            Group::Watching => "watching",
            Group::Debugging => "debugging",
            Group::Jobs => "jobs",
            Group::Scripting => "scripting",
            Group::Shell => "the shell",
        }
    }
}

impl Inner<'_> {
    /// The words as typed, from the first to the last; `None` for no words, or words of several texts.
    pub fn source_of(&self, words: &[Word]) -> Option<&str> {
        let start = self.text_start?;
        let (first, last) = (words.first()?, words.last()?);
        self.text.get(first.span.start.checked_sub(start)?..last.span.end.checked_sub(start)?)
    }
}

/// Commands in the order of `help`.
pub type CommandTable<S> = &'static [&'static Command<S>];

/// The command of that name.
pub fn find<S>(table: CommandTable<S>, name: &str) -> Option<&'static Command<S>> {
    table.iter().copied().find(|command| command.name == name)
}

impl<S> Command<S> {
    /// Options and positionals as plain data.
    pub fn shape(&self) -> &Shape {
        let keeps = matches!(self.run, Run::Keep(_));
        self.syntax.shape.get_or_init(|| Shape::new(self.name, (self.syntax.make)(), self.is_prefix(), keeps))
    }

    /// Whether another command follows its own words.
    pub fn is_prefix(&self) -> bool {
        matches!(self.run, Run::Prefix(_) | Run::Keep(_))
    }

    /// One line: `ps [-t] [-a] [--sort COLUMN] [--json]`.
    pub fn usage(&self) -> String {
        self.shape().usage()
    }
}
