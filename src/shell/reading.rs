//! Input of a session: whole files, and all of standard input.

use std::path::Path;

use super::front::Loan;
use super::reply::ShellError;
use super::session::Session;
use super::stdin;

impl Session {
    /// Reads a file in whole, of `bytes_max` at most; the error names it and says why. Ctrl-C ends a wait for its
    /// bytes.
    ///
    /// # Errors
    /// The file cannot be read or is over `bytes_max`, or Ctrl-C ended the wait.
    pub fn read_file(&self, path: impl AsRef<Path>, bytes_max: u64) -> Result<Vec<u8>, ShellError> {
        stdin::read_file(path.as_ref(), bytes_max, &|| self.interrupt().is_raised())
    }

    /// All of standard input, for INPUT.
    ///
    /// # Errors
    /// Standard input is the script's, was used up, or cannot be read.
    pub fn read_stdin(&mut self) -> Result<Vec<u8>, ShellError> {
        if let Some(read) = self.front().read_input() {
            return read;
        }
        let interrupt = self.interrupt().clone();
        let (front, stdin) = self.front_and_stdin();
        let mut read = Err(ShellError::failed("`@-`: was not read"));
        front.lend_terminal(&mut || {
            read = stdin.take(&|| interrupt.is_raised());
            Loan::Over
        });
        read
    }
}
