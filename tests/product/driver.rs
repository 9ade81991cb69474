//! The product in a process of its own, and `plugsh attach` beside it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::PRODUCT;

/// The longest that a state is waited for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A program with pipes to its standard input and output, killed when the test ends.
pub struct Piped {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The running product, and the directory of its socket.
pub struct Product {
    program: Piped,
    dir: TempDir,
}

impl Piped {
    fn start(mut command: Command) -> Piped {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Piped { child, input, output: BufReader::new(output) }
    }

    /// Writes a line.
    pub fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// The next line of the output; fails at its end.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "it has ended");
        line.trim_end().to_owned()
    }

    /// The next line that has `text`.
    pub fn hear_of(&mut self, text: &str) -> String {
        loop {
            let line = self.hear();
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Product {
    /// Starts the product and waits until it is served.
    pub fn start() -> Product {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(PRODUCT, "1").env("XDG_RUNTIME_DIR", dir.path());
        let mut program = Piped::start(command);
        assert_eq!(program.hear(), "ready");
        Product { program, dir }
    }

    /// Hands a line to the pipeline.
    pub fn say(&mut self, line: &str) {
        self.program.say(line);
    }

    /// The next line that the product prints.
    pub fn hear(&mut self) -> String {
        self.program.hear()
    }

    fn plugsh(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plugsh"));
        command.env("XDG_RUNTIME_DIR", self.dir.path()).env("HOME", self.dir.path()).args(["attach", "pipeline"]);
        command
    }

    /// Runs lines at the product's system: what they print.
    pub fn attach(&self, lines: &str) -> String {
        let output = self.plugsh().args(["-c", lines]).stdin(Stdio::null()).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "`{lines}`: {err}");
        out
    }

    /// A client that runs lines, whose programs of the system get what is said to it.
    pub fn attached(&self, lines: &str) -> Piped {
        let mut command = self.plugsh();
        command.args(["-c", lines]);
        Piped::start(command)
    }

    /// Waits until the lines print `text`: what they print then.
    pub fn attach_until(&self, lines: &str, text: &str) -> String {
        let given_up = Instant::now() + WAIT_MAX;
        loop {
            let out = self.attach(lines);
            if out.contains(text) {
                return out;
            }
            assert!(Instant::now() < given_up, "`{lines}` never printed `{text}`: {out}");
        }
    }
}
