//! The built binary in a pseudo-terminal, read by a terminal emulator: spawn, type, wait until the screen shows
//! something.
//!
//! Nothing here sleeps: every wait ends with its event, or fails with the screen's contents.

#![allow(dead_code, reason = "each test crate uses its part")]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// The longest wait for an event; only a failing test reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const TAB: &str = "\t";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const F6: &str = "\x1b[17~";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_L: &str = "\x0c";
pub const CTRL_R: &str = "\x12";
pub const CTRL_Z: &str = "\x1a";

/// A program in a terminal of its own.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Seen>,
    /// The user's home, which is the working directory.
    pub home: TempDir,
}

/// The output so far.
struct Seen {
    output: Mutex<Output>,
    changed: Condvar,
}

struct Output {
    emulator: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

/// The setup of a program's start.
pub struct Setup {
    rows: u16,
    cols: u16,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    home: TempDir,
}

impl Setup {
    /// plugsh in a terminal of `rows` by `cols`, with an empty home.
    pub fn new(rows: u16, cols: u16) -> Setup {
        let home = tempfile::tempdir().unwrap();
        Setup { rows, cols, arguments: Vec::new(), variables: Vec::new(), home }
    }

    pub fn argument(mut self, argument: impl Into<String>) -> Setup {
        self.arguments.push(argument.into());
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Setup {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a file to the working directory.
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Setup {
        std::fs::write(self.home.path().join(name), bytes).unwrap();
        self
    }

    /// The working directory, which is the user's home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts plugsh.
    pub fn start(self) -> Terminal {
        self.start_program(&plugsh())
    }

    /// Starts another program: a shell around plugsh, for job control.
    pub fn start_program(self, program: &str) -> Terminal {
        let size = PtySize { rows: self.rows, cols: self.cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(&self.arguments);
        command.cwd(self.home.path());
        for (name, _) in std::env::vars_os() {
            command.env_remove(name);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let home = self.home.path().display().to_string();
        for (name, value) in [("PATH", path.as_str()), ("HOME", &home), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]
        {
            command.env(name, value);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let output = Output { emulator: vt100::Parser::new(self.rows, self.cols, 0), raw: Vec::new(), ended: false };
        let seen = Arc::new(Seen { output: Mutex::new(output), changed: Condvar::new() });
        let reader = pty.master.try_clone_reader().unwrap();
        let writer = pty.master.take_writer().unwrap();
        thread::spawn({
            let seen = Arc::clone(&seen);
            move || seen.read(reader)
        });
        Terminal { master: pty.master, writer, child, seen, home: self.home }
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mut reader: Box<dyn Read + Send>) {
        let mut buffer = [0; 8192];
        loop {
            let read = reader.read(&mut buffer).unwrap_or(0);
            let mut output = self.lock();
            output.emulator.process(&buffer[..read]);
            output.raw.extend_from_slice(&buffer[..read]);
            output.ended = read == 0;
            self.changed.notify_all();
            if output.ended {
                return;
            }
        }
    }
}

impl Terminal {
    /// Types keys.
    pub fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Types a line.
    pub fn line(&mut self, line: &str) {
        self.send(line);
        self.send(ENTER);
    }

    /// Types a line and waits until it runs, so that Ctrl-C is a signal.
    #[track_caller]
    pub fn start(&mut self, line: &str) {
        self.line(line);
        // rustyline switches bracketed paste off after it has restored the modes.
        self.wait(&format!("`{line}` to run"), |screen| !screen.bracketed_paste());
    }

    /// Waits until the screen satisfies `is`; `what` names the event in a failure.
    #[track_caller]
    pub fn wait(&self, what: &str, is: impl Fn(&vt100::Screen) -> bool) {
        self.wait_output(what, |output| is(output.emulator.screen()));
    }

    #[track_caller]
    fn wait_output(&self, what: &str, is: impl Fn(&Output) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut output = self.seen.lock();
        while !is(&output) {
            let left = until.saturating_duration_since(Instant::now());
            let over = output.ended || left.is_zero();
            assert!(!over, "{what} did not come{}; the screen:\n{}", ended(&output), framed(&output));
            output = self.seen.changed.wait_timeout(output, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("`{text}`"), |screen| screen.contents().contains(text));
    }

    /// Waits until a text is no longer on the screen.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) {
        self.wait(&format!("the end of `{text}`"), |screen| !screen.contents().contains(text));
    }

    /// Waits until the cursor stands after an empty prompt.
    #[track_caller]
    pub fn wait_prompt(&self) {
        self.wait_typed("");
    }

    /// Waits until the cursor stands after the prompt and the typed text.
    #[track_caller]
    pub fn wait_typed(&self, typed: &str) {
        let line = format!("plugsh> {typed}");
        self.wait(&format!("`{line}` and the cursor behind it"), |screen| {
            let (row, col) = screen.cursor_position();
            // A hint may follow the cursor.
            let before: String = row_text(screen, row).chars().take(col.into()).collect();
            before.trim_end() == line.trim_end() && usize::from(col) == line.chars().count()
        });
    }

    /// Waits until a text has been written, whether or not it is still on the screen.
    #[track_caller]
    pub fn wait_raw(&self, text: &str) {
        self.wait_output(&format!("{text:?} in the output"), |output| contains(&output.raw, text.as_bytes()));
    }

    /// The rows of the screen, without trailing blanks.
    pub fn rows(&self) -> Vec<String> {
        let output = self.seen.lock();
        let screen = output.emulator.screen();
        (0..screen.size().0).map(|row| row_text(screen, row)).collect()
    }

    /// The first and last row of the scroll region, from 1; `None` for the whole window.
    pub fn scroll_region(&self) -> Option<(u16, u16)> {
        scroll_region(&self.seen.lock().raw)
    }

    /// Waits until [`Terminal::scroll_region`] is `region`.
    #[track_caller]
    pub fn wait_region(&self, region: Option<(u16, u16)>) {
        self.wait_output(&format!("the region {region:?}"), |output| scroll_region(&output.raw) == region);
    }

    /// Reads the current screen.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().emulator.screen())
    }

    /// All bytes of output.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.lock().raw.clone()
    }

    /// Resizes the window.
    pub fn resize(&self, rows: u16, cols: u16) {
        self.seen.lock().emulator.screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The modes of the terminal: echo, canonical, signals.
    pub fn typing(&self) -> (bool, bool, bool) {
        let flags = self.master.get_termios().unwrap().local_flags.bits();
        (flags & libc::ECHO != 0, flags & libc::ICANON != 0, flags & libc::ISIG != 0)
    }

    /// The program's id.
    pub fn process_id(&self) -> i32 {
        self.child.process_id().unwrap() as i32
    }

    /// Sends the program a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        signal(self.process_id(), name);
    }

    /// Waits until the program has ended and its output was read.
    #[track_caller]
    pub fn wait_end(&mut self) -> ExitStatus {
        self.wait_output_end();
        self.child.wait().unwrap()
    }

    #[track_caller]
    fn wait_output_end(&self) {
        let until = Instant::now() + PATIENCE;
        let mut output = self.seen.lock();
        while !output.ended {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program did not end; the screen:\n{}", framed(&output));
            output = self.seen.changed.wait_timeout(output, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asserts that the terminal is restored: scroll region, cursor, modes, colours.
    #[track_caller]
    pub fn assert_as_found(&self) {
        assert_eq!(self.scroll_region(), None, "the scroll region is left:\n{}", self.text());
        assert!(!self.look(vt100::Screen::hide_cursor), "the cursor is hidden");
        assert!(!self.look(vt100::Screen::bracketed_paste), "pastes are still marked");
        assert_eq!(self.look(vt100::Screen::fgcolor), vt100::Color::Default, "a stray colour");
        assert!(!self.look(vt100::Screen::alternate_screen));
        assert_eq!(self.look(vt100::Screen::mouse_protocol_mode), vt100::MouseProtocolMode::None);
        assert_eq!(self.typing(), (true, true, true), "echo, lines, signals");
    }

    /// The screen in a frame, for messages.
    pub fn text(&self) -> String {
        framed(&self.seen.lock())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The program has ended in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a process a signal, by its name without `SIG`.
pub fn signal(process: i32, name: &str) {
    let signal: nix::sys::signal::Signal = format!("SIG{name}").parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), signal).unwrap();
}

/// The tested binary: the one built for the tests, or `PLUGSH_BIN`, to measure another build.
pub fn plugsh() -> String {
    std::env::var("PLUGSH_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_plugsh").to_owned())
}

fn row_text(screen: &vt100::Screen, row: u16) -> String {
    let (_, cols) = screen.size();
    screen.rows(0, cols).nth(usize::from(row)).unwrap_or_default().trim_end().to_owned()
}

fn framed(output: &Output) -> String {
    let screen = output.emulator.screen();
    let (rows, cols) = screen.size();
    let (cursor_row, cursor_col) = screen.cursor_position();
    let line = "─".repeat(usize::from(cols));
    let text: String = (0..rows).map(|row| format!("│{:<1$}│\n", row_text(screen, row), usize::from(cols))).collect();
    format!("┌{line}┐\n{text}└{line}┘ cursor at {cursor_row},{cursor_col}, region {:?}", scroll_region(&output.raw))
}

fn ended(output: &Output) -> &'static str {
    if output.ended { " (the program ended)" } else { "" }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len().max(1)).any(|window| window == part)
}

/// The scroll region after the bytes: that of the last `CSI … r`.
fn scroll_region(raw: &[u8]) -> Option<(u16, u16)> {
    let mut region = None;
    let mut rest = raw;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        rest = &rest[at + 2..];
        let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';').unwrap_or(rest.len());
        if rest.get(end) == Some(&b'r') {
            let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
            let mut numbers = text.split(';').map(|number| number.parse().ok());
            region = numbers.next().flatten().zip(numbers.next().flatten());
        }
    }
    region
}

/// A shell that shows its prompt.
pub fn started(setup: Setup) -> Terminal {
    let terminal = setup.start();
    terminal.wait_prompt();
    terminal
}

/// Types a line and waits for its output and the next prompt.
pub fn run(terminal: &mut Terminal, line: &str, printed: &str) {
    terminal.line(line);
    terminal.wait_for(printed);
    terminal.wait_prompt();
}

/// Types, presses Tab, and waits for the completed line; then clears it.
pub fn completes(terminal: &mut Terminal, typed: &str, to: &str) {
    terminal.send(typed);
    terminal.wait_typed(typed);
    terminal.send(TAB);
    terminal.wait_typed(to);
    terminal.send(CTRL_C);
    terminal.wait_prompt();
}
