//! Random bytes read as choices: a small change of the input makes a small change of the result, so that an engine can
//! shrink and guide.

/// A position in the input. Bytes after the end are 0.
pub struct Cursor<'a> {
    rest: &'a [u8],
}

/// The most changes of a module.
const CHANGES_MAX: usize = 12;

impl<'a> Cursor<'a> {
    pub fn new(input: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: input }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                *first
            }
            None => 0,
        }
    }

    pub fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    pub fn long(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// The unread rest.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// A text of `words` with random characters between them.
    pub fn text(&mut self, words: &[&str]) -> String {
        let mut text = String::new();
        while !self.is_empty() {
            let choice = usize::from(self.byte());
            match words.get(choice % (words.len() + 8)) {
                Some(word) => text.push_str(word),
                None => text.push(char::from(self.byte())),
            }
        }
        text
    }

    /// The bytes with some changed, removed, doubled or cut off.
    pub fn changed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..CHANGES_MAX {
            if self.is_empty() || bytes.is_empty() {
                break;
            }
            let (how, at) = (self.byte(), usize::from(self.word()) % bytes.len());
            match how % 6 {
                0 => bytes[at] = self.byte(),
                1 => bytes[at] ^= 1 << (self.byte() % 8),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, self.byte()),
                4 => {
                    let end = (at + usize::from(self.byte())).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}
