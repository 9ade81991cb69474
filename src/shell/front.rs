//! The interface between a session and its front: all that reaches the person goes through it.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::child_output::Writer;
use super::program::{Program, ProgramEnd};
use super::reply::{Line, Reply, Role, ShellError};
use crate::kernel::Kernel;

/// A front: prompt, script or test. The defaults are those of a front that nobody looks at.
pub trait Front {
    /// Writes a reply to standard output, in the form that fits it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    fn show(&mut self, reply: &Reply) -> io::Result<()>;
    /// Writes one line to standard error: notices, timings, ended processes.
    fn notice(&mut self, line: &Line);
    /// Writes an error to standard error: on one line, or on several at a terminal.
    fn error(&mut self, error: &ShellError) {
        self.notice(&Line::new().with(Role::Bad, error.to_string()));
    }
    /// Shows the progress of something slow, on a terminal; `None` removes it.
    fn progress(&mut self, _text: Option<&str>) {}
    /// Shows a reply under a title in place of the frame before (`watch`); `None` ends the frames.
    ///
    /// # Errors
    /// As of [`Front::show`].
    fn frame(&mut self, frame: Option<(&Line, &Reply)>) -> io::Result<()> {
        frame.map_or(Ok(()), |(_, reply)| self.show(reply))
    }
    /// True when a person is there to look at standard output.
    fn is_terminal(&self) -> bool {
        false
    }
    /// True where news belong to the output: a person reads it, or no program does. Elsewhere they are notices.
    fn shows_news(&self) -> bool {
        self.is_terminal()
    }
    /// Where programs of the system write to.
    fn program_streams(&mut self) -> ProgramStreams {
        ProgramStreams::default()
    }
    /// True where programs of the system run elsewhere than in this process.
    fn runs_programs(&self) -> bool {
        false
    }
    /// Runs a program elsewhere, to its end.
    ///
    /// # Errors
    /// The program cannot be run there.
    fn run_program(&mut self, _program: Program) -> Result<ProgramEnd, ShellError> {
        Err(ShellError::failed("no programs here: they run in this process"))
    }
    /// All of the standard input of whoever reads this front, where that is not this process's.
    fn read_input(&mut self) -> Option<Result<Vec<u8>, ShellError>> {
        None
    }
    /// Opens the door of this process's kernel, as `request` says; an error where nobody could come in.
    ///
    /// # Errors
    /// The door cannot be opened.
    fn serve(&mut self, _request: ServeRequest) -> Result<Reply, ShellError> {
        Err(ShellError::failed("`serve`: only the shell that owns its processes can serve them"))
    }
    /// True where no other session runs in this process, so that the working directory is this session's to change.
    fn owns_process(&self) -> bool {
        true
    }
    /// Clears the screen of a terminal.
    fn clear(&mut self) {}
    /// Whether output may have colours.
    fn colors(&self) -> bool {
        false
    }
    /// Lends the terminal to `run`: a program of the system, or a read of typed input. While it runs, nothing else
    /// reads the terminal. When `run` reports a stop, this program stops itself as by Ctrl-Z and calls `run` again once
    /// continued; at once where nobody could continue it.
    fn lend_terminal(&mut self, run: &mut dyn FnMut() -> Loan) {
        while run() == Loan::Stopped {}
    }
    /// Whether standard input is a terminal, and this front's to lend.
    fn has_terminal(&self) -> bool {
        false
    }
    /// Lines typed so far, oldest first.
    fn history(&self) -> Vec<String> {
        Vec::new()
    }
    /// Carries out `pane ...`; an error where there is no terminal to draw on.
    ///
    /// # Errors
    /// [`no_pane`], and those of a picture that cannot be written.
    fn pane(&mut self, _request: PaneRequest) -> Result<Reply, ShellError> {
        Err(no_pane())
    }
}

/// The error of a front that nobody looks at.
pub fn no_pane() -> ShellError {
    ShellError::failed("no pane here: nobody looks at this session")
}

/// Where a program of the system writes to, as it comes.
#[derive(Default)]
pub struct ProgramStreams {
    /// `None`: this program's standard output, as a terminal is needed whole.
    pub output: Option<Writer>,
    /// `None`: this program's standard error.
    pub errors: Option<Writer>,
    /// No person types: standard input is empty.
    pub no_input: bool,
}

/// A request to serve the kernel of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServeRequest {
    On(ServeOptions),
    /// Ends the service: its clients are sent away.
    Off,
}

/// How a kernel is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServeOptions {
    /// The name that it is served by; `None`: the first free of `plugsh`, `plugsh-2`, …
    pub name: Option<String>,
    /// An address on loopback that is listened at besides, with the file of its token.
    pub tcp: Option<(SocketAddr, PathBuf)>,
    /// The project's file for `up` and completion, absolute; `None`: the one that is found from the working directory.
    pub project: Option<PathBuf>,
    /// Clients may look and not touch.
    pub read_only: bool,
}

/// The state of a borrower of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loan {
    Over,
    /// Stopped; it goes on when run again.
    Stopped,
}

/// A request to the pane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaneRequest {
    On,
    Off,
    /// On when off, off when on.
    Toggle,
    /// Keys go to the pane until it gives them back.
    Focus,
    Size(PaneSize),
    /// Whether the pane takes the mouse while it has the keys.
    Mouse(bool),
    /// Writes a frame as a picture (`.svg`) or text (`.txt`), also where there is no terminal.
    Save {
        path: PathBuf,
        /// `None`: the size that the pane has, or [`PictureSize::DEFAULT`] where none is shown.
        size: Option<PictureSize>,
        clock: PictureClock,
    },
}

/// Where the times of a picture are from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureClock {
    #[default]
    Real,
    /// Each call takes a tenth of a second: the same calls give the same picture.
    Fixed,
}

/// Writes a picture of a kernel's processes and calls to a file, where no pane is shown.
pub type SavePicture = fn(&Arc<Kernel>, &Path, PictureSize, PictureClock) -> Result<Reply, String>;

/// The size of a saved picture in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u16, u16)", into = "(u16, u16)")]
pub struct PictureSize {
    cols: u16,
    rows: u16,
}

impl PictureSize {
    /// The size of pictures where there is no window.
    pub const DEFAULT: PictureSize = PictureSize { cols: 120, rows: 40 };
    /// The most columns that are drawn anywhere: a terminal may report 65,535, and every cell takes memory.
    pub const COLS_MAX: u16 = 1_000;
    /// The most rows that are drawn anywhere.
    pub const ROWS_MAX: u16 = 500;

    /// A size of 1x1 to 1000x500 cells; `None` for one beyond.
    pub fn new(cols: u16, rows: u16) -> Option<PictureSize> {
        let fits = (1..=Self::COLS_MAX).contains(&cols) && (1..=Self::ROWS_MAX).contains(&rows);
        fits.then_some(PictureSize { cols, rows })
    }

    /// Width in character cells.
    pub fn cols(self) -> u16 {
        self.cols
    }

    /// Height in character cells.
    pub fn rows(self) -> u16 {
        self.rows
    }
}

impl TryFrom<(u16, u16)> for PictureSize {
    type Error = &'static str;

    fn try_from((cols, rows): (u16, u16)) -> Result<Self, Self::Error> {
        PictureSize::new(cols, rows).ok_or("a size of 1x1 to 1000x500")
    }
}

impl From<PictureSize> for (u16, u16) {
    fn from(size: PictureSize) -> Self {
        (size.cols, size.rows)
    }
}

/// Size of the pane: its part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaneSize {
    Rows(u16),
    /// 1 to 99.
    Percent(u8),
}
