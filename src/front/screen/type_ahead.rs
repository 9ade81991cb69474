//! Type-ahead: keys typed while a command ran, which rustyline reads as if they were typed at the prompt.
//!
//! Bytes cannot be pushed back into a terminal, and rustyline reads from file descriptor 0 only. Once rustyline has
//! taken the terminal, [`TypeAhead::replace_stdin`] makes descriptor 0 a pipe that holds the keys;
//! [`TypeAhead::restore_stdin_if_read`] makes it the keyboard again when the pipe is empty, at the latest when
//! rustyline handles the first key. The write end stays open until then: a closed one would be the end of input.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::OwnedFd;

use rustix::io::ioctl_fionread;
use rustix::stdio::dup2_stdin;

/// The most bytes of keys that are kept; further keys are dropped, as in the terminal's own queue.
const TYPE_AHEAD_BYTES_MAX: usize = 4096;

/// The keys that wait for the prompt.
#[derive(Debug, Default)]
pub struct TypeAhead {
    bytes: Vec<u8>,
    pipe: Option<StdinPipe>,
}

#[derive(Debug)]
struct StdinPipe {
    reader: PipeReader,
    /// Kept open, so that the reader sees no end of input.
    _writer: PipeWriter,
}

impl TypeAhead {
    /// Adds the bytes of one key.
    pub fn push(&mut self, key: &[u8]) {
        // rustyline reads the digits after Alt-1 before it calls a handler, so the keyboard could not be restored in
        // time.
        let counts = matches!(key, [0x1b, b'-' | b'0'..=b'9']);
        if !counts && self.bytes.len() + key.len() <= TYPE_AHEAD_BYTES_MAX {
            self.bytes.extend_from_slice(key);
        }
    }

    /// Discards the keys: Ctrl-C was typed after them.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Makes descriptor 0 a pipe that holds the keys. Called when rustyline is about to read.
    pub fn replace_stdin(&mut self) {
        if self.bytes.is_empty() || self.pipe.is_some() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        // Fails only without free descriptors; then only the keys are lost.
        if let Ok(pipe) = StdinPipe::new(&bytes)
            && dup2_stdin(&pipe.reader).is_ok()
        {
            self.pipe = Some(pipe);
        }
    }

    /// Makes descriptor 0 the keyboard again if the pipe is empty.
    pub fn restore_stdin_if_read(&mut self, keyboard: &OwnedFd) {
        let empty = |pipe: &StdinPipe| ioctl_fionread(&pipe.reader).is_ok_and(|bytes| bytes == 0);
        if self.pipe.as_ref().is_some_and(empty) {
            self.restore_stdin(keyboard);
        }
    }

    /// Makes descriptor 0 the keyboard again; unread keys wait for the next line.
    pub fn restore_stdin(&mut self, keyboard: &OwnedFd) {
        let Some(mut pipe) = self.pipe.take() else { return };
        // EBUSY: another thread is opening a file at this moment.
        while dup2_stdin(keyboard)
            .is_err_and(|error| error == rustix::io::Errno::BUSY || error == rustix::io::Errno::INTR)
        {}
        let unread = ioctl_fionread(&pipe.reader).unwrap_or(0);
        let mut bytes = vec![0; usize::try_from(unread).unwrap_or(0)];
        if pipe.reader.read_exact(&mut bytes).is_ok() {
            bytes.append(&mut self.bytes);
            self.bytes = bytes;
        }
    }
}

impl StdinPipe {
    fn new(bytes: &[u8]) -> io::Result<StdinPipe> {
        let (reader, mut writer) = pipe()?;
        // The write cannot block: a pipe holds at least 4096 bytes.
        writer.write_all(bytes)?;
        Ok(StdinPipe { reader, _writer: writer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound_and_no_counts() {
        let mut type_ahead = TypeAhead::default();
        for key in [&b"a"[..], b"\x1b5", b"\x1b-", b"\x1b[A", b"\r"] {
            type_ahead.push(key);
        }
        assert_eq!(type_ahead.bytes, b"a\x1b[A\r");
        for _ in 0..TYPE_AHEAD_BYTES_MAX {
            type_ahead.push("漢".as_bytes());
        }
        assert!(
            type_ahead.bytes.len() <= TYPE_AHEAD_BYTES_MAX && std::str::from_utf8(&type_ahead.bytes).is_ok(),
            "no key is halved"
        );
        type_ahead.clear();
        type_ahead.replace_stdin();
        assert!(type_ahead.pipe.is_none(), "nothing to offer");
    }
}
