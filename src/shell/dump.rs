//! Bytes in hexadecimal: digits, and a dump with offsets and text.

use std::fmt::Write;

/// Bytes in one row.
pub const ROW_BYTES: usize = 16;

/// The digits of bytes, two a byte: `00ff`.
pub fn hex_digits(bytes: &[u8]) -> String {
    parted_hex_digits(bytes, "")
}

/// The digits of bytes with a text between two: `00 ff`.
pub fn parted_hex_digits(bytes: &[u8], between: &str) -> String {
    let mut digits = String::with_capacity(bytes.len() * (2 + between.len()));
    for (place, byte) in bytes.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{}{byte:02x}", if place == 0 { "" } else { between });
    }
    digits
}

/// Rows of offset, hexadecimal and text: `00000010  68 69 …  |hi…|`.
pub fn hex_dump(bytes: &[u8]) -> String {
    hex_dump_at(0, bytes)
}

/// Rows of bytes whose first one has the offset `start`.
pub fn hex_dump_at(start: u64, bytes: &[u8]) -> String {
    let mut text = String::new();
    for (index, row) in bytes.chunks(ROW_BYTES).enumerate() {
        let halves: Vec<String> = row.chunks(ROW_BYTES / 2).map(|half| parted_hex_digits(half, " ")).collect();
        let hex = halves.join("  ");
        let shown: String =
            row.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { *byte as char } else { '.' }).collect();
        text.push_str(&format!("{:08x}  {hex:<48}  |{shown}|\n", start + (index * ROW_BYTES) as u64));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_two_a_byte() {
        assert_eq!(hex_digits(b"\x00\xff"), "00ff");
        assert_eq!(parted_hex_digits(b"\x00\xff", " "), "00 ff");
        assert_eq!(parted_hex_digits(b"", " "), "");
    }

    #[test]
    fn rows_have_offset_hexadecimal_and_text() {
        let bytes: Vec<u8> = (0..18).map(|index| index * 7).collect();
        assert_eq!(
            hex_dump(&bytes),
            "00000000  00 07 0e 15 1c 23 2a 31  38 3f 46 4d 54 5b 62 69  |.....#*18?FMT[bi|\n\
             00000010  70 77                                             |pw|\n"
        );
    }
}
