//! The map of compiled functions for Linux's `perf`, which wasmtime writes to a file of its own for each process.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use wasmtime::ProfilingStrategy;

use crate::runtime::{Failure, FailureKind};
use crate::text::io_cause;

/// The strategy of engines whose functions stand in the map.
pub const PERF_MAP: ProfilingStrategy = ProfilingStrategy::PerfMap;

/// The file of this process: where `perf` looks for it, and wasmtime writes it.
pub fn path() -> PathBuf {
    PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()))
}

/// Makes the file, once in a process: wasmtime appends to the one that it finds, and an ended process with the same id
/// may have left one.
///
/// # Errors
///
/// The file cannot be made.
pub fn prepare() -> Result<(), Failure> {
    static MADE: OnceLock<Result<(), Failure>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let path = path();
        make(&path).map_err(|error| {
            let why = format!("cannot make the perf map `{}`: {}", path.display(), io_cause(&error));
            Failure::new(FailureKind::Load, why)
        })
    });
    made.clone()
}

/// Makes an empty file that belongs to the user, as `perf` demands; a link in its place is not followed.
fn make(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_process_gives_way_and_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("perf-1.map");
        fs::write(&path, "1000 10 old\n").unwrap();
        make(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        #[cfg(unix)]
        {
            let other = dir.path().join("other");
            fs::write(&other, "kept").unwrap();
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(&other, &path).unwrap();
            make(&path).unwrap();
            assert_eq!(fs::read(&other).unwrap(), b"kept");
            assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
        }
        assert!(make(&dir.path().join("no/perf-1.map")).is_err());
    }
}
