//! The lines that wait to be written to one client. A slow reader never slows a call, and one that does not read at all
//! is dropped.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::stream::Stream;
use crate::locks::{Condvar, Mutex, Rank};

/// The most bytes that wait for one client; one line may be longer where nothing else waits.
pub const WAITING_BYTES_MAX: usize = 8 << 20;
/// How long a session waits for a client that does not read, before the client is dropped.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long what is written last may wait for the reader: the farewell of one that is dropped, or the rest of a queue
/// that is closed.
const LAST_WORDS_MAX: Duration = Duration::from_secs(5);
/// Interval at which a write that waits for the reader looks whether it is given up.
pub const WRITE_STEP: Duration = Duration::from_millis(250);

/// The queue between those who write and the thread that writes to the stream.
pub struct Outbox {
    state: Mutex<Queue>,
    changed: Condvar,
    client: OnceLock<Reader>,
}

/// The end of the stream that the client reads.
struct Reader {
    /// Closed where what waits is given up: a write that waits for the reader ends then.
    stream: Stream,
    /// The last line to one that is dropped.
    farewell: Vec<u8>,
}

#[derive(Default)]
struct Queue {
    /// The rest of a line that the client has a part of.
    begun: Option<Vec<u8>>,
    lines: VecDeque<Vec<u8>>,
    /// The bytes of both.
    bytes: usize,
    phase: Phase,
    writer: Writer,
}

/// The state of the thread that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Writer {
    /// Nothing: whoever sends a line may write it.
    #[default]
    Idle,
    Writing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Open,
    /// Waiting lines are still written, until then.
    Closing(Instant),
    Closed,
    /// Closed because the client did not read. The line that is being written and the farewell have time until then.
    Dropped(Instant),
}

/// A writer's way on where the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Waits for the reader, a session for its own client alone.
    Wait,
    /// Drops the client.
    Drop,
}

/// The client is gone, or was dropped now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl Default for Outbox {
    fn default() -> Self {
        let state = Mutex::new(Rank::Outbox, Queue::default());
        Outbox { state, changed: Condvar::new(), client: OnceLock::new() }
    }
}

impl Outbox {
    /// Sends a line: written at once where nothing waits and the client takes it, else queued.
    ///
    /// # Errors
    /// The client is gone, or is dropped because it does not read.
    pub fn send(&self, line: Vec<u8>, on_full: OnFull) -> Result<(), Gone> {
        let mut state = self.state.lock();
        let until = Instant::now() + PATIENCE;
        while state.phase == Phase::Open && state.bytes > 0 && state.bytes + line.len() > WAITING_BYTES_MAX {
            let timed_out = on_full == OnFull::Drop || self.changed.wait_until(&mut state, until).timed_out();
            if timed_out && state.bytes + line.len() > WAITING_BYTES_MAX {
                self.drop_client(&mut state);
            }
        }
        if state.phase != Phase::Open {
            return Err(Gone);
        }
        let written = self.write_now(&state, &line);
        if written == line.len() {
            return Ok(());
        }
        state.bytes += line.len() - written;
        match written {
            0 => state.lines.push_back(line),
            _ => state.begun = line.get(written..).map(<[u8]>::to_vec),
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Gives up what waits, but for the line that is being written and a last one.
    fn drop_client(&self, state: &mut Queue) {
        let begun = state.begun.take();
        state.end(Phase::Dropped(Instant::now() + LAST_WORDS_MAX));
        state.begun = begun;
        state.lines.extend(self.client.get().map(|client| client.farewell.clone()));
        self.changed.notify_all();
    }

    /// Writes as much of a line as the client takes at once; returns how many bytes. That spares the hop to the thread.
    fn write_now(&self, state: &Queue, line: &[u8]) -> usize {
        match self.client.get() {
            Some(client) if state.bytes == 0 && state.writer == Writer::Idle => client.stream.write_now(line),
            _ => 0,
        }
    }

    /// Ends the queue once what waits is written.
    pub fn close(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing(Instant::now() + LAST_WORDS_MAX);
        }
        self.changed.notify_all();
    }

    /// Ends the queue at once.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.end(Phase::Closed);
            self.give_up();
        }
    }

    /// Wakes who waits, and ends a write that waits for the reader.
    fn give_up(&self) {
        self.changed.notify_all();
        if let Some(client) = self.client.get() {
            client.stream.close();
        }
    }

    /// Whether the client was dropped because it did not read.
    pub fn was_dropped(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Dropped(_))
    }

    /// Whether the client still reads, though it may say nothing more.
    pub fn is_read(&self) -> bool {
        self.client.get().is_some_and(|client| !client.stream.is_hung_up())
    }

    /// Whether nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.state.lock().phase != Phase::Open
    }

    /// Sets the stream that is closed when what waits is given up, and the last line to a client that is dropped.
    pub fn set_stream(&self, stream: Stream, farewell: Vec<u8>) {
        // A connection has one.
        self.client.set(Reader { stream, farewell }).ok();
    }

    /// Writes what is queued until the queue ends; on the thread of its own that a connection has for it.
    pub fn write_to(&self, stream: &mut Stream) {
        while let Some(line) = self.next() {
            if self.write_line(stream, &line).is_err() {
                self.abandon();
                break;
            }
        }
        stream.close();
    }

    /// Writes a line, which waits for the reader while the queue is not given up.
    fn write_line(&self, stream: &mut Stream, mut line: &[u8]) -> io::Result<()> {
        while !line.is_empty() {
            match stream.write(line) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => line = line.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The stream's own timeout, `WRITE_STEP`.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && !self.is_given_up() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_given_up(&self) -> bool {
        match self.state.lock().phase {
            Phase::Open => false,
            Phase::Closing(until) | Phase::Dropped(until) => Instant::now() >= until,
            Phase::Closed => true,
        }
    }

    /// The next line, awaited; `None` at the end.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state.lock();
        state.writer = Writer::Idle;
        loop {
            if let Some(line) = state.begun.take().or_else(|| state.lines.pop_front()) {
                state.writer = Writer::Writing;
                state.bytes = state.bytes.saturating_sub(line.len());
                self.changed.notify_all();
                return Some(line);
            }
            if state.phase != Phase::Open {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }
}

impl Queue {
    fn end(&mut self, phase: Phase) {
        self.phase = phase;
        self.begun = None;
        self.lines.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_does_not_read_is_dropped() {
        let outbox = Outbox::default();
        outbox.send(vec![0; WAITING_BYTES_MAX + 1], OnFull::Drop).unwrap();
        assert_eq!(outbox.send(vec![0], OnFull::Drop), Err(Gone));
        assert!(outbox.was_dropped() && outbox.next().is_none());
    }

    #[test]
    fn one_that_is_dropped_and_reads_again_is_told_why() {
        let (server, mut client) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut stream = Stream::Socket(server);
        stream.set_write_timeout(Some(WRITE_STEP)).unwrap();
        let outbox = Outbox::default();
        outbox.set_stream(stream.try_clone().unwrap(), b"farewell\n".to_vec());
        let long = [vec![b'x'; WAITING_BYTES_MAX], vec![b'\n']].concat();
        let read = std::thread::scope(|scope| {
            // Too long for the socket: the rest of it waits, in the queue or with the thread that writes.
            outbox.send(long.clone(), OnFull::Drop).unwrap();
            while outbox.send(b"lost\n".repeat(100_000), OnFull::Drop).is_ok() {}
            scope.spawn(|| outbox.write_to(&mut stream));
            let mut read = Vec::new();
            io::Read::read_to_end(&mut client, &mut read).unwrap();
            read
        });
        assert!(outbox.was_dropped());
        let (said, farewell) = (read.get(..long.len()), read.get(long.len()..));
        assert!(said == Some(&long[..]), "the line that was begun is whole");
        assert!(farewell.is_some_and(|farewell| farewell == b"farewell\n"), "{} bytes", read.len());
    }

    #[test]
    fn what_waits_is_written_before_the_end() {
        let outbox = Outbox::default();
        outbox.send(vec![1], OnFull::Wait).unwrap();
        outbox.close();
        assert_eq!(
            (outbox.send(vec![2], OnFull::Wait), outbox.next(), outbox.next()),
            (Err(Gone), Some(vec![1]), None)
        );
        assert!(!outbox.was_dropped());
    }
}
