//! The commands: one table drives dispatch, `help`, completion, the parser's grammar and the README's list. One file a
//! command; a command takes a session and words, and gives back a `Reply`. It never prints. `definition`
//! has the parts of a command.

mod arguments;
pub mod definition;
mod describe;
mod job_args;
mod kind;
mod mistake;
pub mod shape;
mod table;

mod alias;
mod bench;
mod bg;
mod call;
mod cd;
mod clear;
mod debug;
mod echo;
mod exit;
mod expect;
mod export;
mod fg;
mod help;
mod history;
pub mod info;
mod init;
mod jobs;
mod json;
mod kill;
mod limits;
mod lint;
mod load;
mod log_level;
mod logs;
mod nodes;
mod pane;
mod plugins;
mod policy;
mod profile;
pub mod ps;
mod reload;
mod restart;
mod retry;
mod serve;
mod set;
mod sleep;
mod source;
mod stats;
mod time;
pub mod trace;
mod up;
mod verify;
mod wait;
mod watch;

pub use arguments::{Argument, Arguments};
pub use debug::frame::source_line;
pub use debug::inject::FAULT_WORDS;
pub use definition::{Group, Inner, find, syntax, syntax_with};
pub use describe::describe;
pub use help::{about, closest_topic, markdown_table, overview, topics, wire};
pub use kind::Kind;
pub use mistake::Subject;
pub use shape::{ArgSlot, OptionShape, Shape, SlotWord};
pub use table::TABLE;
pub use up::{apply_to, read_project};

use super::session::Session;

/// A command of a session.
pub type Command = definition::Command<Session>;
/// The implementation of a session's command.
pub type Run = definition::Run<Session>;
/// The commands of a session.
pub type CommandTable = definition::CommandTable<Session>;
