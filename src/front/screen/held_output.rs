//! Output that waits for the main screen while the pane is in full screen.

/// The most bytes of output that are held at a time.
const HELD_BYTES_MAX: usize = 64 << 10;

/// Output for the main screen.
#[derive(Debug, Default)]
pub struct HeldOutput {
    bytes: Vec<u8>,
    /// Lines that were dropped before `bytes`.
    dropped_lines: usize,
}

impl HeldOutput {
    /// Adds output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether there is more than is to be held.
    pub fn is_too_much(&self) -> bool {
        self.bytes.len() > HELD_BYTES_MAX
    }

    /// Drops the oldest lines beyond [`HELD_BYTES_MAX`].
    pub fn drop_oldest(&mut self) {
        let Some(over) = self.bytes.len().checked_sub(HELD_BYTES_MAX) else { return };
        let line_end = self.bytes.iter().skip(over).position(|byte| *byte == b'\n');
        let end = line_end.map_or(self.bytes.len(), |after| over + after + 1);
        self.dropped_lines += self.bytes.drain(..end).filter(|byte| *byte == b'\n').count();
    }

    /// The output, after a line about what was dropped.
    pub fn take(&mut self) -> Vec<u8> {
        let bytes = std::mem::take(&mut self.bytes);
        match std::mem::take(&mut self.dropped_lines) {
            0 => bytes,
            lines => [format!("… {lines} lines before these are left out\n").as_bytes(), &bytes].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_output_has_a_bound_and_says_what_is_missing() {
        let mut held = HeldOutput::default();
        for n in 0..10_000 {
            held.bytes.extend_from_slice(format!("line {n:05}\n").as_bytes());
            held.drop_oldest();
            assert!(!held.is_too_much());
        }
        let text = String::from_utf8(held.take()).unwrap();
        assert!(text.starts_with("… 4043 lines before these are left out\nline 04043\n"), "{}", &text[..80]);
        assert!(text.ends_with("line 09999\n"));
        assert_eq!(held.take(), b"");
    }

    #[test]
    fn a_line_without_end_is_no_exception() {
        let mut held = HeldOutput { bytes: vec![b'x'; HELD_BYTES_MAX + 1], dropped_lines: 0 };
        held.drop_oldest();
        assert!(held.bytes.is_empty());
    }
}
