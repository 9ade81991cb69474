//! Ids of processes as the bytes of a block, for `plugsh:blocks`: extism-pdk's `#[host_fn]` passes each value in a
//! block.
//!
//! A host gives an id as extism-pdk writes a `u64`, and takes that or decimal digits. The two cannot be confused: an id
//! has 32 bits, so the last four of its eight bytes are zero and no digits.

use std::fmt;

use super::failure::Explained;

/// The bytes of an id that a host gives.
pub fn write(id: u64) -> [u8; 8] {
    id.to_le_bytes()
}

/// Most bytes of a block that can be an id: the digits of the largest.
pub const BYTES_MAX: u64 = 20;

/// Reads an id that a guest gives.
///
/// # Errors
/// The block is no id.
pub fn read(bytes: &[u8]) -> Result<u64, NoId> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = bytes.len() as u64;
    match (text.and_then(|text| text.parse().ok()), bytes.try_into()) {
        (Some(id), _) if length <= BYTES_MAX => Ok(id),
        (None, Ok(number)) => Ok(u64::from_le_bytes(number)),
        _ => Err(NoId { block_bytes: length }),
    }
}

/// A block of this many bytes that is no id. In words for the guest's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoId {
    pub block_bytes: u64,
}

impl fmt::Display for NoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NoId { block_bytes } = self;
        write!(f, "a plugin id in a block of {block_bytes} bytes; write it as a `u64`, or in decimal digits")
    }
}

impl Explained for NoId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_eight_bytes_and_from_digits() {
        for id in [0, 1, 48, 0x3131_3131, u64::from(u32::MAX)] {
            assert_eq!(read(&write(id)), Ok(id));
            assert_eq!(read(id.to_string().as_bytes()), Ok(id));
        }
        assert_eq!(read(b"12345678"), Ok(12_345_678));
    }

    #[test]
    fn what_is_no_id_says_how_one_is_written() {
        for bytes in [&b""[..], b"\x01\0\0\0", b"echo", b"99999999999999999999", b"000000000000000000001"] {
            let words = format!("a plugin id in a block of {} bytes; write it as a `u64`", bytes.len());
            assert!(read(bytes).unwrap_err().to_string().starts_with(&words));
        }
    }
}
