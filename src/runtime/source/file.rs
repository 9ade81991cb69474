//! Bounded reads of regular files, and stamps that tell whether a file has changed since.
//!
//! Other files are never read: a FIFO would block, a device would never end.

use crate::text::io_cause;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::failure::{self, failure_about};
use crate::runtime::Failure;

/// A file changed less than this before it was read may change again within the same tick of the filesystem's clock.
const RACY_WINDOW: Duration = Duration::from_millis(50);

/// A file's bytes and its state when they were read.
#[derive(Debug)]
pub(super) struct FileBytes {
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: Stamp,
}

/// The identity of a file's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64, i64, i64),
    /// False when the file was too young to trust its time.
    settled: bool,
    /// SHA-256 of the bytes that were read of such a young file.
    digest: Option<[u8; 32]>,
}

impl Stamp {
    fn new(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        // A time in the future is trusted too: a change sets the present time.
        let age = |at: SystemTime| at.elapsed().unwrap_or_else(|ahead| ahead.duration());
        let settled = modified.is_some_and(|at| age(at) >= RACY_WINDOW);
        Stamp { length: metadata.len(), modified, identity: identity(metadata), settled, digest: None }
    }

    /// True when the file at `path` is the one that was stamped, unchanged. Costs one `stat`.
    pub(super) fn still_holds(&self, path: &Path) -> bool {
        self.settled
            && path.metadata().is_ok_and(|metadata| {
                self.length == metadata.len()
                    && self.modified == metadata.modified().ok()
                    && self.identity == identity(&metadata)
            })
    }
}

impl Stamp {
    /// The state of the file at `path`; `None` when there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|metadata| Stamp::new(&metadata))
    }

    /// True when the file at `path` has the bytes that were read. A file with a digest is read again.
    pub(super) fn has_same_bytes(&self, path: &Path) -> bool {
        match &self.digest {
            None => self.still_holds(path),
            Some(digest) => read(path, self.length).is_ok_and(|now| Sha256::digest(&now.bytes).as_slice() == digest),
        }
    }

    /// Whether both stamps are of one state of the file.
    pub(super) fn is_same_state(&self, other: &Stamp) -> bool {
        (self.length, self.modified, self.identity) == (other.length, other.modified, other.identity)
    }

    /// False when the file was too young to trust its time.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// True when `path` names the stamped file itself: a link that stood there during the read would have led
    /// elsewhere.
    pub(super) fn lies_at(&self, path: &Path) -> bool {
        let is_resolved = path.canonicalize().is_ok_and(|resolved| resolved == path);
        is_resolved && path.symlink_metadata().is_ok_and(|metadata| self.identity == identity(&metadata))
    }
}

/// Reads a regular file of at most `bytes_max` bytes. The error names the path.
///
/// # Errors
/// The file cannot be read, is not regular, or is over `bytes_max`; the failure names the path.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<FileBytes, Failure> {
    let shown = failure::quoted(&path.to_string_lossy());
    let fails = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => failure_about("no file ", &shown, ""),
        _ => failure_about("cannot read ", &shown, format!(": {}", io_cause(&error))),
    };
    check_kind(&path.metadata().map_err(fails)?, &shown)?;
    let file = open(path).map_err(fails)?;
    // The open file is checked again: the path may have been replaced in between.
    let metadata = file.metadata().map_err(fails)?;
    check_kind(&metadata, &shown)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(bytes_max)).unwrap_or_default());
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(fails)?;
    if bytes.len() as u64 > bytes_max {
        let limit = bytes_max / (1024 * 1024);
        let why = format!(" is larger than {limit} MiB, the most that is read of such a file");
        return Err(failure_about("", &shown, why));
    }
    let mut stamp = Stamp::new(&metadata);
    stamp.digest = (!stamp.settled).then(|| Sha256::digest(&bytes).into());
    Ok(FileBytes { bytes, stamp })
}

fn check_kind(metadata: &Metadata, shown: &str) -> Result<(), Failure> {
    if metadata.is_dir() {
        return Err(failure_about("", shown, " is a directory"));
    }
    if !metadata.is_file() {
        return Err(failure_about("", shown, " is not a regular file"));
    }
    Ok(())
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // A FIFO that has taken the file's place must not block the open.
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// The absolute path, which a change of the working directory does not affect.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{RACY_WINDOW, read};
    use std::fs::File;
    use std::path::Path;
    use std::time::SystemTime;

    /// Makes the file old enough to be trusted.
    fn age(path: &Path) {
        let then = SystemTime::now() - RACY_WINDOW * 100;
        File::options().write(true).open(path).and_then(|file| file.set_modified(then)).expect("an old file");
    }

    #[test]
    fn a_stamp_holds_until_the_file_changes() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x");
        std::fs::write(&path, "one").expect("written");
        assert!(!read(&path, 9).expect("read").stamp.still_holds(&path), "too young to trust");
        age(&path);
        let stamp = read(&path, 9).expect("read").stamp;
        assert!(stamp.still_holds(&path));
        std::fs::write(&path, "two").expect("written");
        assert!(!stamp.still_holds(&path));
        std::fs::remove_file(&path).expect("removed");
        assert!(!stamp.still_holds(&path));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_lies_where_no_link_leads_to_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("a path");
        let (granted, secret) = (root.join("granted"), root.join("secret"));
        std::fs::write(&secret, "secret").expect("written");
        std::os::unix::fs::symlink(&secret, &granted).expect("a link");
        let stamp = read(&granted, 9).expect("read").stamp;
        assert!(!stamp.lies_at(&granted), "it was read through a link");
        std::fs::remove_file(&granted).expect("removed");
        std::fs::write(&granted, "mine").expect("written");
        assert!(!stamp.lies_at(&granted), "the link is gone again");
        assert!(read(&granted, 9).expect("read").stamp.lies_at(&granted));
    }

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let message = |path: &Path, bytes_max| read(path, bytes_max).expect_err("refused").message;
        assert!(message(dir.path(), 9).ends_with("is a directory"));
        assert!(message(&dir.path().join("none"), 9).starts_with("no file `"));
        let path = dir.path().join("x");
        std::fs::write(&path, "four").expect("written");
        assert_eq!(read(&path, 4).expect("just fits").bytes, b"four");
        assert!(message(&path, 3).contains("larger than"));
        #[cfg(unix)]
        assert!(message(Path::new("/dev/null"), 9).ends_with("is not a regular file"));
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_is_refused_at_once() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("fifo");
        let c_path = std::ffi::CString::new(path.as_os_str().as_bytes()).expect("no NUL");
        // SAFETY: the path is a NUL-terminated string that lives through the call.
        assert_eq!(unsafe { libc::mkfifo(c_path.as_ptr(), 0o600) }, 0);
        assert!(read(&path, 9).expect_err("refused").message.ends_with("is not a regular file"));
    }
}
