//! `> FILE` and `>> FILE`: output into a file that is replaced only when the command succeeded.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::reply::ShellError;
use super::session::io_cause;

/// A file that is being written.
pub struct FileSink {
    /// As it was written on the line, for messages.
    name: String,
    file: File,
    /// The file beside the target that takes its place at the end; `None`: the target itself is written
    /// (`>>`, devices, pipes).
    staged: Option<Staged>,
}

struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl FileSink {
    /// Opens `> name`, or `>> name`.
    pub fn open(name: &str, append: bool) -> Result<FileSink, ShellError> {
        FileSink::try_open(name, append).map_err(|error| file_error(name, &error))
    }

    fn try_open(name: &str, append: bool) -> io::Result<FileSink> {
        // Through symbolic links, so that a link stays a link.
        let target = fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
        let existing = fs::metadata(&target).ok();
        if append || existing.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            let file = OpenOptions::new().create(append).append(append).write(true).open(&target)?;
            return Ok(FileSink { name: name.to_owned(), file, staged: None });
        }
        if existing.is_some() {
            // A file that may not be written is not replaced either.
            OpenOptions::new().write(true).open(&target)?;
        }
        let temporary = temporary_beside(&target);
        let file = OpenOptions::new().create_new(true).write(true).open(&temporary)?;
        if let Some(metadata) = existing {
            file.set_permissions(metadata.permissions())?;
        }
        Ok(FileSink { name: name.to_owned(), file, staged: Some(Staged { temporary, target }) })
    }

    /// Writes on.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ShellError> {
        self.file.write_all(bytes).map_err(|error| file_error(&self.name, &error))
    }

    /// The command succeeded: the file takes its place.
    pub fn commit(mut self) -> Result<(), ShellError> {
        let Some(staged) = self.staged.take() else { return Ok(()) };
        fs::rename(&staged.temporary, &staged.target).map_err(|error| {
            remove(&staged.temporary);
            file_error(&self.name, &error)
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

fn temporary_beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{:08x}.tmp", fastrand::u32(..)))
}

fn remove(temporary: &Path) {
    // Nothing is lost when it stays: it holds what a failed command wrote.
    fs::remove_file(temporary).ok();
}

fn file_error(name: &str, error: &io::Error) -> ShellError {
    ShellError::failed(format!("`{name}`: {}", io_cause(error)))
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
        let mut sink = FileSink::open(name, false).unwrap();
        sink.write(b"half").unwrap();
        drop(sink);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut sink = FileSink::open(name, false).unwrap();
        sink.write(b"new\xff").unwrap();
        sink.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new\xff");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn appending_and_devices_write_the_file_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for line in ["1", "2"] {
            let mut sink = FileSink::open(path.to_str().unwrap(), true).unwrap();
            sink.write(line.as_bytes()).unwrap();
            sink.commit().unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"12");
        let mut sink = FileSink::open("/dev/null", false).unwrap();
        sink.write(b"x").unwrap();
        sink.commit().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_link_stays_a_link_and_a_missing_folder_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut sink = FileSink::open(link.to_str().unwrap(), false).unwrap();
        sink.write(b"new").unwrap();
        sink.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        let missing = dir.path().join("no/out");
        let message = FileSink::open(missing.to_str().unwrap(), false).err().unwrap().message;
        assert!(message.ends_with("no such file or directory"), "{message}");
    }
}
