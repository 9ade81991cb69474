//! Core dumps of traps, as files.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::view::ProcessLabel;
use crate::text::io_cause;

/// Most dumps of one session.
const DUMPS_MAX: usize = 100;
/// Most names that are tried for one dump, as those of earlier sessions are there.
const NAMES_MAX: u32 = 1000;

/// The directory of the dumps, and how many were written.
pub struct CoreDumps {
    dir: PathBuf,
    written: AtomicUsize,
}

impl CoreDumps {
    /// Dumps into a directory.
    pub fn into(dir: PathBuf) -> CoreDumps {
        CoreDumps { dir, written: AtomicUsize::new(0) }
    }

    /// Writes one dump, which nobody but the user can read. Returns its path; `None` after [`DUMPS_MAX`].
    ///
    /// # Errors
    ///
    /// The cause, with the path.
    pub fn write(&self, process: &ProcessLabel, seq: Option<u64>, bytes: &[u8]) -> Result<Option<PathBuf>, String> {
        if self.written.fetch_add(1, Ordering::Relaxed) >= DUMPS_MAX {
            return Ok(None);
        }
        let call = seq.map_or_else(|| "start".to_owned(), |seq| seq.to_string());
        for attempt in 1..=NAMES_MAX {
            let more = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let path = self.dir.join(format!("{}-{call}{more}.core", process.name));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&path).and_then(|mut file| file.write_all(bytes)) {
                Ok(()) => return Ok(Some(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("`{}`: {}", path.display(), io_cause(&error))),
            }
        }
        Err(format!("`{}` has too many dumps of `{}`", self.dir.display(), process.name))
    }
}
