//! A loopback HTTP server whose answers are the same to the byte each time: no dates in them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// How long a client that does not hang up is listened to.
const DRAINED_WITHIN: Duration = Duration::from_secs(2);

/// Starts one that answers until the program ends: its URL.
pub fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One that goes away in the middle is not waited for.
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
    // What was not read (the end of a chunked body) would turn the close into a reset, which takes the answer away.
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(DRAINED_WITHIN))?;
    std::io::copy(&mut reader, &mut std::io::sink()).map(drop)
}
