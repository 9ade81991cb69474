//! A scanner: a position in a text, with look-ahead and slices. Its only rule of the language is the end of a word.

/// A position in a text, always on a character boundary.
pub(super) struct Scanner<'t> {
    text: &'t str,
    pos: usize,
}

impl<'t> Scanner<'t> {
    /// A position `pos` in `text`, moved down to a boundary and into the text.
    pub fn new(text: &'t str, pos: usize) -> Self {
        Self { text, pos: text.floor_char_boundary(pos) }
    }

    /// Byte offset of the next character.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Whether the text is used up.
    pub fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    /// The text from the position on.
    pub fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or("")
    }

    /// The text from `from` up to here.
    pub fn since(&self, from: usize) -> &'t str {
        self.text.get(from..self.pos).unwrap_or("")
    }

    /// The text before `offset`.
    pub fn before(&self, offset: usize) -> &'t str {
        self.text.get(..offset).unwrap_or(self.text)
    }

    /// The next byte; `None` at the end.
    pub fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    /// The byte `ahead` bytes from here.
    pub fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    /// Whether the rest starts with `what`.
    pub fn looking_at(&self, what: &str) -> bool {
        self.rest().starts_with(what)
    }

    /// Skips `bytes` bytes, which the caller has checked.
    pub fn advance(&mut self, bytes: usize) {
        self.pos = self.text.floor_char_boundary(self.pos + bytes);
    }

    /// Skips one character, and returns it.
    pub fn bump(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.pos += char.len_utf8();
        Some(char)
    }

    /// Skips to the first ASCII byte for which `stop` is true, or to the end; returns the skipped text.
    pub fn take_until(&mut self, stop: impl Fn(u8) -> bool) -> &'t str {
        let from = self.pos;
        let rest = self.rest();
        self.pos += rest.bytes().position(|byte| byte.is_ascii() && stop(byte)).unwrap_or(rest.len());
        self.since(from)
    }

    /// Skips ASCII bytes for which `fits` is true; returns them.
    pub fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'t str {
        let from = self.pos;
        let rest = self.rest();
        self.pos += rest.bytes().position(|byte| !byte.is_ascii() || !fits(byte)).unwrap_or(rest.len());
        self.since(from)
    }

    /// The bytes of a newline here; 0 when there is none.
    pub fn newline_len(&self) -> usize {
        match (self.peek(), self.peek_at(1)) {
            (Some(b'\n'), _) => 1,
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 0,
        }
    }

    /// The bytes of a backslash and a newline here; 0 when there are none.
    pub fn continuation_len(&self) -> usize {
        match (self.peek(), self.peek_at(1), self.peek_at(2)) {
            (Some(b'\\'), Some(b'\n'), _) => 2,
            (Some(b'\\'), Some(b'\r'), Some(b'\n')) => 3,
            _ => 0,
        }
    }

    /// Skips backslashes that join lines.
    pub fn skip_continuations(&mut self) {
        while self.continuation_len() > 0 {
            self.advance(self.continuation_len());
        }
    }

    /// Skips blanks and line joins.
    pub fn skip_blanks(&mut self) {
        loop {
            self.skip_continuations();
            match self.peek() {
                Some(b' ' | b'\t') => self.advance(1),
                Some(b'\r') if self.newline_len() > 0 => self.advance(1),
                _ => return,
            }
        }
    }

    /// Whether an unquoted word ends here.
    pub fn at_word_end(&self) -> bool {
        match self.peek() {
            None => true,
            Some(byte) => ends_word(byte) || self.newline_len() > 0,
        }
    }
}

/// Whether a byte outside quotes ends a word.
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}
