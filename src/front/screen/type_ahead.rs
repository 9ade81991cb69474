//! What was typed while a command ran: kept, and handed to rustyline as the keys that they are.
//!
//! Nobody can put bytes back into a terminal, and rustyline reads from file descriptor 0 alone. So when it has taken the
//! terminal and is about to wait for a key, descriptor 0 is a pipe with these bytes for as long as it takes to read them:
//! [`TypeAhead::replace_stdin`] puts it there, [`TypeAhead::restore_stdin_if_read`] puts the keyboard back as soon as the pipe is empty, which is at the
//! latest when rustyline asks what the first of the keys means. The pipe stays open until then, so that it never looks like
//! the end of input.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::OwnedFd;

use rustix::io::ioctl_fionread;
use rustix::stdio::dup2_stdin;

/// Keys beyond this are dropped, as the kernel does with those that nobody reads.
const TYPE_AHEAD_BYTES_MAX: usize = 4096;

/// Keys that wait for the prompt.
#[derive(Debug, Default)]
pub struct TypeAhead {
    bytes: Vec<u8>,
    pipe: Option<StdinPipe>,
}

#[derive(Debug)]
struct StdinPipe {
    reader: PipeReader,
    /// Held so that the pipe has no end.
    _writer: PipeWriter,
}

impl TypeAhead {
    /// Keeps the bytes of one key.
    pub fn push(&mut self, key: &[u8]) {
        // rustyline reads the digits of Alt-1 on its own account, before it asks anybody.
        let counts = matches!(key, [0x1b, b'-' | b'0'..=b'9']);
        if !counts && self.bytes.len() + key.len() <= TYPE_AHEAD_BYTES_MAX {
            self.bytes.extend_from_slice(key);
        }
    }

    /// Forgets the keys: Ctrl-C came after them.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Makes descriptor 0 a pipe with what was kept. To be called when rustyline is about to read.
    pub fn replace_stdin(&mut self) {
        if self.bytes.is_empty() || self.pipe.is_some() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        // Fails only when there are no descriptors left; then the keys are lost, and nothing else.
        if let Ok(pipe) = StdinPipe::new(&bytes)
            && dup2_stdin(&pipe.reader).is_ok()
        {
            self.pipe = Some(pipe);
        }
    }

    /// Makes descriptor 0 the keyboard again once the pipe was read.
    pub fn restore_stdin_if_read(&mut self, keyboard: &OwnedFd) {
        let empty = |pipe: &StdinPipe| ioctl_fionread(&pipe.reader).is_ok_and(|bytes| bytes == 0);
        if self.pipe.as_ref().is_some_and(empty) {
            self.restore_stdin(keyboard);
        }
    }

    /// The same at once: what was not read waits for the next line.
    pub fn restore_stdin(&mut self, keyboard: &OwnedFd) {
        let Some(mut pipe) = self.pipe.take() else { return };
        // It fails only while another thread opens a file.
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
        // It fits: a pipe takes at least 4096 bytes.
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
