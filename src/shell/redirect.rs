//! `> FILE` and `>> FILE`: output into a file that is replaced only when the command succeeded.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::cancellable_io::{self, IsCancelled};
use super::reply::ShellError;
use super::stdin::file_error;
use crate::leftovers::Entry;

/// A file that is being written.
pub struct FileSink {
    /// The name as typed, for messages.
    name: String,
    file: File,
    /// The file beside the target that takes its place at the end; `None`: the target itself is written
    /// (`>>`, devices, pipes).
    staged: Option<Staged>,
}

struct Staged {
    temporary: PathBuf,
    target: PathBuf,
    /// Removes the temporary file when a signal ends the program.
    _entry: Entry,
}

/// The file that a statement's output goes to.
pub struct OutputFile {
    pub name: String,
    /// The operator is `>>`.
    pub append: bool,
}

impl OutputFile {
    /// Opens the file, like [`FileSink::open`].
    ///
    /// # Errors
    /// Those of [`FileSink::open`].
    pub fn open(&self, is_cancelled: IsCancelled<'_>) -> Result<FileSink, ShellError> {
        FileSink::open(&self.name, self.append, is_cancelled)
    }
}

impl FileSink {
    /// Opens `> name`, or `>> name`. The wait for somebody who reads a FIFO ends when `is_cancelled` says so.
    ///
    /// # Errors
    /// The file cannot be opened or created, or the wait was cancelled.
    pub fn open(name: &str, append: bool, is_cancelled: IsCancelled<'_>) -> Result<FileSink, ShellError> {
        FileSink::try_open(name, append, is_cancelled).map_err(|error| file_error(&format!("`{name}`"), &error))
    }

    fn try_open(name: &str, append: bool, is_cancelled: IsCancelled<'_>) -> io::Result<FileSink> {
        // Through symbolic links, so that a link stays a link.
        let target = fs::canonicalize(name).or_else(|_| std::path::absolute(name))?;
        let existing = fs::metadata(&target).ok();
        if append || existing.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            let mut options = OpenOptions::new();
            options.create(append).append(append).write(true);
            let file = cancellable_io::open_to_write(&target, &options, is_cancelled)?;
            return Ok(FileSink { name: name.to_owned(), file, staged: None });
        }
        if existing.is_some() {
            // A read-only file is not replaced.
            cancellable_io::open_to_write(&target, OpenOptions::new().write(true), is_cancelled)?;
        }
        let temporary = temporary_path(&target);
        let _entry = Entry::file(&temporary);
        let file = OpenOptions::new().create_new(true).write(true).open(&temporary)?;
        let sink = FileSink { name: name.to_owned(), file, staged: Some(Staged { temporary, target, _entry }) };
        if let Some(metadata) = existing {
            sink.file.set_permissions(metadata.permissions())?;
        }
        Ok(sink)
    }

    /// Appends bytes; the wait for a FIFO's reader ends when `is_cancelled` gives true.
    ///
    /// # Errors
    /// The file cannot be written, or the wait was cancelled.
    pub fn write(&mut self, bytes: &[u8], is_cancelled: IsCancelled<'_>) -> Result<(), ShellError> {
        cancellable_io::write_all(&self.file, bytes, is_cancelled).map_err(|error| self.error(&error))
    }

    fn error(&self, error: &io::Error) -> ShellError {
        file_error(&format!("`{}`", self.name), error)
    }

    /// Replaces the target after the command succeeded.
    ///
    /// # Errors
    /// The target cannot be replaced; it stays as it was.
    pub fn commit(mut self) -> Result<(), ShellError> {
        let Some(staged) = self.staged.take() else { return Ok(()) };
        fs::rename(&staged.temporary, &staged.target).map_err(|error| {
            remove(&staged.temporary);
            self.error(&error)
        })
    }
}

/// A sink that was not committed leaves nothing behind.
impl Drop for FileSink {
    fn drop(&mut self) {
        if let Some(staged) = &self.staged {
            remove(&staged.temporary);
        }
    }
}

fn temporary_path(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{:08x}.tmp", fastrand::u32(..)))
}

fn remove(temporary: &Path) {
    // A leftover holds only the output of a failed command.
    fs::remove_file(temporary).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_at_the_end_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let name = path.to_str().unwrap();
        fs::write(&path, "old").unwrap();
        let mut sink = FileSink::open(name, false, &|| false).unwrap();
        sink.write(b"half", &|| false).unwrap();
        drop(sink);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut sink = FileSink::open(name, false, &|| false).unwrap();
        sink.write(b"new\xff", &|| false).unwrap();
        sink.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new\xff");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn appending_and_devices_write_the_file_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for line in ["1", "2"] {
            let mut sink = FileSink::open(path.to_str().unwrap(), true, &|| false).unwrap();
            sink.write(line.as_bytes(), &|| false).unwrap();
            sink.commit().unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"12");
        let mut sink = FileSink::open("/dev/null", false, &|| false).unwrap();
        sink.write(b"x", &|| false).unwrap();
        sink.commit().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_link_stays_a_link_and_a_missing_folder_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut sink = FileSink::open(link.to_str().unwrap(), false, &|| false).unwrap();
        sink.write(b"new", &|| false).unwrap();
        sink.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        let missing = dir.path().join("no/out");
        let message = FileSink::open(missing.to_str().unwrap(), false, &|| false).err().unwrap().message;
        assert!(message.ends_with("no such file or directory"), "{message}");
    }
}
