//! Standard output and standard error as a session's front: directly for scripts, through the [`Screen`] at the prompt.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use ratatui::buffer::Buffer;

use super::columns::fitting;
use super::error_lines::error_lines;
use super::pane::frame_of;
use super::pane::save::save;
use super::print::{RenderOptions, Rendered, render, to_ansi};
use super::screen::Screen;
use super::screen::tty::{self, StopTarget};
use crate::kernel::Kernel;
use crate::serve::Server;
use crate::shell::front::{
    Front, Loan, PaneRequest, PictureClock, PictureSize, ProgramStreams, ServeOptions, ServeRequest,
};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::units::show_bytes;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether output is coloured; `terminal`: the stream is a terminal.
    pub fn is_enabled(self, terminal: bool) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                terminal && !no_color && !dumb
            }
        }
    }
}

/// The lines typed so far, shared with the prompt that adds to them.
pub type TypedLines = Rc<std::cell::RefCell<Vec<String>>>;

/// A front that prints.
pub struct Console {
    /// The terminal of an interactive shell; `None`: standard output and error are written directly.
    screen: Option<Arc<Screen>>,
    color: Color,
    typed: TypedLines,
    /// The processes of pictures where no pane is shown; `None`: pictures need a pane.
    pictured: Option<Arc<Kernel>>,
    /// The service of that kernel.
    server: Option<Server>,
    /// A progress line stands on the terminal, without a newline.
    progress_shown: bool,
    /// Rows of the last frame of `watch`; the next frame overwrites them.
    frame_rows: usize,
}

impl Console {
    /// A console that writes to the standard streams, or to `screen` where there is one. `typed` gets the lines that
    /// are typed while a program reads.
    pub fn new(screen: Option<Arc<Screen>>, color: Color, typed: TypedLines) -> Console {
        Console { screen, color, typed, pictured: None, server: None, progress_shown: false, frame_rows: 0 }
    }

    /// The console that can save pictures of a kernel's processes and calls.
    pub fn picturing(self, kernel: Arc<Kernel>) -> Console {
        Console { pictured: Some(kernel), ..self }
    }

    /// Serves the kernel whose pictures can be saved.
    fn start_server(&mut self, options: &ServeOptions) -> Result<Reply, ShellError> {
        if let Some(server) = &self.server {
            let name = server.name();
            return Err(ShellError::failed(format!("`{name}` is served already; `serve off` ends that")));
        }
        let kernel = self.pictured.clone().ok_or_else(|| ShellError::failed("`serve`: nothing here to be served"))?;
        let screen = self.screen.as_ref().map(Arc::downgrade);
        let log = move |line: &str| match screen.as_ref().and_then(Weak::upgrade) {
            Some(screen) => screen.notice(&format!("{line}\n")),
            // A closed standard error is ignored.
            None => drop(writeln!(io::stderr(), "plugsh: {line}")),
        };
        let server = Server::start(kernel, options, Box::new(log))?;
        let json = serde_json::json!({ "name": server.name(), "socket": server.path(), "tcp": server.tcp() });
        let line = Line::from(server.title());
        self.server = Some(server);
        Ok(Reply::news(line, json))
    }

    /// Saves a frame of the pane, shown or not, as a picture.
    fn save_pane(&self, path: &Path, size: Option<PictureSize>, clock: PictureClock) -> Result<Reply, String> {
        // The pane on the screen has the real clock.
        let shown = self.screen.as_ref().filter(|screen| screen.is_pane_on() && clock == PictureClock::Real);
        let frame = match (shown, &self.pictured) {
            (Some(screen), _) => screen.pane_frame(size)?,
            (None, Some(kernel)) => return save_picture(kernel, path, size.unwrap_or(PictureSize::DEFAULT), clock),
            (None, None) => return Err("no pane here".to_owned()),
        };
        save_frame(&frame, path)
    }

    fn options(&self) -> RenderOptions {
        let terminal = io::stdout().is_terminal();
        let color = self.color.is_enabled(terminal);
        let (columns, rows) = match &self.screen {
            Some(screen) => (screen.window().cols, screen.output_rows()),
            None if terminal => {
                let (columns, rows) =
                    crossterm::terminal::size().unwrap_or((RenderOptions::PLAIN.columns, RenderOptions::PLAIN.rows));
                (columns.min(PictureSize::COLS_MAX), rows.min(PictureSize::ROWS_MAX))
            }
            None => (RenderOptions::PLAIN.columns, RenderOptions::PLAIN.rows),
        };
        let table_columns = if terminal { Some(columns) } else { given_columns() };
        RenderOptions { terminal, color, columns, table_columns, rows }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.end_progress();
        match &self.screen {
            Some(screen) => {
                screen.print(bytes);
                Ok(())
            }
            None => write_out(|stdout| stdout.write_all(bytes)),
        }
    }

    fn write_rendered(&mut self, rendered: &Rendered) -> io::Result<()> {
        self.end_progress();
        match &self.screen {
            // In one piece, as the screen draws the prompt again after each.
            Some(screen) => {
                screen.print(&[&rendered.bytes, rendered.newline].concat());
                Ok(())
            }
            None => write_out(|stdout| rendered.write_to(stdout)),
        }
    }

    /// Writes lines to standard error, in one piece.
    fn write_notices(&mut self, lines: &[Line]) {
        self.end_progress();
        let color = self.color.is_enabled(io::stderr().is_terminal());
        let text: String = lines.iter().map(|line| to_ansi(line, color) + "\n").collect();
        match &self.screen {
            Some(screen) => screen.notice(&text),
            None => drop(io::stderr().write_all(text.as_bytes())),
        }
    }

    fn end_progress(&mut self) {
        if self.progress_shown {
            self.progress_shown = false;
            self.write_progress("\r\x1b[K");
        }
    }

    fn write_progress(&self, text: &str) {
        match &self.screen {
            Some(screen) => screen.print(text.as_bytes()),
            // A closed standard error is ignored: progress is for people only.
            None => drop(io::stderr().write_all(text.as_bytes())),
        }
    }
}

impl Front for Console {
    fn show(&mut self, reply: &Reply) -> io::Result<()> {
        let rendered = render(reply, self.options());
        if !rendered.is_empty() {
            self.write_rendered(&rendered)?;
        }
        if let Some(cut) = rendered.cut {
            let (shown, total) = (show_bytes(cut.shown_bytes as u64), show_bytes(cut.total_bytes as u64));
            let text = format!("… {shown} of {total} bytes shown; keep all of it with `> FILE`");
            self.notice(&Line::new().with(Role::Dim, text));
        }
        Ok(())
    }

    fn notice(&mut self, line: &Line) {
        self.write_notices(std::slice::from_ref(line));
    }

    fn error(&mut self, error: &ShellError) {
        let lines = error_lines(error).into_iter().map(|line| Line::new().with(Role::Bad, line));
        self.write_notices(&lines.collect::<Vec<_>>());
    }

    fn progress(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.end_progress() };
        if !io::stderr().is_terminal() {
            return;
        }
        let columns = usize::from(self.options().columns.saturating_sub(1));
        let text = to_ansi(&Line::from(text), false);
        let text = fitting(&text, columns);
        self.progress_shown = true;
        self.write_progress(&format!("\r\x1b[K{text}"));
    }

    fn frame(&mut self, frame: Option<(&Line, &Reply)>) -> io::Result<()> {
        let Some((title, reply)) = frame else {
            self.frame_rows = 0;
            return Ok(());
        };
        let options = self.options();
        let rendered = render(reply, options);
        let text = format!("{}\n{}", to_ansi(title, options.color), String::from_utf8_lossy(&rendered.bytes));
        let (bytes, rows) = overwrite_frame(self.frame_rows, &text, options.rows.into());
        self.write(&bytes)?;
        self.frame_rows = rows;
        Ok(())
    }

    fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn clear(&mut self) {
        self.end_progress();
        match &self.screen {
            Some(screen) => screen.clear(),
            // A closed standard output is reported by the next write.
            None => drop(write_out(|stdout| stdout.write_all(b"\x1b[H\x1b[2J"))),
        }
    }

    fn program_streams(&mut self) -> ProgramStreams {
        let output = (!io::stdout().is_terminal()).then(|| Box::new(StandardOutput) as Box<dyn Write + Send>);
        ProgramStreams { output, ..ProgramStreams::default() }
    }

    fn colors(&self) -> bool {
        self.color.is_enabled(io::stdout().is_terminal())
    }

    fn lend_terminal(&mut self, run: &mut dyn FnMut() -> Loan) {
        self.end_progress();
        match &self.screen {
            Some(screen) => screen.with_child(|| {
                while run() == Loan::Stopped {
                    screen.suspend();
                }
            }),
            None => {
                while run() == Loan::Stopped {
                    tty::stop(StopTarget::Group);
                }
            }
        }
    }

    fn has_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn history(&self) -> Vec<String> {
        self.typed.borrow().clone()
    }

    fn serve(&mut self, request: ServeRequest) -> Result<Reply, ShellError> {
        match request {
            ServeRequest::On(options) => self.start_server(&options),
            ServeRequest::Off => {
                let server = self
                    .server
                    .take()
                    .ok_or_else(|| ShellError::failed("nothing is served here; `serve` does that"))?;
                let name = server.name().to_owned();
                server.leave();
                Ok(Reply::news(
                    Line::from(format!("`{name}` is not served any more")),
                    serde_json::json!({ "name": name }),
                ))
            }
        }
    }

    fn pane(&mut self, request: PaneRequest) -> Result<Reply, ShellError> {
        let no_screen =
            || ShellError::failed("no pane here: it needs the prompt at a terminal, or `plugsh --pane FILE`");
        let screen = self.screen.as_ref().ok_or_else(no_screen);
        let note = match request {
            PaneRequest::Save { path, size, clock } => {
                return self.save_pane(&path, size, clock).map_err(ShellError::failed);
            }
            PaneRequest::On => screen?.pane_on().map_err(ShellError::failed)?,
            PaneRequest::Toggle => {
                let screen = screen?;
                if screen.pane_off() { None } else { screen.pane_on().map_err(ShellError::failed)? }
            }
            PaneRequest::Off => {
                screen?.pane_off();
                None
            }
            PaneRequest::Focus => screen?.pane_focus().map_err(ShellError::failed)?,
            PaneRequest::Mouse(on) => {
                screen?.set_mouse(on);
                None
            }
            PaneRequest::Size(size) => {
                screen?.pane_size(size);
                None
            }
        };
        Ok(note.map_or(Reply::Nothing, Reply::line))
    }
}

/// Saves a picture of a kernel's processes and calls, where no pane is shown.
///
/// # Errors
/// One line: the suffix names no format, or the file cannot be written.
pub fn save_picture(
    kernel: &Arc<Kernel>,
    path: &Path,
    size: PictureSize,
    clock: PictureClock,
) -> Result<Reply, String> {
    save_frame(&frame_of(kernel, size, clock), path)
}

fn save_frame(frame: &Buffer, path: &Path) -> Result<Reply, String> {
    save(frame, path)?;
    let file = path.display().to_string();
    let line = Line::from(format!("the pane in `{file}`"));
    Ok(Reply::news(line, serde_json::json!({ "file": file, "cols": frame.area.width, "rows": frame.area.height })))
}

/// The width that the environment gives to output that goes to no terminal, as for `ps` and `ls`.
fn given_columns() -> Option<u16> {
    let columns: u16 = std::env::var("COLUMNS").ok()?.parse().ok()?;
    (columns > 0).then_some(columns.min(PictureSize::COLS_MAX))
}

/// Standard output for programs, without a buffer.
struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_out(|stdout| stdout.write_all(bytes)).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to standard output, and flushes it.
fn write_out(write: impl FnOnce(&mut io::StdoutLock) -> io::Result<()>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    write(&mut stdout)?;
    stdout.flush()
}

/// The bytes that draw `text` over a frame of `rows_before` rows, and the rows drawn. Each line is cleared by itself:
/// clearing the screen would also clear a pane below.
fn overwrite_frame(rows_before: usize, text: &str, rows_max: usize) -> (Vec<u8>, usize) {
    let lines: Vec<&str> = text.lines().take(rows_max.saturating_sub(1).max(1)).collect();
    let mut drawn = String::new();
    if rows_before > 0 {
        drawn.push_str(&format!("\r\x1b[{rows_before}A"));
    }
    for line in &lines {
        drawn.push_str(&format!("{line}\x1b[K\n"));
    }
    let left_over = rows_before.saturating_sub(lines.len());
    drawn.push_str(&"\x1b[K\n".repeat(left_over));
    if left_over > 0 {
        drawn.push_str(&format!("\x1b[{left_over}A"));
    }
    (drawn.into_bytes(), lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_drawn_over_the_one_before() {
        assert_eq!(overwrite_frame(0, "a\nb\n", 24), (b"a\x1b[K\nb\x1b[K\n".to_vec(), 2));
        assert_eq!(overwrite_frame(3, "a\n", 24), (b"\r\x1b[3Aa\x1b[K\n\x1b[K\n\x1b[K\n\x1b[2A".to_vec(), 1));
        assert_eq!(overwrite_frame(0, "a\nb\nc\n", 3).1, 2);
    }
}
