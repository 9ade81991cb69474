//! WASI's standard output and error of one instance. They go to the taker, or line by line into the plugin's log. The
//! tail of standard error is kept for a call, because it often tells the cause of a trap.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::runtime::{LogLevel, StandardStream, Upcalls};

/// Longest line of output that becomes one log line, in bytes.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// Longest kept tail of a call's standard error, in bytes.
const TAIL_BYTES_MAX: usize = 4 * 1024;

/// The shared state of an instance's streams, which outlives a call.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Call>>);

/// The call that runs in the instance.
#[derive(Default)]
struct Call {
    /// The upcalls of the running call; none between calls.
    up: Option<Arc<dyn Upcalls>>,
    tail: Tail,
    /// True once a panic's text was written to standard output, where TinyGo has it.
    panics: bool,
}

impl Streams {
    /// Begins a call, whose output goes to `up`.
    pub fn begin(&self, up: &Arc<dyn Upcalls>) {
        let mut call = self.0.lock();
        call.up = Some(Arc::clone(up));
        call.tail = Tail::default();
        call.panics = false;
    }

    /// Ends the call.
    pub fn end(&self) {
        self.0.lock().up = None;
    }

    /// The tail of the last call's standard error, taken once; `None` if it wrote nothing.
    pub fn take_stderr_tail(&self) -> Option<String> {
        std::mem::take(&mut self.0.lock().tail).into_text()
    }

    /// One of the streams, for WASI's context.
    pub fn stream(&self, stream: StandardStream) -> impl StdoutStream + use<> {
        Output { streams: self.clone(), stream }
    }
}

/// The start of the text of a panic in Go.
const PANIC: &[u8] = b"panic: ";

/// The last bytes of a stream, up to [`TAIL_BYTES_MAX`].
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    /// True when earlier bytes were dropped.
    cut: bool,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        let last = bytes.get(bytes.len().saturating_sub(TAIL_BYTES_MAX)..).unwrap_or(bytes);
        self.cut |= last.len() < bytes.len();
        self.bytes.extend_from_slice(last);
        // The cut comes at twice the bound, so that small writes seldom move the bytes.
        if self.bytes.len() > 2 * TAIL_BYTES_MAX {
            self.bytes.drain(..self.bytes.len() - TAIL_BYTES_MAX);
            self.cut = true;
        }
    }

    fn into_text(self) -> Option<String> {
        let from = self.bytes.len().saturating_sub(TAIL_BYTES_MAX);
        let last = self.bytes.get(from..).unwrap_or_default();
        // A line that was cut in two is left out, unless it is the only one.
        let newline = last.iter().position(|byte| *byte == b'\n').filter(|_| self.cut || from > 0);
        let whole = newline.and_then(|newline| last.get(newline + 1..)).filter(|rest| !rest.is_empty()).unwrap_or(last);
        (!whole.is_empty()).then(|| String::from_utf8_lossy(whole).into_owned())
    }
}

#[derive(Clone)]
struct Output {
    streams: Streams,
    stream: StandardStream,
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer { output: self.clone(), line: Vec::new() })
    }
}

struct Writer {
    output: Output,
    /// The bytes since the last newline.
    line: Vec<u8>,
}

impl Writer {
    fn write(&mut self, bytes: &[u8]) {
        let Output { streams, stream } = self.output.clone();
        let up = {
            let mut call = streams.0.lock();
            call.panics |= stream == StandardStream::Output && bytes.starts_with(PANIC);
            if stream == StandardStream::Error || call.panics {
                call.tail.push(bytes);
            }
            call.up.clone()
        };
        if up.as_ref().is_some_and(|up| up.wrote(stream, bytes)) {
            return;
        }
        for byte in bytes {
            if *byte == b'\n' || self.line.len() >= LINE_BYTES_MAX {
                self.end_line();
                // The cancel flag is checked between lines: a chunk of newlines makes many of them.
                if up.as_ref().is_some_and(|up| up.interrupted()) {
                    return;
                }
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
    }

    fn end_line(&mut self) {
        let level = match self.output.stream {
            StandardStream::Output => LogLevel::Info,
            StandardStream::Error => LogLevel::Warn,
        };
        let up = self.output.streams.0.lock().up.clone();
        if let Some(up) = up {
            up.log(level, &String::from_utf8_lossy(&self.line));
        }
        self.line.clear();
    }
}

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.line.is_empty() {
            self.end_line();
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_of<'a>(writes: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
        let mut tail = Tail::default();
        writes.into_iter().for_each(|bytes| tail.push(bytes));
        tail.into_text()
    }

    #[test]
    fn a_tail_is_the_last_whole_lines() {
        assert_eq!(tail_of([]), None);
        assert_eq!(tail_of([&b"a\n"[..], b"b"]).as_deref(), Some("a\nb"));
        let lines: Vec<String> = (0..10_000).map(|n| format!("line {n}\n")).collect();
        let text = tail_of(lines.iter().map(String::as_bytes)).unwrap();
        assert!(text.len() <= TAIL_BYTES_MAX && text.ends_with("line 9999\n") && text.starts_with("line "), "{text}");
        let all = lines.concat();
        assert_eq!(tail_of([all.as_bytes()]).unwrap().lines().last(), Some("line 9999"));
        let long = vec![b'x'; 100_000];
        assert_eq!(tail_of([long.as_slice()]).unwrap().len(), TAIL_BYTES_MAX);
    }
}
