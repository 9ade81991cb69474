//! The token of a server on TCP: a secret in a file of the user's, which clients must know.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::ownership::is_users_alone;
use crate::shell::ShellError;
use crate::text::io_cause;

/// Bytes of a token that is made.
const MADE_BYTES: usize = 32;
/// The fewest bytes of a token.
const BYTES_MIN: usize = 16;
/// The most bytes of a file that is read.
const FILE_BYTES_MAX: u64 = 4 << 10;

/// The secret. It is compared and never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The token in a file; a file that is missing is made with a fresh one, readable by the user alone.
    ///
    /// # Errors
    /// The file cannot be read or made, others can read or write it, or it is too short for a secret.
    pub fn of_server(path: &Path) -> Result<Token, ShellError> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(|error| failed(path, &io_cause(&error)))?;
            }
            _ => {}
        }
        Token::read(path)
    }

    /// The token in a file.
    ///
    /// # Errors
    /// As of [`Token::of_server`], or the file is missing.
    pub fn read(path: &Path) -> Result<Token, ShellError> {
        let mut text = String::new();
        let file = File::open(path).map_err(|error| failed(path, &io_cause(&error)))?;
        if !is_users_alone(path) || others_read(&file) {
            return Err(failed(path, "others can read or write it; `chmod 600` makes it yours alone"));
        }
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| failed(path, &io_cause(&error)))?;
        let token = text.trim();
        if token.len() < BYTES_MIN {
            return Err(failed(path, "a token has at least 16 bytes; a file that is missing is made with one"));
        }
        Ok(Token(token.to_owned()))
    }

    /// Whether a client knows it. The time does not tell how much of it was right.
    pub fn is(&self, given: &str) -> bool {
        let differences = self.0.bytes().zip(given.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
        self.0.len() == given.len() && differences == 0
    }

    /// The secret itself, for `hello`.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

fn failed(path: &Path, why: &str) -> ShellError {
    ShellError::failed(format!("`--token-file {}`: {why}", path.display()))
}

fn others_read(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map_or(true, |meta| meta.mode() & 0o077 != 0)
}

fn make(path: &Path) -> io::Result<()> {
    let mut bytes = [0; MADE_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let made = Token::of_server(&path).unwrap();
        assert!(made.is(Token::read(&path).unwrap().secret()));
        assert!(!made.is("") && !made.is(&made.secret()[1..]) && !made.is(&"0".repeat(64)));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Token::read(&path).err().unwrap().message.contains("chmod 600"));
    }

    #[test]
    fn a_short_secret_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).unwrap().write_all(b"abc").unwrap();
        assert!(Token::of_server(&path).err().unwrap().message.contains("at least 16 bytes"));
    }
}
