//! The commands: one table drives dispatch, `help`, completion, the parser's grammar and the README's list. One file a
//! command; a command takes a session and words, and gives back a [`Reply`]. It never prints.

mod arguments;
mod shape;

mod bench;
mod call;
mod debug;
mod echo;
mod exit;
mod expect;
mod export;
mod fg;
mod help;
mod history;
mod info;
mod jobs;
mod kill;
mod limits;
mod load;
mod log_level;
mod logs;
mod pane;
mod plugins;
mod policy;
mod ps;
mod reload;
mod restart;
mod set;
mod sleep;
mod source;
mod stand_ins;
mod stats;
mod thin;
mod time;
mod trace;
mod verify;
mod wait;
mod watch;

pub use arguments::{Argument, Arguments, Subject};
pub use call::{CallOptions, call_reply};
pub use debug::show::whole;
pub use debug::{held_lines, held_title, preview};
pub use help::{about, help_of, markdown_table, topics};
pub use jobs::job_of;
pub use load::{LoadOptions, link, load, load_manifest, loaded};
pub use reload::{Exchanging, exchanged};
pub use shape::{Kind, OptionShape, Shape, Slot, SlotWord};

use std::sync::LazyLock;

use super::reply::{Reply, ShellError};
use super::session::Session;

/// A command of the shell: everything that is known of it.
pub struct Command {
    pub name: &'static str,
    pub group: Group,
    /// A phrase, for lists.
    pub summary: &'static str,
    /// Sentences, for `help NAME`; the options are listed from `syntax`.
    pub description: &'static str,
    /// Shown by `help NAME`, and run as tests.
    pub examples: &'static [Example],
    /// Its options and positionals. An argument's value name says how it is completed ([`Kind::of_value_name`]); the
    /// argument with the id `input` takes INPUT.
    pub syntax: fn() -> clap::Command,
    pub run: Run,
}

/// How a command is carried out.
#[derive(Clone, Copy)]
pub enum Run {
    /// With all its words.
    Plain(fn(&mut Session, Arguments) -> Result<Reply, ShellError>),
    /// As a stage of a pipe of calls: the session does it.
    Call,
    /// With its options, and the rest of the statement to run inside it.
    Prefix(fn(&mut Session, Arguments, &super::run::Inner<'_>) -> Result<Reply, ShellError>),
}

/// Under which title `help` lists a command.
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

/// Lines to type and what they print, in a fresh shell; in `output`, `…` stands for what differs from run to run.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    pub lines: &'static str,
    pub output: &'static str,
}

/// The syntax of a command whose options are a clap struct.
pub fn syntax<A: clap::Args>() -> clap::Command {
    A::augment_args(clap::Command::new("")).no_binary_name(true).disable_help_flag(true).disable_version_flag(true)
}

/// Every command, in the order of `help`.
pub static TABLE: &[&Command] = &[
    &load::COMMAND,
    &call::COMMAND,
    &plugins::COMMAND,
    &kill::COMMAND,
    &restart::COMMAND,
    &reload::COMMAND,
    &info::COMMAND,
    &verify::COMMAND,
    &ps::COMMAND,
    &trace::COMMAND,
    &stats::COMMAND,
    &logs::COMMAND,
    &log_level::COMMAND,
    &limits::COMMAND,
    &policy::COMMAND,
    &watch::COMMAND,
    &time::COMMAND,
    &bench::COMMAND,
    &pane::COMMAND,
    &export::COMMAND,
    &debug::show::COMMAND,
    &debug::breakpoints::BREAK,
    &debug::breakpoints::BREAKS,
    &debug::breakpoints::DELETE,
    &debug::bt::COMMAND,
    &debug::go::CONTINUE,
    &debug::go::STEP,
    &debug::go::NEXT,
    &debug::go::FINISH,
    &debug::answer::SET_INPUT,
    &debug::answer::RETURN,
    &debug::answer::FAIL,
    &debug::inject::INJECT,
    &debug::inject::FAULTS,
    &debug::stub::STUB,
    &debug::stub::STUBS,
    &debug::stub::UNSTUB,
    &debug::record::RECORD,
    &debug::replay::COMMAND,
    &jobs::COMMAND,
    &wait::COMMAND,
    &fg::COMMAND,
    &set::COMMAND,
    &echo::COMMAND,
    &sleep::COMMAND,
    &source::COMMAND,
    &expect::output::EXPECT,
    &expect::output::EXPECT_JSON,
    &expect::error::COMMAND,
    &expect::calls::EXPECT_CALLS,
    &expect::calls::EXPECT_DURATION,
    &expect::tree::COMMAND,
    &history::COMMAND,
    &help::COMMAND,
    &exit::COMMAND,
];

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| TABLE.iter().map(|command| Shape::new(command)).collect());

impl Command {
    /// The command of that name.
    pub fn find(name: &str) -> Option<&'static Command> {
        TABLE.iter().copied().find(|command| command.name == name)
    }

    /// Its options and positionals as plain data.
    pub fn shape(&self) -> &'static Shape {
        static NONE: LazyLock<Shape> = LazyLock::new(Shape::default);
        SHAPES.iter().find(|shape| shape.name == self.name).unwrap_or(&NONE)
    }

    /// One line: `ps [-t] [-a] [--sort COLUMN] [--json]`.
    pub fn usage(&self) -> String {
        self.shape().usage()
    }
}
