//! Requests and replies over bare NATS, by a client that has nothing else to do: what a round trip costs without plugsh.
//!
//! `nats_echo PORT BYTES COUNT` prints the median of COUNT round trips of BYTES, in microseconds. The replies come from
//! a second connection of its own process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// Round trips before the first that counts.
const WARM_UP: usize = 200;

struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    message: Vec<u8>,
}

impl Client {
    fn connect(port: u16, subject: &str) -> std::io::Result<Client> {
        let writer = TcpStream::connect(("127.0.0.1", port))?;
        writer.set_nodelay(true)?;
        let reader = BufReader::with_capacity(1 << 20, writer.try_clone()?);
        let mut client = Client { reader, writer, message: Vec::new() };
        let hello = format!("CONNECT {{\"verbose\":false,\"echo\":false}}\r\nSUB {subject} 1\r\nPING\r\n");
        client.writer.write_all(hello.as_bytes())?;
        while client.line()? != "PONG" {}
        Ok(client)
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    fn publish(&mut self, subject: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.message.clear();
        write!(self.message, "PUB {subject} {}\r\n", bytes.len())?;
        self.message.extend_from_slice(bytes);
        self.message.extend_from_slice(b"\r\n");
        self.writer.write_all(&self.message)
    }

    fn receive(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        loop {
            let line = self.line()?;
            if line == "PING" {
                self.writer.write_all(b"PONG\r\n")?;
            } else if line.starts_with("MSG ") {
                let length: usize = line.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
                bytes.resize(length + 2, 0);
                self.reader.read_exact(bytes)?;
                bytes.truncate(length);
                return Ok(());
            }
        }
    }
}

fn main() -> std::io::Result<()> {
    let words: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [port, bytes, count] = words[..] else { panic!("usage: nats_echo PORT BYTES COUNT") };
    let mut answerer = Client::connect(port as u16, "measure.ask")?;
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        while answerer.receive(&mut bytes).and_then(|()| answerer.publish("measure.answer", &bytes)).is_ok() {}
    });
    let mut asker = Client::connect(port as u16, "measure.answer")?;
    let (payload, mut answer) = (vec![b'x'; bytes], Vec::new());
    let mut took = Vec::with_capacity(count);
    for _ in 0..WARM_UP + count {
        let began = Instant::now();
        asker.publish("measure.ask", &payload)?;
        asker.receive(&mut answer)?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    assert_eq!(answer.len(), bytes);
    let mut took = took.split_off(WARM_UP);
    took.sort_by(f64::total_cmp);
    println!("{:.2}", took[took.len() / 2]);
    Ok(())
}
