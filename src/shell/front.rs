//! What a session needs of the front that it runs under: the shell's only way to the person. Fronts implement it.

use std::io;
use std::path::PathBuf;

use super::reply::{Line, Reply, ShellError};

/// A front: prompt, script or test.
pub trait Front {
    /// Writes a reply to standard output, in the form that fits it.
    fn show(&mut self, reply: &Reply) -> io::Result<()>;
    /// Writes one line to standard error: notices, timings, what was ended.
    fn notice(&mut self, line: &Line);
    /// What has been running for a while, where somebody looks; `None`: it is over, take away what was shown.
    fn progress(&mut self, text: Option<&str>);
    /// Shows a reply under a title, in place of the one shown before (`watch`); `None`: that was the last.
    fn frame(&mut self, frame: Option<(&Line, &Reply)>) -> io::Result<()>;
    /// True when a person is there to look at standard output.
    fn is_terminal(&self) -> bool;
    /// Whether what is shown may have colours.
    fn colors(&self) -> bool;
    /// Runs something that uses the terminal itself: a program of the system, or reading what is typed. Where that has
    /// stopped, this program stops too, as by Ctrl-Z, until somebody continues it, and `run` is called again; nobody else
    /// reads the terminal meanwhile. It is called again at once where nobody could continue this program.
    fn lend_terminal(&mut self, run: &mut dyn FnMut() -> Loan);
    /// Whether standard input is a terminal, and this front's to lend.
    fn has_terminal(&self) -> bool;
    /// Lines typed so far, oldest first.
    fn history(&self) -> Vec<String>;
    /// Carries out `pane ...`; an error where there is no terminal to draw on.
    fn pane(&mut self, request: PaneRequest) -> Result<Reply, ShellError>;
}

/// What has become of something that the terminal was lent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loan {
    Over,
    /// It goes on when it is run again.
    Stopped,
}

/// What is asked of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaneRequest {
    On,
    Off,
    /// On when off, off when on.
    Toggle,
    /// The keys go into the pane until it gives them back.
    Focus,
    Size(PaneSize),
    /// Writes the present frame as a picture (`.svg`) or text (`.txt`).
    Save(PathBuf),
}

/// How much of the screen the pane takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneSize {
    Rows(u16),
    /// 1 to 99.
    Percent(u8),
}
