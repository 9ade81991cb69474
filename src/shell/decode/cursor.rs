//! A place in the bytes of a payload, from which pieces are taken.

use super::budget::DecodeError;

/// A reader of a payload's bytes.
pub struct ByteReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> ByteReader<'a> {
    /// A reader at the first byte.
    pub fn new(bytes: &'a [u8]) -> ByteReader<'a> {
        ByteReader { bytes, at: 0 }
    }

    /// The bytes taken so far.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether every byte was taken.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next `length` bytes; [`DecodeError::End`] where fewer are left, and nothing is taken.
    ///
    /// # Errors
    /// Fewer bytes are left; none is taken.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.get(..length)).ok_or(DecodeError::End)?;
        self.at += length;
        Ok(bytes)
    }

    /// The next `N` bytes, as [`ByteReader::take`] takes them.
    ///
    /// # Errors
    /// Fewer bytes are left; none is taken.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk).ok_or(DecodeError::End)?;
        self.at += N;
        Ok(*bytes)
    }
}
