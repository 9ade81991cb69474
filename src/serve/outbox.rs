//! The lines that wait to be written to one client. A slow reader never slows a call, and one that does not read at all
//! is dropped.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::stream::Stream;

/// The most bytes that wait for one client; one line may be longer where nothing else waits.
pub const WAITING_BYTES_MAX: usize = 8 << 20;
/// How long a session waits for a client that does not read, before the client is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// The queue between those who write and the thread that writes to the stream.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<Queue>,
    changed: Condvar,
    /// The stream, closed where what waits is given up: a write that waits for the reader ends then.
    stream: OnceLock<Stream>,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    phase: Phase,
    writer: Writer,
}

/// What the thread does that writes.
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
    /// Waiting lines are still written.
    Closing,
    Closed,
    /// Closed because the client did not read.
    Dropped,
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

impl Outbox {
    /// Sends a line: written at once where nothing waits and the client takes it, else queued.
    ///
    /// # Errors
    /// The client is gone, or is dropped because it does not read.
    pub fn send(&self, line: Vec<u8>, on_full: OnFull) -> Result<(), Gone> {
        let mut state = self.state.lock();
        let until = Instant::now() + PATIENCE;
        while state.phase == Phase::Open && !state.lines.is_empty() && state.bytes + line.len() > WAITING_BYTES_MAX {
            let timed_out = on_full == OnFull::Drop || self.changed.wait_until(&mut state, until).timed_out();
            if timed_out && state.bytes + line.len() > WAITING_BYTES_MAX {
                state.end(Phase::Dropped);
                self.give_up();
            }
        }
        if state.phase != Phase::Open {
            return Err(Gone);
        }
        let written = self.write_now(&state, &line);
        if written == line.len() {
            return Ok(());
        }
        let line = if written == 0 { line } else { line.get(written..).unwrap_or_default().to_vec() };
        state.bytes += line.len();
        state.lines.push_back(line);
        self.changed.notify_all();
        Ok(())
    }

    /// Writes as much of a line as the client takes at once; returns how many bytes. That spares the hop to the thread.
    fn write_now(&self, state: &Queue, line: &[u8]) -> usize {
        match self.stream.get() {
            Some(stream) if state.lines.is_empty() && state.writer == Writer::Idle => stream.write_now(line),
            _ => 0,
        }
    }

    /// Ends the queue once what waits is written.
    pub fn close(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
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
        if let Some(stream) = self.stream.get() {
            stream.close();
        }
    }

    /// Whether the client was dropped because it did not read.
    pub fn was_dropped(&self) -> bool {
        self.state.lock().phase == Phase::Dropped
    }

    /// Whether the client still reads, though it may say nothing more.
    pub fn is_read(&self) -> bool {
        self.stream.get().is_some_and(|stream| !stream.is_hung_up())
    }

    /// Whether nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.state.lock().phase != Phase::Open
    }

    /// Sets the stream that is closed when what waits is given up.
    pub fn owns(&self, stream: Stream) {
        // A connection has one.
        self.stream.set(stream).ok();
    }

    /// Writes what is queued until the queue ends; on the thread of its own that a connection has for it.
    pub fn write_to(&self, stream: &mut Stream) {
        while let Some(line) = self.next() {
            if stream.write_all(&line).is_err() {
                self.abandon();
                break;
            }
        }
        stream.close();
    }

    /// The next line, awaited; `None` at the end. Its bytes count until the one after it is taken.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state.lock();
        state.writer = Writer::Idle;
        loop {
            if let Some(line) = state.lines.pop_front() {
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
