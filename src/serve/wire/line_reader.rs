//! Lines of a stream, each bounded while it is read.

use std::io::{self, BufRead, BufReader, Read};

use super::LINE_BYTES_MAX;

/// The first room for a line; longer lines take more as they come.
const BUFFER_BYTES: usize = 16 << 10;

/// The cause of a line that was not read.
#[derive(Debug)]
pub enum ReadError {
    /// The line is over [`LINE_BYTES_MAX`].
    TooLong,
    Io(io::Error),
}

/// A reader of lines.
pub struct LineReader<R> {
    stream: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> LineReader<R> {
    /// A reader of a stream from its present place.
    pub fn new(stream: R) -> LineReader<R> {
        LineReader { stream: BufReader::with_capacity(BUFFER_BYTES, stream), line: Vec::new() }
    }

    /// The next line without its end; `None` at the end of the stream, where half a line is dropped.
    ///
    /// # Errors
    /// The line is too long, or the stream cannot be read.
    pub fn read_line(&mut self) -> Result<Option<&[u8]>, ReadError> {
        self.line.clear();
        self.line.shrink_to(BUFFER_BYTES);
        let bytes_max = LINE_BYTES_MAX as u64 + 1;
        self.stream.by_ref().take(bytes_max).read_until(b'\n', &mut self.line).map_err(ReadError::Io)?;
        if self.line.pop() != Some(b'\n') {
            let is_over = self.line.len() >= LINE_BYTES_MAX;
            return if is_over { Err(ReadError::TooLong) } else { Ok(None) };
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(Some(&self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded() {
        let mut reader = LineReader::new(&b"one\r\n\ntwo"[..]);
        assert_eq!(reader.read_line().unwrap(), Some(&b"one"[..]));
        assert_eq!(reader.read_line().unwrap(), Some(&b""[..]));
        assert_eq!(reader.read_line().unwrap(), None, "half a line is none");
        let whole = [vec![b'x'; LINE_BYTES_MAX], vec![b'\n']].concat();
        assert_eq!(LineReader::new(&*whole).read_line().unwrap().map(<[u8]>::len), Some(LINE_BYTES_MAX));
        let longer = vec![b'x'; LINE_BYTES_MAX + 1];
        assert!(matches!(LineReader::new(&*longer).read_line(), Err(ReadError::TooLong)));
    }
}
