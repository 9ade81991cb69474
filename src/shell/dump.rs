//! Bytes as a hex dump.

/// Bytes in one row.
pub const ROW_BYTES: usize = 16;

/// Rows of offset, hexadecimal and text: `00000010  68 69 …  |hi…|`.
pub fn hex_dump(bytes: &[u8]) -> String {
    hex_dump_at(0, bytes)
}

/// Rows of bytes whose first one has the offset `start`.
pub fn hex_dump_at(start: u64, bytes: &[u8]) -> String {
    let mut text = String::new();
    for (index, row) in bytes.chunks(ROW_BYTES).enumerate() {
        let mut hex = String::new();
        for (place, byte) in row.iter().enumerate() {
            let gap = if place == ROW_BYTES / 2 { "  " } else { " " };
            hex.push_str(&format!("{gap}{byte:02x}"));
        }
        let shown: String =
            row.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { *byte as char } else { '.' }).collect();
        text.push_str(&format!("{:08x} {hex:<49}  |{shown}|\n", start + (index * ROW_BYTES) as u64));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

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
