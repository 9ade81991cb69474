//! A loopback HTTP server whose answers do not vary by a byte: they have no dates.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// How long a client's rest is read.
const DRAINED_WITHIN: Duration = Duration::from_secs(2);

/// Starts a server that runs until the program ends; returns its URL.
pub fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Errors of a client that disconnects are ignored.
            let _ = answer(stream);
        }
    });
    url
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut body_bytes = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_lowercase();
        if let Some(length) = lower.strip_prefix("content-length:") {
            body_bytes = length.trim().parse().unwrap_or(0);
        }
    }
    let mut body = Vec::new();
    reader.by_ref().take(body_bytes).read_to_end(&mut body)?;
    let (status, text) = match first.split('/').nth(1).and_then(|path| path.split(' ').next()) {
        Some("small") => ("200 OK", format!("{} bytes of body", body.len())),
        Some("large") => ("200 OK", "l".repeat(5_000)),
        _ => ("404 Not Found", "nothing".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nx-answer: 42\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    )?;
    // Unread bytes (the end of a chunked body) would turn the close into a reset, which discards the answer.
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(DRAINED_WITHIN))?;
    std::io::copy(&mut reader, &mut std::io::sink()).map(drop)
}
