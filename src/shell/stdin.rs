//! Reading INPUT from standard input and files, with bounds.

use crate::text::io_cause;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use super::cancellable_io::{self, IsCancelled};
use super::reply::ShellError;

/// The largest INPUT that is read from a file or from standard input.
pub const INPUT_BYTES_MAX: u64 = 1 << 30;

/// The use of standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// Unread: `@-` may read it.
    Free,
    /// The script comes from there.
    Script,
    /// `@-` has read it to its end.
    Used,
}

impl Stdin {
    /// All of standard input, for `@-`: once, and not where the script comes from.
    ///
    /// # Errors
    /// Standard input is the script's, was used up, or cannot be read.
    pub fn take(&mut self, is_cancelled: IsCancelled<'_>) -> Result<Vec<u8>, ShellError> {
        match self {
            Stdin::Script => Err(ShellError::failed("`@-`: standard input is the script; use `@FILE`")),
            Stdin::Used => Err(ShellError::failed("`@-`: standard input was used up before; keep it with `set`")),
            Stdin::Free => {
                *self = Stdin::Used;
                let read = cancellable_io::read_stream(io::stdin().as_fd(), INPUT_BYTES_MAX, is_cancelled);
                bounded(read, "standard input", INPUT_BYTES_MAX)
            }
        }
    }
}

/// Reads a file in whole; the error names it and says why not. A wait for its bytes ends when `is_cancelled` says so.
///
/// # Errors
/// The file cannot be read or is too long, or the wait was cancelled.
pub fn read_file(path: &Path, bytes_max: u64, is_cancelled: IsCancelled<'_>) -> Result<Vec<u8>, ShellError> {
    let named = format!("`{}`", path.display());
    let file = cancellable_io::open(path).map_err(|error| file_error(&named, &error))?;
    if file.metadata().map_err(|error| file_error(&named, &error))?.is_dir() {
        return Err(ShellError::failed(format!("{named}: is a directory")));
    }
    bounded(cancellable_io::read_to_end(&file, bytes_max, is_cancelled), &named, bytes_max)
}

/// An error of reading or writing; giving up counts as interrupted.
pub fn file_error(name: &str, error: &io::Error) -> ShellError {
    match error.kind() {
        io::ErrorKind::Interrupted => ShellError::interrupted(),
        _ => ShellError::failed(format!("{name}: {}", io_cause(error))),
    }
}

fn bounded(read: io::Result<Vec<u8>>, name: &str, bytes_max: u64) -> Result<Vec<u8>, ShellError> {
    let bytes = read.map_err(|error| file_error(name, &error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(ShellError::failed(format!("{name}: more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_the_cause() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let message = read_file(&missing, 10, &|| false).unwrap_err().message;
        assert_eq!(message, format!("`{}`: no such file or directory", missing.display()));
        assert!(read_file(dir.path(), 10, &|| false).unwrap_err().message.ends_with(": is a directory"));
        let file = dir.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_file(&file, 5, &|| false).unwrap(), b"12345");
        assert!(read_file(&file, 4, &|| false).unwrap_err().message.ends_with(": more than 4 bytes"));
    }

    #[test]
    fn standard_input_is_not_taken_where_it_is_the_script() {
        assert!(Stdin::Script.take(&|| false).unwrap_err().message.contains("is the script"));
        assert!(Stdin::Used.take(&|| false).unwrap_err().message.contains("used up"));
    }
}
