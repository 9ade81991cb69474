//! A connection's stream: a socket of the file system, or TCP on loopback.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SendFlags;

use super::place::Address;

/// A stream between a server and a client.
pub enum Stream {
    Socket(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Connects to a server.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(address: &Address) -> io::Result<Stream> {
        match address {
            Address::Socket(path) => UnixStream::connect(path).map(Stream::Socket),
            Address::Tcp(address) => Stream::of_tcp(TcpStream::connect(address)?),
        }
    }

    /// A stream of TCP, whose lines go out at once.
    ///
    /// # Errors
    /// The stream is closed already.
    pub fn of_tcp(stream: TcpStream) -> io::Result<Stream> {
        stream.set_nodelay(true)?;
        Ok(Stream::Tcp(stream))
    }

    /// Another handle of the stream.
    ///
    /// # Errors
    /// No file can be opened any more.
    pub fn try_clone(&self) -> io::Result<Stream> {
        Ok(match self {
            Stream::Socket(stream) => Stream::Socket(stream.try_clone()?),
            Stream::Tcp(stream) => Stream::Tcp(stream.try_clone()?),
        })
    }

    /// The longest time that a read waits; `None`: for ever.
    ///
    /// # Errors
    /// The stream is closed already.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Socket(stream) => stream.set_read_timeout(timeout),
            Stream::Tcp(stream) => stream.set_read_timeout(timeout),
        }
    }

    /// The longest time that a write waits for the reader; `None`: for ever.
    ///
    /// # Errors
    /// The stream is closed already.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Socket(stream) => stream.set_write_timeout(timeout),
            Stream::Tcp(stream) => stream.set_write_timeout(timeout),
        }
    }

    /// Whether the other side is gone. On TCP one that says nothing more is taken for gone: the system does not tell.
    pub fn is_hung_up(&self) -> bool {
        let mut looked = [PollFd::new(self, PollFlags::empty())];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        match self {
            Stream::Tcp(_) => true,
            Stream::Socket(_) => poll(&mut looked, Some(&at_once)).is_err() || !looked[0].revents().is_empty(),
        }
    }

    /// Writes as much as is taken at once, without a wait; returns how many bytes. A stream that is broken takes none:
    /// the next write that waits says why.
    pub fn write_now(&self, bytes: &[u8]) -> usize {
        rustix::net::send(self, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).unwrap_or(0)
    }

    /// Ends the stream for all its handles, both ways.
    pub fn close(&self) {
        // Fails only where the other side has closed it.
        match self {
            Stream::Socket(stream) => drop(stream.shutdown(Shutdown::Both)),
            Stream::Tcp(stream) => drop(stream.shutdown(Shutdown::Both)),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Socket(stream) => stream.as_fd(),
            Stream::Tcp(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Socket(stream) => stream.read(into),
            Stream::Tcp(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Socket(stream) => stream.write(bytes),
            Stream::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
