//! Cancellable reads and writes of FIFOs, terminals and pipes: a wait checks for a cancel at short intervals, and then
//! fails with the kind `Interrupted`. Regular files never wait.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Interval at which a wait checks for a cancel.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
const CHUNK_BYTES: usize = 64 * 1024;

/// Returns true when a wait must end.
pub type IsCancelled<'a> = &'a dyn Fn() -> bool;

/// Opens a file to be read by [`read_to_end`].
///
/// # Errors
/// The file cannot be opened, or the wait was cancelled.
pub fn open(path: &Path) -> io::Result<File> {
    // A non-blocking FIFO opens without a writer: the wait for a writer is a wait for bytes.
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// Reads a file up to `bytes_max` bytes, and one byte more where the file is longer.
///
/// # Errors
/// The file cannot be read, or the wait was cancelled.
pub fn read_to_end(file: &File, bytes_max: u64, is_cancelled: IsCancelled<'_>) -> io::Result<Vec<u8>> {
    if file.metadata()?.is_file() {
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    read_stream(file.as_fd(), bytes_max, is_cancelled)
}

/// Reads an open stream to its end, bounded as by [`read_to_end`].
///
/// # Errors
/// The stream cannot be read, or the wait was cancelled.
pub fn read_stream(stream: BorrowedFd<'_>, bytes_max: u64, is_cancelled: IsCancelled<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    while bytes.len() as u64 <= bytes_max {
        wait_until_ready(stream, PollFlags::IN, is_cancelled)?;
        match rustix::io::read(stream, chunk.as_mut_slice()) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(bytes)
}

/// A reader of a stream; its reads fail after a cancel.
pub struct CancellableReader<'a> {
    stream: BorrowedFd<'a>,
    is_cancelled: IsCancelled<'a>,
}

impl<'a> CancellableReader<'a> {
    /// A reader of `stream` whose reads end with an error once `is_cancelled` is true.
    pub fn new(stream: BorrowedFd<'a>, is_cancelled: IsCancelled<'a>) -> CancellableReader<'a> {
        CancellableReader { stream, is_cancelled }
    }
}

impl Read for CancellableReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            // The kind is changed: `Interrupted` makes callers of `Read` try again.
            wait_until_ready(self.stream, PollFlags::IN, self.is_cancelled).map_err(io::Error::other)?;
            match rustix::io::read(self.stream, &mut *to) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                read => return Ok(read?),
            }
        }
    }
}

/// Opens a file to be written by [`write_all`]; waits for the reader of a FIFO.
///
/// # Errors
/// The file cannot be opened, or the wait was cancelled.
pub fn open_to_write(path: &Path, options: &OpenOptions, is_cancelled: IsCancelled<'_>) -> io::Result<File> {
    let mut options = options.clone();
    options.custom_flags(libc::O_NONBLOCK);
    loop {
        match options.open(path) {
            // A FIFO without a reader.
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => pause(is_cancelled)?,
            opened => return opened,
        }
    }
}

/// Writes all bytes.
///
/// # Errors
/// The stream cannot be written, or the wait was cancelled.
pub fn write_all(mut file: &File, bytes: &[u8], is_cancelled: IsCancelled<'_>) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        match file.write(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait_until_ready(file.as_fd(), PollFlags::OUT, is_cancelled)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until a read or write would not block.
fn wait_until_ready(stream: BorrowedFd<'_>, wanted: PollFlags, is_cancelled: IsCancelled<'_>) -> io::Result<()> {
    let step = Timespec { tv_sec: 0, tv_nsec: CHECK_INTERVAL.as_nanos() as _ };
    loop {
        if is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match poll(&mut [PollFd::from_borrowed_fd(stream, wanted)], Some(&step)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn pause(is_cancelled: IsCancelled<'_>) -> io::Result<()> {
    if is_cancelled() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    thread::sleep(CHECK_INTERVAL);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn fifo() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        (dir, path)
    }

    /// False twice, then true.
    fn cancels_at_third_check() -> impl Fn() -> bool {
        let checks = Cell::new(0);
        move || checks.replace(checks.get() + 1) >= 2
    }

    #[test]
    fn nobody_waits_for_a_fifo_for_ever() {
        let (_dir, path) = fifo();
        let is_interrupted =
            |result: io::Result<()>| assert_eq!(result.unwrap_err().kind(), io::ErrorKind::Interrupted);
        is_interrupted(read_to_end(&open(&path).unwrap(), 10, &cancels_at_third_check()).map(drop));
        is_interrupted(open_to_write(&path, OpenOptions::new().write(true), &cancels_at_third_check()).map(drop));
        let reader = open(&path).unwrap();
        let writer = open_to_write(&path, OpenOptions::new().write(true), &|| false).unwrap();
        is_interrupted(write_all(&writer, &vec![0; 1 << 22], &cancels_at_third_check()));
        drop(reader);
    }

    #[test]
    fn what_goes_through_a_fifo_comes_whole() {
        let (_dir, path) = fifo();
        let sent: Vec<u8> = (0..1 << 20).map(|n| (n % 251) as u8).collect();
        let (to, bytes) = (path.clone(), sent.clone());
        let writer = thread::spawn(move || {
            let file = open_to_write(&to, OpenOptions::new().write(true), &|| false).unwrap();
            write_all(&file, &bytes, &|| false).unwrap();
        });
        assert!(read_to_end(&open(&path).unwrap(), 1 << 30, &|| false).unwrap() == sent);
        writer.join().unwrap();
    }

    #[test]
    fn one_byte_more_says_that_there_is_more() {
        let zero = open(Path::new("/dev/zero")).unwrap();
        assert!(read_to_end(&zero, 100, &|| false).unwrap().len() > 100);
    }
}
