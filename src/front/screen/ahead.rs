//! What was typed while a command ran: kept, and handed to rustyline as the keys that they are.
//!
//! Nobody can put bytes back into a terminal, and rustyline reads from file descriptor 0 alone. So when it has taken the
//! terminal and is about to wait for a key, descriptor 0 is a pipe with these bytes for as long as it takes to read them:
//! [`Ahead::offer`] puts it there, [`Ahead::settle`] puts the keyboard back as soon as the pipe is empty, which is at the
//! latest when rustyline asks what the first of the keys means. The pipe stays open until then, so that it never looks like
//! the end of input.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::OwnedFd;

use rustix::io::ioctl_fionread;
use rustix::stdio::dup2_stdin;

/// Keys beyond this are dropped, as the kernel does with those that nobody reads.
const AHEAD_BYTES_MAX: usize = 4096;

/// Keys that wait for the prompt.
#[derive(Debug, Default)]
pub struct Ahead {
    bytes: Vec<u8>,
    offered: Option<Offered>,
}

#[derive(Debug)]
struct Offered {
    reader: PipeReader,
    /// Held so that the pipe has no end.
    _writer: PipeWriter,
}

impl Ahead {
    /// Keeps the bytes of one key.
    pub fn push(&mut self, key: &[u8]) {
        // rustyline reads the digits of Alt-1 on its own account, before it asks anybody.
        let counts = matches!(key, [0x1b, b'-' | b'0'..=b'9']);
        if !counts && self.bytes.len() + key.len() <= AHEAD_BYTES_MAX {
            self.bytes.extend_from_slice(key);
        }
    }

    /// Forgets the keys: Ctrl-C came after them.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Makes descriptor 0 a pipe with what was kept. To be called when rustyline is about to read.
    pub fn offer(&mut self) {
        if self.bytes.is_empty() || self.offered.is_some() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        // Fails only when there are no descriptors left; then the keys are lost, and nothing else.
        if let Ok(offered) = Offered::new(&bytes)
            && dup2_stdin(&offered.reader).is_ok()
        {
            self.offered = Some(offered);
        }
    }

    /// Makes descriptor 0 the keyboard again once the pipe was read.
    pub fn settle(&mut self, keyboard: &OwnedFd) {
        let empty = |offered: &Offered| ioctl_fionread(&offered.reader).is_ok_and(|bytes| bytes == 0);
        if self.offered.as_ref().is_some_and(empty) {
            self.take_back(keyboard);
        }
    }

    /// The same at once: what was not read waits for the next line.
    pub fn take_back(&mut self, keyboard: &OwnedFd) {
        let Some(mut offered) = self.offered.take() else { return };
        // It fails only while another thread opens a file.
        while dup2_stdin(keyboard)
            .is_err_and(|error| error == rustix::io::Errno::BUSY || error == rustix::io::Errno::INTR)
        {}
        let unread = ioctl_fionread(&offered.reader).unwrap_or(0);
        let mut bytes = vec![0; usize::try_from(unread).unwrap_or(0)];
        if offered.reader.read_exact(&mut bytes).is_ok() {
            bytes.append(&mut self.bytes);
            self.bytes = bytes;
        }
    }
}

impl Offered {
    fn new(bytes: &[u8]) -> io::Result<Offered> {
        let (reader, mut writer) = pipe()?;
        // It fits: a pipe takes at least 4096 bytes.
        writer.write_all(bytes)?;
        Ok(Offered { reader, _writer: writer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound_and_no_counts() {
        let mut ahead = Ahead::default();
        for key in [&b"a"[..], b"\x1b5", b"\x1b-", b"\x1b[A", b"\r"] {
            ahead.push(key);
        }
        assert_eq!(ahead.bytes, b"a\x1b[A\r");
        for _ in 0..AHEAD_BYTES_MAX {
            ahead.push("漢".as_bytes());
        }
        assert!(ahead.bytes.len() <= AHEAD_BYTES_MAX && std::str::from_utf8(&ahead.bytes).is_ok(), "no key is halved");
        ahead.clear();
        ahead.offer();
        assert!(ahead.offered.is_none(), "nothing to offer");
    }
}
