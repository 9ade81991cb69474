//! What was printed lately: enough to fill the prompt's part again after the window changed its size.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthChar;

/// The most lines that are remembered: no window's upper part has more rows.
pub const RECENT_LINES_MAX: usize = 300;
/// A longer line is remembered to here, on a character boundary.
pub const RECENT_LINE_BYTES_MAX: usize = 4096;

/// The last lines of output, colours included.
#[derive(Debug, Default)]
pub struct Recent {
    lines: VecDeque<String>,
    /// What came after the last newline.
    open: String,
}

impl Recent {
    /// Takes note of output. A carriage return starts the line again, as it does on a screen.
    pub fn push(&mut self, bytes: &[u8]) {
        for c in String::from_utf8_lossy(bytes).chars() {
            match c {
                '\n' => {
                    if self.lines.len() == RECENT_LINES_MAX {
                        self.lines.pop_front();
                    }
                    self.lines.push_back(std::mem::take(&mut self.open));
                }
                '\r' => self.open.clear(),
                c if self.open.len() + c.len_utf8() <= RECENT_LINE_BYTES_MAX => self.open.push(c),
                _ => {}
            }
        }
    }

    /// Forgets everything: the screen was cleared.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.open.clear();
    }

    /// The newest lines that fit into `rows` rows of `cols` columns, each ended with a newline, and then what came after
    /// the last newline.
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

/// The rows that a line takes where `cols` columns wrap it; at least 1.
fn rows_of(line: &str, cols: u16) -> usize {
    columns_of(line).div_ceil(usize::from(cols.max(1))).max(1)
}

/// The columns of a line, escape sequences not counted.
pub fn columns_of(line: &str) -> usize {
    let mut columns = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            // Only CSI sequences are ever printed: they end with a letter.
            let _ = chars.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
        } else {
            columns += c.width().unwrap_or(0);
        }
    }
    columns
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
        assert_eq!(columns_of("cut \x1b[1"), 4);
    }

    #[test]
    fn progress_is_remembered_as_it_looked_last() {
        assert_eq!(recent("1 %\r50 %\rdone\nnext").tail(9, 80), "done\nnext");
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
}
