//! The output of a child process: kept whole, or handed on as it comes with its beginning kept.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// The most bytes of an output that is handed on which are kept: its first ones.
pub const KEPT_BYTES_MAX: usize = 16 << 20;
/// Interval at which a reader checks whether its program has ended.
const CHECK_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
const CHUNK_BYTES: usize = 64 << 10;

/// A writer that takes a program's output.
pub type Writer = Box<dyn Write + Send>;

/// The use of a program's output.
pub enum OutputUse {
    /// The output is kept up to so many bytes; after them the program's next write fails.
    Kept(u64),
    /// The output goes to a writer as it comes, and its first [`KEPT_BYTES_MAX`] bytes are kept.
    HandedOn(Writer),
}

/// The bytes of a stream that are kept, or the error of reading or of handing on.
type KeptOutput = io::Result<Vec<u8>>;

/// A thread that reads one stream of a program.
pub struct OutputReader {
    kept: Receiver<KeptOutput>,
    keeps_all: bool,
    has_ended: Arc<AtomicBool>,
}

impl OutputReader {
    /// Starts the thread that reads `stream` to its end.
    pub fn start(stream: impl Into<OwnedFd>, used: OutputUse) -> OutputReader {
        let stream = File::from(stream.into());
        let keeps_all = matches!(used, OutputUse::Kept(_));
        let (sender, kept) = mpsc::channel();
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        thread::spawn(move || match used {
            OutputUse::Kept(bytes_max) => {
                let mut bytes = Vec::new();
                let read = stream.take(bytes_max).read_to_end(&mut bytes);
                sender.send(read.map(|_| bytes)).ok();
            }
            OutputUse::HandedOn(to) => HandOver { kept: Some((Vec::new(), sender)), to }.run(stream, &ended),
        });
        OutputReader { kept, keeps_all, has_ended }
    }

    /// Whether the stream is kept and not handed on: the command's value.
    pub fn keeps_all(&self) -> bool {
        self.keeps_all
    }

    /// Says that the program has ended: output that its descendants write later is handed on, and nobody waits for it.
    pub fn program_ended(&self) {
        self.has_ended.store(true, Ordering::Release);
    }

    /// Receives the kept bytes once all has come, or the error of reading or of handing on.
    pub fn kept(&self) -> &Receiver<KeptOutput> {
        &self.kept
    }
}

/// The state of a stream that is handed on.
struct HandOver {
    /// The kept bytes, and who waits for them; `None` once they are sent.
    kept: Option<(Vec<u8>, Sender<KeptOutput>)>,
    to: Writer,
}

impl HandOver {
    fn run(mut self, stream: File, has_ended: &AtomicBool) {
        let ended = self.copy(stream, has_ended).and_then(|()| self.to.flush());
        self.answer(ended);
    }

    /// Copies up to the stream's end. An error closes the stream, which ends a program that goes on writing.
    fn copy(&mut self, mut stream: File, has_ended: &AtomicBool) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            // Read before the poll: what the program wrote before its end is in the pipe then.
            let was_ended = has_ended.load(Ordering::Acquire);
            let step = self.kept.is_some().then_some(&CHECK_INTERVAL);
            match poll(&mut [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN)], step) {
                Ok(0) if was_ended => {
                    let flushed = self.to.flush();
                    self.answer(flushed);
                    continue;
                }
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let bytes = match stream.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => chunk.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.to.write_all(bytes)?;
            if let Some((kept, _)) = &mut self.kept {
                let room = KEPT_BYTES_MAX.saturating_sub(kept.len());
                kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
        }
    }

    /// Sends the kept bytes, once.
    fn answer(&mut self, result: io::Result<()>) {
        if let Some((kept, sender)) = self.kept.take() {
            // The receiver is gone after Ctrl-C.
            sender.send(result.map(|()| kept)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Sent(Sender<Vec<u8>>);

    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map(|()| bytes.len()).map_err(io::Error::other)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_is_handed_on_and_the_beginning_kept() {
        let (reader, mut writer) = io::pipe().unwrap();
        let to = Memory::default();
        let output = OutputReader::start(reader, OutputUse::HandedOn(Box::new(to.clone())));
        let bytes: Vec<u8> = (0..KEPT_BYTES_MAX + 1000).map(|n| (n % 251) as u8).collect();
        writer.write_all(&bytes).unwrap();
        drop(writer);
        let kept = output.kept().recv().unwrap().unwrap();
        assert!(kept == bytes[..KEPT_BYTES_MAX]);
        assert!(*to.0.lock() == bytes);
    }

    #[test]
    fn descendants_that_keep_a_stream_open_are_not_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        let (to, handed_on) = mpsc::channel();
        let output = OutputReader::start(reader, OutputUse::HandedOn(Box::new(Sent(to))));
        writer.write_all(b"before").unwrap();
        output.program_ended();
        assert_eq!(output.kept().recv().unwrap().unwrap(), b"before");
        writer.write_all(b"after").unwrap();
        assert_eq!(handed_on.iter().take(2).collect::<Vec<_>>(), [&b"before"[..], b"after"]);
    }

    #[test]
    fn a_writer_that_fails_closes_the_stream() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (reader, mut writer) = io::pipe().unwrap();
        let output = OutputReader::start(reader, OutputUse::HandedOn(Box::new(Closed)));
        writer.write_all(b"x").unwrap();
        assert_eq!(output.kept().recv().unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
