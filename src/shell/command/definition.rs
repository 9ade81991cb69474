//! The definition of a command, and the lookup in a table. `S` is the session: a type parameter, so that sessions can
//! hold a table of commands.

use std::sync::OnceLock;

use super::arguments::Arguments;
use super::kind::Kind;
use super::shape::{ArgSlot, Shape};
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
    /// Transcripts of a fresh shell, shown by `help NAME` and run as tests: lines to type, and below each what it
    /// prints, as comments. `…` stands for text that differs between runs, or is too long.
    pub examples: &'static [&'static str],
    /// Options and positionals. An argument's value name says how it is completed
    /// ([`Kind::of_value_name`](super::Kind::of_value_name)); the argument with the id `input` takes INPUT. See
    /// [`syntax_with`] for positionals whose completion depends on the words before them.
    pub syntax: Syntax,
    pub run: Run<S>,
}

/// A command's clap definition, and its shape, which is read from it on first use.
pub struct Syntax {
    make: fn() -> clap::Command,
    shape: OnceLock<Shape>,
    kind_after: KindAfter,
}

/// The completion of a positional by the words before it, which come after the command's name; `None`: what its value
/// name says.
pub type KindAfter = fn(&[&str]) -> Option<Kind>;

/// The syntax of a command whose options are a clap struct.
pub const fn syntax<A: clap::Args>() -> Syntax {
    syntax_with::<A>(|_| None)
}

/// The syntax of a command with positionals that are completed by the words before them.
pub const fn syntax_with<A: clap::Args>(kind_after: KindAfter) -> Syntax {
    Syntax { make: definition::<A>, shape: OnceLock::new(), kind_after }
}

/// The shape of a clap struct, where its words stand elsewhere than in a line.
pub fn shape_of<A: clap::Args>(name: &'static str) -> Shape {
    Shape::new(name, definition::<A>(), false, false)
}

fn definition<A: clap::Args>() -> clap::Command {
    A::augment_args(clap::Command::new("")).no_binary_name(true).disable_help_flag(true).disable_version_flag(true)
}

/// The way a command runs.
pub enum Run<S> {
    /// With all its words.
    Plain(fn(&mut S, Arguments) -> Result<Reply, ShellError>),
    /// The session runs it, as a stage of a pipe of calls.
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
    /// The offset of `text` in the text that the words' spans count from; `None` where the words are of several texts.
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

    /// The completion of the word in `slot`. `words`: those after the command's name, before the cursor.
    pub fn kind_at(&self, slot: ArgSlot, words: &[Word]) -> Kind {
        let from_words = || {
            let words: Vec<_> = words.iter().map_while(Word::literal_text).collect();
            let words: Vec<&str> = words.iter().map(|word| &**word).collect();
            (self.syntax.kind_after)(&words)
        };
        let of_positional = if let ArgSlot::Positional(_) = slot { from_words() } else { None };
        of_positional.or_else(|| self.shape().kind(slot).cloned()).unwrap_or_default()
    }

    /// The word that names the process whose FUNCTION is one of the words after it. `taken`: see [`Shape::slots`].
    pub fn process_word<'w>(&self, words: &'w [Word], taken: usize) -> Option<&'w Word> {
        let shape = self.shape();
        let slots = shape.slots(words, taken);
        let process = shape.positionals.iter().position(|positional| positional.kind == Kind::Process)?;
        words.iter().zip(slots).find(|(_, slot)| *slot == ArgSlot::Positional(process)).map(|(word, _)| word)
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
