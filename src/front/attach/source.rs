//! The source of lines for a server: a file, `-c` or standard input of this side.

use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Attach, Remote};
use crate::front::opening::AfterScripts;
use crate::front::repl::Shell;
use crate::front::script::LineSource;
use crate::shell::reply::ErrorKind;
use crate::shell::stdin::{file_error, read_file};
use crate::shell::{CancellableReader, Incoming, SCRIPT_BYTES_MAX, ShellError, Stdin};
use crate::text::without_bom;

/// The script that a source's lines are of, for `run`.
struct Script {
    name: String,
    arguments: Vec<String>,
    /// The path, absolute.
    file: Option<std::path::PathBuf>,
}

impl Remote {
    /// Runs the source, and waits for the background jobs that it leaves where no prompt follows.
    ///
    /// # Errors
    /// The source cannot be read, or a line fails.
    pub fn run_source(&mut self, attach: &Attach, at_terminal: bool) -> Result<(), ShellError> {
        let variables: Map<String, Value> =
            attach.variables.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        if !variables.is_empty() {
            self.run(&json!({ "line": "", "variables": variables }))?;
        }
        let arguments: Vec<String> = attach.arguments.iter().map(|bytes| text_of(bytes)).collect::<Result<_, _>>()?;
        match &attach.source {
            None if at_terminal => return Ok(()),
            Some(LineSource::Commands(text)) => {
                let script = Script { name: "-c".to_owned(), arguments, file: None };
                self.run_script(&script, text.as_bytes(), 1)?;
            }
            Some(LineSource::File(path)) => {
                let interrupt = Shell::interrupt(self);
                let text = read_file(path, SCRIPT_BYTES_MAX, &|| interrupt.is_raised())?;
                let script = Script { name: path.display().to_string(), arguments, file: Some(absolute(path)) };
                self.run_script(&script, without_bom(&text), 1)?;
            }
            Some(LineSource::Stdin) | None => {
                let script = Script { name: "stdin".to_owned(), arguments, file: None };
                self.run_standard_input(&script, attach.connect.hello.keep_going)?;
            }
        }
        if attach.after == AfterScripts::Stay || self.has_exited() {
            Ok(())
        } else {
            self.run(&json!({ "line": "", "finish": true }))
        }
    }

    /// Runs lines as they come in, each as soon as it is whole.
    fn run_standard_input(&mut self, script: &Script, keeps_going: bool) -> Result<(), ShellError> {
        *self.stdin() = Stdin::Script;
        let (stdin, interrupt) = (io::stdin(), Shell::interrupt(self));
        let is_cancelled = || interrupt.is_raised();
        let mut lines = BufReader::new(CancellableReader::new(stdin.as_fd(), &is_cancelled));
        let mut incoming = Incoming::new(Shell::grammar(self));
        let mut first_error = None;
        loop {
            let mut line = Vec::new();
            let read = lines.read_until(b'\n', &mut line).map_err(|error| file_error("standard input", &error))?;
            let whole = if read == 0 { incoming.finish() } else { incoming.add(&line) };
            let ran = whole.map_or(Ok(()), |(text, first_line)| self.run_script(script, &text, first_line));
            if let Err(error) = ran {
                if !keeps_going || matches!(error.kind, ErrorKind::Interrupted | ErrorKind::BrokenPipe) {
                    return Err(error);
                }
                first_error.get_or_insert(error);
            }
            if read == 0 || self.has_exited() {
                break;
            }
        }
        first_error.filter(|_| !self.has_exited()).map_or(Ok(()), Err)
    }

    fn run_script(&mut self, script: &Script, text: &[u8], first_line: usize) -> Result<(), ShellError> {
        let Script { name, arguments, file } = script;
        let text = std::str::from_utf8(text).map_err(|error| {
            let valid = text.get(..error.valid_up_to()).unwrap_or_default();
            let line = first_line + valid.iter().filter(|byte| **byte == b'\n').count();
            let error = ShellError::failed(format!("{name}:{line}: not UTF-8; a server is sent lines in UTF-8"));
            ShellError { located: true, ..error }
        })?;
        let script = json!({ "name": name, "first_line": first_line, "arguments": arguments, "file": file });
        self.run(&json!({ "line": text, "script": script }))
    }
}

fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn text_of(bytes: &[u8]) -> Result<String, ShellError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ShellError::usage("a script at a server is given arguments in UTF-8"))
}
