//! Personal settings of a session: aliases, the keys of the line editor, the directory before `cd`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::shell::alias::Aliases;

/// The settings of a session.
#[derive(Default)]
pub struct Settings {
    pub aliases: Aliases,
    /// The aliases whose lines run now, at most [`ALIAS_DEPTH_MAX`](crate::shell::alias::ALIAS_DEPTH_MAX). In its own
    /// line an alias's name is a command's.
    pub aliases_in_use: Vec<String>,
    pub edit_mode: EditMode,
    /// The working directory before the last `cd`.
    pub previous_dir: Option<PathBuf>,
}

/// The keys of the line editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditMode {
    #[default]
    Emacs,
    Vi,
}
