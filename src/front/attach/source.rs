//! The source of lines for a server: a file, `-c` or standard input of this side.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Attach, Remote};
use crate::front::repl::Shell;
use crate::front::script::LineSource;
use crate::shell::stdin::read_file;
use crate::shell::{SCRIPT_BYTES_MAX, ShellError};
use crate::text::without_bom;

impl Remote {
    /// Runs the source, and waits for the background jobs that it leaves where no prompt follows.
    ///
    /// # Errors
    /// The source cannot be read, or a line fails.
    pub fn run_source(&mut self, attach: &Attach, at_terminal: bool) -> Result<(), ShellError> {
        let variables: Map<String, Value> =
            attach.variables.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let (name, text, file) = match &attach.source {
            None if at_terminal => {
                return if variables.is_empty() {
                    Ok(())
                } else {
                    self.run(&json!({ "line": "", "variables": variables }))
                };
            }
            Some(LineSource::Commands(text)) => ("-c".to_owned(), text.clone().into_bytes(), None),
            Some(LineSource::File(path)) => {
                let interrupt = Shell::interrupt(self);
                let text = read_file(path, SCRIPT_BYTES_MAX, &|| interrupt.is_raised())?;
                (path.display().to_string(), text, Some(absolute(path)))
            }
            Some(LineSource::Stdin) | None => {
                let interrupt = Shell::interrupt(self);
                let text = self.stdin().take(&|| interrupt.is_raised())?;
                *self.stdin() = crate::shell::Stdin::Script;
                ("stdin".to_owned(), text, None)
            }
        };
        let text = std::str::from_utf8(without_bom(&text)).map_err(|error| {
            ShellError::failed(format!("`{name}`: not UTF-8 from byte {}", error.valid_up_to() + 1))
        })?;
        let arguments: Vec<String> = attach.arguments.iter().map(|bytes| text_of(bytes)).collect::<Result<_, _>>()?;
        let script = json!({ "name": name, "arguments": arguments, "file": file });
        self.run(&json!({ "line": text, "script": script, "variables": variables, "finish": !attach.stay }))
    }
}

fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn text_of(bytes: &[u8]) -> Result<String, ShellError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ShellError::usage("a script at a server is given arguments in UTF-8"))
}
