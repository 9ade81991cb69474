//! The last lines of output, kept to reprint the prompt's part after a resize.

use std::collections::VecDeque;

use crate::front::columns::char_columns;

/// The most lines that are kept.
pub const RECENT_LINES_MAX: usize = 300;
/// The most bytes of a line that are kept, cut at a character boundary.
pub const RECENT_LINE_BYTES_MAX: usize = 4096;

/// The last lines of output, colours included.
#[derive(Debug, Default)]
pub struct Recent {
    lines: VecDeque<String>,
    /// The output after the last newline.
    open: String,
}

impl Recent {
    /// Adds output. A carriage return restarts the line and cursor-up removes lines, as on a screen. Colours are kept,
    /// other sequences are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let mut rest = text.as_ref();
        while let Some(c) = rest.chars().next() {
            if let Some((sequence, end)) = sequence(rest) {
                rest = rest.get(sequence.len()..).unwrap_or_default();
                match end {
                    'm' => self.extend_open(sequence),
                    'A' => self.take_back(sequence),
                    _ => {}
                }
                continue;
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            match c {
                '\n' => self.end_line(),
                '\r' => self.open.clear(),
                c => self.extend_open(c.encode_utf8(&mut [0; 4])),
            }
        }
    }

    fn extend_open(&mut self, text: &str) {
        if self.open.len() + text.len() <= RECENT_LINE_BYTES_MAX {
            self.open.push_str(text);
        }
    }

    fn end_line(&mut self) {
        if self.lines.len() == RECENT_LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(std::mem::take(&mut self.open));
    }

    fn take_back(&mut self, up: &str) {
        let rows = up.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(1);
        self.lines.truncate(self.lines.len().saturating_sub(rows));
        self.open.clear();
    }

    /// Forgets all lines: the screen was cleared.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.open.clear();
    }

    /// The newest lines that fit into `rows` rows of `cols` columns, each with a newline, then the output after the
    /// last newline.
    pub fn tail(&self, rows: u16, cols: u16) -> String {
        let mut rows_left = usize::from(rows).saturating_sub(rows_of(&self.open, cols));
        let mut first = self.lines.len();
        for line in self.lines.iter().rev() {
            let needs = rows_of(line, cols);
            if needs > rows_left {
                break;
            }
            rows_left -= needs;
            first -= 1;
        }
        let mut text = String::new();
        for line in self.lines.range(first..) {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&self.open);
        text
    }
}

/// The `CSI` sequence at the start of the text, and its last character.
fn sequence(text: &str) -> Option<(&str, char)> {
    let parameters = text.strip_prefix("\x1b[")?;
    let (at, end) = parameters.char_indices().find(|(_, c)| ('@'..='~').contains(c))?;
    Some((text.get(..2 + at + end.len_utf8())?, end))
}

/// The rows of a line wrapped at `cols` columns; at least 1.
fn rows_of(line: &str, cols: u16) -> usize {
    columns_of(line).div_ceil(usize::from(cols.max(1))).max(1)
}

/// The columns of a line without its escape sequences.
pub fn columns_of(line: &str) -> usize {
    let mut columns = 0;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let skip = match sequence(rest) {
            Some((sequence, _)) => sequence.len(),
            None => {
                columns += char_columns(c);
                c.len_utf8()
            }
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
    columns
}

/// Whether the cursor is in the first column after these bytes; `None`: it does not move. Escape sequences at the end
/// are skipped.
pub fn ends_line(bytes: &[u8]) -> Option<bool> {
    let mut left = bytes;
    while let Some(escape) = left.iter().rposition(|byte| *byte == 0x1b)
        && let Some([b'[', parameters @ .., b'A'..=b'Z' | b'a'..=b'z']) = left.get(escape + 1..)
        && parameters.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b'?'))
    {
        left = left.get(..escape).unwrap_or_default();
    }
    left.last().map(|last| matches!(last, b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(text: &str) -> Recent {
        let mut recent = Recent::default();
        recent.push(text.as_bytes());
        recent
    }

    #[test]
    fn the_tail_is_what_fits() {
        let recent = recent("a\nb\nc\n");
        assert_eq!(recent.tail(3, 80), "b\nc\n", "one row is the open line's");
        assert_eq!(recent.tail(40, 80), "a\nb\nc\n");
        assert_eq!(recent.tail(0, 80), "");
    }

    #[test]
    fn a_wrapped_line_counts_for_its_rows() {
        let recent = recent("short\n0123456789abc\n漢字漢字漢字\n");
        assert_eq!(recent.tail(5, 10), "0123456789abc\n漢字漢字漢字\n");
        assert_eq!(recent.tail(4, 10), "漢字漢字漢字\n");
    }

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(columns_of("\x1b[1;31mred\x1b[0m é漢"), 7);
        assert_eq!(columns_of("cut \x1b[1"), 6, "half a sequence is text");
    }

    #[test]
    fn progress_is_remembered_as_it_looked_last() {
        assert_eq!(recent("1 %\r50 %\rdone\nnext").tail(9, 80), "done\nnext");
    }

    #[test]
    fn a_frame_that_is_drawn_over_is_remembered_once() {
        let frame = |n| format!("title {n}\x1b[K\n\x1b[1mrow\x1b[0m {n}\x1b[K\n");
        let text = format!("before\n{}\r\x1b[2A{}", frame(1), frame(2));
        assert_eq!(recent(&text).tail(9, 80), "before\ntitle 2\n\x1b[1mrow\x1b[0m 2\n");
        assert_eq!(recent("a\n\x1b[99A\x1b[Ab\n").tail(9, 80), "b\n");
    }

    #[test]
    fn it_has_bounds() {
        let mut recent = Recent::default();
        for _ in 0..RECENT_LINES_MAX * 2 {
            recent.push("é".repeat(RECENT_LINE_BYTES_MAX).as_bytes());
            recent.push(b"\n");
        }
        assert_eq!(recent.lines.len(), RECENT_LINES_MAX);
        assert!(recent.lines.iter().all(|line| line.len() <= RECENT_LINE_BYTES_MAX));
    }

    #[test]
    fn the_end_of_a_line_is_seen_through_colours() {
        for ends in [&b"a\n"[..], b"\x1b[31ma\x1b[0m\n", b"\r\x1b[K", b"a\n\x1b[2A", b"a\n\x1b[0m\x1b[?25h"] {
            assert_eq!(ends_line(ends), Some(true), "{ends:?}");
        }
        for open in [&b"a"[..], b"\x1b[31ma\x1b[0m", b"\r\x1b[Krunning", b"\n[2A", b"\x1b["] {
            assert_eq!(ends_line(open), Some(false), "{open:?}");
        }
        assert_eq!((ends_line(b""), ends_line(b"\x1b[0m")), (None, None));
    }
}
