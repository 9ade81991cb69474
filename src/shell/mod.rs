//! The shell: language, commands and sessions. Commands return data, they never print.
//!
//! - `line`: text to syntax. `command`: the commands and their table. `session`: one shell's state; `start` makes it.
//! - `run` carries a statement out, `script` a text of them; `unknown` words the error for an unknown command.
//! - `calls`, `waits`, `foreground`: jobs of the kernel. `holds`: held jobs. `loading`, `exchange`: loads and reloads.
//! - `project`: a project's file, `plugsh.toml`, as data. `limit_args`: the program's options of limits.
//! - `reply`: the result of a command. `listing`: a reply of rows and columns. `plain`: its form in files and pipes.
//! - `words`: the sentences for values of the rooms below. `units`: numbers, sizes and durations as they are typed.
//! - `front`: the trait of a front. `headless`: the front where nobody looks, for files under test and stubs.

pub mod alias;
mod aliased;
mod answers;
pub mod command;
pub mod completion;
pub mod decode;
pub mod dump;
pub mod front;
pub mod headless;
pub mod interrupt;
pub mod limit_args;
pub mod line;
pub mod listing;
pub mod place;
pub mod plain;
pub mod project;
pub mod prose;
pub mod reply;
pub mod session;
pub mod stdin;
pub mod suite;
pub mod units;
pub mod words;

pub mod breaking;
mod call_error;
mod call_file;
pub mod call_options;
mod calls;
mod cancellable_io;
pub mod child_output;
mod child_process;
mod control;
pub mod edit_text;
mod error;
pub mod excerpt;
mod exchange;
mod expand;
pub mod filter;
mod foreground;
mod grammar;
mod holds;
mod incoming;
mod json;
mod known_names;
pub mod loading;
mod looking;
mod lookup;
mod notice_feed;
mod notices;
pub mod program;
mod reading;
mod recording;
mod redirect;
pub mod replay;
mod run;
pub mod run_program;
pub mod scaffold;
mod script;
pub mod source_text;
mod start;
pub mod stopped;
mod stub_run;
mod system;
pub mod tree;
mod unknown;
mod waits;

pub use cancellable_io::CancellableReader;
pub use front::{Front, PaneRequest, PaneSize, PictureSize};
pub use grammar::{AliasGrammar, CommandGrammar, resolve, split_dotted};
pub use incoming::{Incoming, SCRIPT_BYTES_MAX};
pub use interrupt::{Interrupt, Interrupter};
pub use notice_feed::NoticeFeed;
pub use redirect::FileSink;
pub use reply::{Reply, ShellError};
pub use run::panics_are_caught;
pub use script::syntax_error;
pub use session::{Session, SessionOptions};
pub use start::start;
pub use stdin::Stdin;
