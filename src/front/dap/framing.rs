//! Messages of the Debug Adapter Protocol on a stream of bytes: a header with the length, an empty line, JSON.

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

/// The longest message that is read, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// The longest header of a message, in bytes.
const HEADER_BYTES_MAX: u64 = 4 << 10;

/// Why no message could be read.
#[derive(Debug)]
pub enum FramingError {
    /// The stream cannot be read, or ends within a message.
    Io(io::Error),
    /// The header is too long, or has no length that can be read.
    Header,
    /// The message is longer than [`MESSAGE_BYTES_MAX`].
    TooLong(usize),
    /// The message is no JSON; the next one can be read.
    Json(String),
}

/// The next message; `None` at the end of the stream.
///
/// # Errors
/// There is no whole message, or it is over a bound.
pub fn read(stream: &mut impl BufRead) -> Result<Option<Value>, FramingError> {
    let Some(length) = read_header(stream)? else { return Ok(None) };
    if length > MESSAGE_BYTES_MAX {
        return Err(FramingError::TooLong(length));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).map_err(FramingError::Io)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| FramingError::Json(error.to_string()))
}

fn read_header(stream: &mut impl BufRead) -> Result<Option<usize>, FramingError> {
    let mut header = stream.by_ref().take(HEADER_BYTES_MAX);
    let mut length = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        header.read_until(b'\n', &mut line).map_err(FramingError::Io)?;
        match line.as_slice() {
            [] if is_first => return Ok(None),
            [.., b'\n'] => {}
            _ => return Err(FramingError::Header),
        }
        is_first = false;
        let line = line.trim_ascii();
        if line.is_empty() {
            return length.map(Some).ok_or(FramingError::Header);
        }
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':').unwrap_or(0));
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = std::str::from_utf8(value).ok().and_then(|value| value.strip_prefix(':'));
            length = Some(value.and_then(|value| value.trim().parse().ok()).ok_or(FramingError::Header)?);
        }
    }
}

/// Writes a message.
///
/// # Errors
/// The stream cannot be written.
pub fn write(stream: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(stream, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_come_back_as_they_went() {
        let mut bytes = Vec::new();
        let messages = [json!({ "seq": 1, "text": "é" }), json!([])];
        messages.iter().for_each(|message| write(&mut bytes, message).unwrap());
        let mut stream = bytes.as_slice();
        assert_eq!(read(&mut stream).unwrap().as_ref(), Some(&messages[0]));
        assert_eq!(read(&mut stream).unwrap().as_ref(), Some(&messages[1]));
        assert!(read(&mut stream).unwrap().is_none());
    }

    #[test]
    fn other_headers_are_passed_over() {
        let mut stream: &[u8] = b"Content-Type: x\r\ncontent-length:2\r\n\r\n{}";
        assert_eq!(read(&mut stream).unwrap(), Some(json!({})));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let fails = |mut bytes: &[u8]| read(&mut bytes).unwrap_err();
        assert!(matches!(fails(b"Content-Length: x\r\n\r\n"), FramingError::Header));
        assert!(matches!(fails(b"Content-Length: -1\r\n\r\n"), FramingError::Header));
        assert!(matches!(fails(b"\r\n"), FramingError::Header));
        assert!(matches!(fails(&[b'a'; 5000]), FramingError::Header));
        assert!(matches!(fails(b"Content-Length: 99999999999\r\n\r\n"), FramingError::TooLong(_)));
        assert!(matches!(fails(b"Content-Length: 9\r\n\r\n{}"), FramingError::Io(_)));
        assert!(matches!(fails(b"Content-Length: 2\r\n\r\nxx"), FramingError::Json(_)));
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_are_an_error_at_worst(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&mut bytes.as_slice());
        }
    }
}
