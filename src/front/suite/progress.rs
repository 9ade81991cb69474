//! The line at a terminal that says which file is waited for.

use std::io::{self, IsTerminal, Write};

use crate::front::columns::fitting;
use crate::front::print::to_ansi;
use crate::shell::reply::Line;

/// Columns of a terminal that does not say how many it has.
const COLUMNS_DEFAULT: u16 = 80;

/// One line on standard error, rewritten in place; nothing where that is no terminal.
pub struct Progress {
    files: usize,
    is_on: bool,
    is_shown: bool,
}

impl Progress {
    /// Progress of a suite of this many files, shown only where standard error is a terminal.
    pub fn at_terminal(files: usize) -> Progress {
        Progress { files, is_on: io::stderr().is_terminal(), is_shown: false }
    }

    /// Shows the file at `index`, from 0.
    pub fn show(&mut self, index: usize, name: &str) {
        if !self.is_on || self.is_shown {
            return;
        }
        let columns = crossterm::terminal::size().map_or(COLUMNS_DEFAULT, |(columns, _)| columns);
        self.is_shown = true;
        write(&format!("\r\x1b[K{}", line_of(index, self.files, name, columns.into())));
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            write("\r\x1b[K");
        }
    }
}

fn line_of(index: usize, files: usize, name: &str, columns: usize) -> String {
    let line = to_ansi(&Line::from(format!("file {} of {files}  {name}", index + 1)), false);
    // The last column stays free: some terminals go on to the next row there.
    fitting(&line, columns.saturating_sub(1)).to_owned()
}

fn write(text: &str) {
    // A closed standard error is ignored: progress is for people only.
    io::stderr().lock().write_all(text.as_bytes()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_its_row_and_is_safe() {
        assert_eq!(line_of(2, 12, "a.plugsh", 80), "file 3 of 12  a.plugsh");
        assert_eq!(line_of(2, 12, "a.plugsh", 17), "file 3 of 12  a.");
        assert_eq!(line_of(2, 12, "日本.plugsh", 18), "file 3 of 12  日");
        assert!(!line_of(0, 1, "a\x1b[2J", 80).contains('\x1b'));
    }
}
