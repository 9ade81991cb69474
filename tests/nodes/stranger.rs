//! A stranger on the server: a client of bare NATS that says what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::system::WAIT_MAX;

/// A connection with one subscription.
pub struct Stranger {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Stranger {
    /// Connects to a server and subscribes to a subject.
    pub fn connect(port: u16, subject: &str) -> Stranger {
        let writer = TcpStream::connect(("127.0.0.1", port)).expect("a server");
        writer.set_read_timeout(Some(WAIT_MAX)).expect("a time");
        let reader = BufReader::new(writer.try_clone().expect("a stream"));
        let mut stranger = Stranger { reader, writer };
        stranger.write(&format!("CONNECT {{\"verbose\":false}}\r\nSUB {subject} 1\r\nPING\r\n"));
        while stranger.line() != "PONG" {}
        stranger
    }

    fn write(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).expect("the server reads");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let bytes = self.reader.read_line(&mut line).expect("the server's line");
        assert_ne!(bytes, 0, "the server has ended");
        line.trim_end().to_owned()
    }

    /// Waits for a message: its subject and its bytes.
    pub fn next(&mut self) -> (String, Vec<u8>) {
        loop {
            let line = self.line();
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["PING"] => self.write("PONG\r\n"),
                ["MSG", subject, .., length] => {
                    let mut bytes = vec![0; length.parse::<usize>().expect("a length") + 2];
                    self.reader.read_exact(&mut bytes).expect("a message");
                    bytes.truncate(bytes.len() - 2);
                    return ((*subject).to_owned(), bytes);
                }
                _ => {}
            }
        }
    }

    /// Waits for a message that has this text somewhere.
    pub fn wait_for(&mut self, text: &str) {
        while !self.next().1.windows(text.len()).any(|bytes| bytes == text.as_bytes()) {}
    }

    /// Publishes bytes.
    pub fn publish(&mut self, subject: &str, bytes: &[u8]) {
        let head = format!("PUB {subject} {}\r\n", bytes.len());
        let message = [head.as_bytes(), bytes, b"\r\n"].concat();
        self.writer.write_all(&message).expect("the server reads");
    }
}

/// A packet with a header of JSON, as homes and nodes send it.
pub fn packet(header: &str) -> Vec<u8> {
    [&(header.len() as u32).to_le_bytes(), header.as_bytes()].concat()
}
