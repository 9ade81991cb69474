//! Core dumps of traps, as files: each is whole, or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::view::ProcessLabel;
use crate::leftovers::Entry;
use crate::text::io_cause;

/// Most dumps of one session.
const DUMPS_MAX: usize = 100;
/// Most names that are tried for one dump, as those of earlier sessions are there.
const NAMES_MAX: u32 = 1000;

/// Why a dump was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DumpError {
    /// The system's reason, with the dump that was wanted.
    Unwritten { path: PathBuf, cause: String },
    /// The trap was on a node, which sends no dumps.
    OnNode { process: ProcessLabel, node: String },
    /// The directory has a dump by each name that was tried for the process.
    NoName { dir: PathBuf, process: String },
}

/// The directory of the dumps, and how many were written.
pub struct CoreDumps {
    dir: PathBuf,
    /// Dumps that were written, and those that are being written.
    written: AtomicUsize,
    /// The number of the next temporary file.
    next_temporary: AtomicUsize,
}

impl CoreDumps {
    /// Dumps into a directory.
    pub fn into(dir: PathBuf) -> CoreDumps {
        CoreDumps { dir, written: AtomicUsize::new(0), next_temporary: AtomicUsize::new(0) }
    }

    /// Writes one dump, which nobody but the user can read. Returns its path; `None` after [`DUMPS_MAX`] dumps were
    /// written. A dump that fails leaves no file and counts as none.
    ///
    /// # Errors
    /// The file cannot be written, or all of its names are taken.
    pub fn write(&self, process: &ProcessLabel, seq: Option<u64>, bytes: &[u8]) -> Result<Option<PathBuf>, DumpError> {
        self.write_with(process, seq, |file| file.write_all(bytes))
    }

    fn write_with(
        &self,
        process: &ProcessLabel,
        seq: Option<u64>,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<Option<PathBuf>, DumpError> {
        if self.written.fetch_add(1, Ordering::Relaxed) >= DUMPS_MAX {
            self.written.fetch_sub(1, Ordering::Relaxed);
            return Ok(None);
        }
        let call = seq.map_or_else(|| "start".to_owned(), |seq| seq.to_string());
        let written = self.write_whole(&process.name, &call, fill);
        if written.is_err() {
            self.written.fetch_sub(1, Ordering::Relaxed);
        }
        written.map(Some)
    }

    /// Writes a temporary file, then gives it the first free name.
    fn write_whole(
        &self,
        name: &str,
        call: &str,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<PathBuf, DumpError> {
        let failed =
            |path: &Path, error: &io::Error| DumpError::Unwritten { path: path.to_owned(), cause: io_cause(error) };
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = Temporary::new(self.dir.join(format!(".{}-{number}.partial", std::process::id())));
        // Errors name the dump that was wanted: the temporary file is gone when they are read.
        let wanted = self.dir.join(format!("{name}-{call}.core"));
        temporary.create().and_then(|mut file| fill(&mut file)).map_err(|error| failed(&wanted, &error))?;
        for attempt in 1..=NAMES_MAX {
            let more = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let path = self.dir.join(format!("{name}-{call}{more}.core"));
            match temporary.link(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, &error)),
            }
        }
        Err(DumpError::NoName { dir: self.dir.clone(), process: name.to_owned() })
    }
}

/// A file that is removed on drop, and when a signal ends the program.
struct Temporary {
    path: PathBuf,
    _entry: Entry,
}

impl Temporary {
    fn new(path: PathBuf) -> Temporary {
        let _entry = Entry::file(&path);
        Temporary { path, _entry }
    }

    fn create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }

    /// Gives the file a second name, which is an error where there is such a file: `rename` would replace it.
    fn link(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, path) {
            // Some file systems have no hard links.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                if path.try_exists()? {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                fs::rename(&self.path, path)
            }
            linked => linked,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The file was renamed, or could not be created.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_dump_that_fails_half_way_leaves_no_file_and_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let dumps = CoreDumps::into(dir.path().to_owned());
        let tax = ProcessLabel { id: 1, name: "tax".into() };
        for _ in 0..=DUMPS_MAX {
            let half = |file: &mut File| {
                file.write_all(b"half")?;
                Err(ErrorKind::StorageFull.into())
            };
            let why = dumps.write_with(&tax, Some(7), half).unwrap_err();
            assert!(matches!(&why, DumpError::Unwritten { path, .. } if path.ends_with("tax-7.core")), "{why:?}");
        }
        assert_eq!(names(dir.path()), [""; 0]);
        let first = dumps.write(&tax, Some(7), b"whole").unwrap().expect("failures do not count");
        assert_eq!(fs::read(&first).unwrap(), b"whole");
        dumps.write(&tax, Some(7), b"other").unwrap();
        dumps.write(&tax, None, b"start").unwrap();
        assert_eq!(names(dir.path()), ["tax-7-2.core", "tax-7.core", "tax-start.core"]);
        assert_eq!(fs::read(first).unwrap(), b"whole", "an earlier dump stays");
    }

    #[test]
    fn dumps_end_at_their_bound() {
        let dir = tempfile::tempdir().unwrap();
        let dumps = CoreDumps::into(dir.path().to_owned());
        let tax = ProcessLabel { id: 1, name: "tax".into() };
        for seq in 0..DUMPS_MAX as u64 {
            assert!(dumps.write(&tax, Some(seq), b"").unwrap().is_some());
        }
        assert_eq!(dumps.write(&tax, Some(1), b"").unwrap(), None);
        assert_eq!(names(dir.path()).len(), DUMPS_MAX);
    }
}
