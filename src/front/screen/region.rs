//! The split of the window's rows between prompt and pane, and its escape sequences.
//!
//! The prompt has the upper rows as the terminal's scroll region, so that its lines go to the terminal's scrollback;
//! the pane has the lower rows. Nothing here writes: each function returns the bytes of one write. `ED` and origin mode
//! are not used, because terminals differ in both.

use std::fmt::Write;

use ratatui::layout::Rect;

use crate::shell::PaneSize;

/// The fewest columns of a window with a pane.
pub const COLS_MIN: u16 = 20;
/// The fewest rows of the prompt's part.
pub const PROMPT_ROWS_MIN: u16 = 5;
/// The fewest rows of a pane.
pub const PANE_ROWS_MIN: u16 = 4;

/// The window's size in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub rows: u16,
    pub cols: u16,
}

/// The pane's default share.
pub const PANE_SIZE_DEFAULT: PaneSize = PaneSize::Percent(50);

/// A window split between prompt and pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub window: Window,
    pub pane_rows: u16,
}

impl Split {
    /// The split nearest to `size`; `None` if the window is too small.
    pub fn fit(window: Window, size: PaneSize) -> Option<Split> {
        let room = window.rows.checked_sub(PROMPT_ROWS_MIN)?;
        if room < PANE_ROWS_MIN || window.cols < COLS_MIN {
            return None;
        }
        let wanted = match size {
            PaneSize::Rows(rows) => rows,
            PaneSize::Percent(percent) => {
                u16::try_from(u32::from(window.rows) * u32::from(percent) / 100).unwrap_or(room)
            }
        };
        Some(Split { window, pane_rows: wanted.clamp(PANE_ROWS_MIN, room) })
    }

    /// The rows of the prompt's part.
    pub fn prompt_rows(self) -> u16 {
        self.window.rows - self.pane_rows
    }

    /// The pane's cells, in the window's coordinates.
    pub fn area(self) -> Rect {
        Rect::new(0, self.prompt_rows(), self.window.cols, self.pane_rows)
    }

    /// Opens the pane below the cursor. Visible text is kept: it scrolls up as far as necessary.
    pub fn open(self) -> String {
        let newlines = "\n".repeat(usize::from(self.pane_rows));
        format!("\x1b[0m{newlines}\x1b[{}A\x1b7\x1b[1;{}r\x1b8", self.pane_rows, self.prompt_rows())
    }

    /// Closes the pane: its rows are cleared, the cursor stays in its place.
    pub fn close(self) -> String {
        let mut bytes = String::from("\x1b[?2026l\x1b7\x1b[0m");
        blank_rows(&mut bytes, self.prompt_rows() + 1, self.window.rows);
        bytes.push_str("\x1b[r\x1b8");
        bytes
    }

    /// Clears the prompt's part, for Ctrl-L, and leaves the cursor in its first row.
    pub fn clear_prompt(self) -> String {
        let mut bytes = String::from("\x1b[0m");
        blank_rows(&mut bytes, 1, self.prompt_rows());
        bytes.push_str("\x1b[H");
        bytes
    }
}

/// Clears the window and splits it anew, for a screen whose contents are unknown. The cursor is in the first row
/// afterwards, where the caller reprints the prompt's part.
pub fn rebuild(window: Window, split: Option<Split>) -> String {
    let mut bytes = String::from("\x1b[0m\x1b[r");
    blank_rows(&mut bytes, 1, window.rows);
    if let Some(split) = split {
        let _ = write!(bytes, "\x1b[1;{}r", split.prompt_rows());
    }
    bytes.push_str("\x1b[H");
    bytes
}

/// The pane in full screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullScreen {
    pub window: Window,
    pub main: MainScreen,
}

/// The main screen while the pane is on the alternate one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MainScreen {
    /// The region as it was left, with this split.
    Kept(Split),
    /// Unknown: the window's size has changed.
    Unknown,
}

/// Changes to the alternate screen, where there is no region. The terminal keeps the main screen and its cursor.
pub const ENTER_ALTERNATE: &str = "\x1b[0m\x1b[?1049h\x1b[r";

/// Changes back to the main screen, with its split.
pub fn leave_alternate(split: Option<Split>) -> String {
    let mut bytes = String::from("\x1b[?2026l\x1b[0m\x1b[?1049l");
    if let Some(split) = split {
        let _ = write!(bytes, "\x1b7\x1b[1;{}r\x1b8", split.prompt_rows());
    }
    bytes
}

/// Clears row by row: `ED` would clear the pane too, or push it into some terminals' scrollback.
fn blank_rows(bytes: &mut String, first: u16, last: u16) {
    for row in first..=last {
        let _ = write!(bytes, "\x1b[{row};1H\x1b[2K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { rows: 12, cols: 40 };

    fn screen(parser: &vt100::Parser) -> Vec<String> {
        parser.screen().rows(0, WINDOW.cols).collect()
    }

    fn terminal() -> vt100::Parser {
        vt100::Parser::new(WINDOW.rows, WINDOW.cols, 100)
    }

    fn split() -> Split {
        Split::fit(WINDOW, PaneSize::Rows(5)).unwrap()
    }

    #[test]
    fn the_prompt_always_keeps_its_rows() {
        for rows in 0..60 {
            for size in [PaneSize::Rows(4), PaneSize::Rows(u16::MAX), PaneSize::Percent(1), PaneSize::Percent(99)] {
                match Split::fit(Window { rows, cols: 80 }, size) {
                    Some(split) => {
                        assert!(
                            split.prompt_rows() >= PROMPT_ROWS_MIN && split.pane_rows >= PANE_ROWS_MIN,
                            "{split:?}"
                        );
                        assert_eq!(split.area().bottom(), rows);
                    }
                    None => assert!(rows < PROMPT_ROWS_MIN + PANE_ROWS_MIN, "{rows} rows are enough"),
                }
            }
        }
        assert_eq!(Split::fit(Window { rows: 6, cols: 20 }, PANE_SIZE_DEFAULT), None);
        assert_eq!(Split::fit(Window { rows: 40, cols: COLS_MIN - 1 }, PANE_SIZE_DEFAULT), None);
    }

    #[test]
    fn opening_keeps_all_that_is_visible() {
        for lines in 0..WINDOW.rows {
            let mut terminal = terminal();
            for line in 0..lines {
                terminal.process(format!("line {line}\r\n").as_bytes());
            }
            terminal.process(split().open().replace('\n', "\r\n").as_bytes());
            let (row, col) = terminal.screen().cursor_position();
            assert!(row < split().prompt_rows() && col == 0, "{lines} lines: cursor at {row},{col}");
            terminal.process(b"after");
            let shown = screen(&terminal);
            assert_eq!(shown[usize::from(row)], "after");
            if row > 0 {
                assert_eq!(shown[usize::from(row) - 1], format!("line {}", lines - 1));
            }
            assert!(shown[usize::from(split().prompt_rows())..].iter().all(String::is_empty), "{lines}: {shown:?}");
            terminal.screen_mut().set_scrollback(100);
            let above = if lines == 0 { String::new() } else { "line 0".to_owned() };
            assert_eq!(screen(&terminal)[0], if lines == 0 { "after".to_owned() } else { above }, "{lines} lines");
        }
    }

    #[test]
    fn output_scrolls_above_the_pane_only_and_closing_gives_the_rows_back() {
        let mut terminal = terminal();
        terminal.process(split().open().replace('\n', "\r\n").as_bytes());
        terminal.process(b"\x1b7\x1b[12;1Hthe pane\x1b8");
        for line in 0..500 {
            terminal.process(format!("line {line}\r\n").as_bytes());
        }
        assert_eq!(screen(&terminal)[11], "the pane");
        assert_eq!(screen(&terminal)[5], "line 499");
        terminal.process(split().close().as_bytes());
        assert_eq!(screen(&terminal)[11], "");
        assert_eq!(screen(&terminal)[5], "line 499");
        terminal.process(b"a\r\nb\r\nc\r\nd\r\ne\r\nf");
        assert_eq!(screen(&terminal)[11], "f", "the region is gone: the cursor reaches the last row");
        assert_eq!(screen(&terminal)[5], "line 499", "and nothing scrolled before it had to");
    }

    #[test]
    fn ctrl_l_leaves_the_pane_alone() {
        let mut terminal = terminal();
        terminal.process(split().open().replace('\n', "\r\n").as_bytes());
        terminal.process(b"\x1b7\x1b[8;1Htop of the pane\x1b8some text");
        terminal.process(split().clear_prompt().as_bytes());
        let shown = screen(&terminal);
        assert_eq!(shown[7], "top of the pane");
        assert!(shown[..7].iter().all(String::is_empty), "{shown:?}");
        assert_eq!(terminal.screen().cursor_position(), (0, 0));
    }

    #[test]
    fn full_screen_and_back_leaves_the_main_screen_as_it_was() {
        let mut terminal = terminal();
        terminal.process(split().open().replace('\n', "\r\n").as_bytes());
        terminal.process(b"\x1b7\x1b[12;1Hthe pane\x1b8line 1\r\nplugsh> ec");
        let before = screen(&terminal);
        terminal.process(ENTER_ALTERNATE.as_bytes());
        assert!(screen(&terminal).iter().all(String::is_empty));
        terminal.process(b"\x1b[1;1Hfull\x1b[12;1Hscreen");
        assert_eq!(screen(&terminal)[11], "screen");
        terminal.process(leave_alternate(Some(split())).as_bytes());
        assert_eq!(screen(&terminal), before);
        assert_eq!(terminal.screen().cursor_position(), (1, 10));
        terminal.process("\r\n".repeat(50).as_bytes());
        assert_eq!(terminal.screen().cursor_position(), (6, 0), "the region holds the cursor again");
    }

    #[test]
    fn a_rebuilt_window_is_empty_and_shared_as_asked() {
        let mut terminal = terminal();
        terminal.process("x".repeat(400).as_bytes());
        terminal.process(rebuild(WINDOW, Some(split())).as_bytes());
        assert!(screen(&terminal).iter().all(String::is_empty));
        terminal.process("\r\n".repeat(50).as_bytes());
        assert_eq!(terminal.screen().cursor_position(), (6, 0), "the region holds the cursor");
        terminal.process(rebuild(WINDOW, None).as_bytes());
        terminal.process("\r\n".repeat(50).as_bytes());
        assert_eq!(terminal.screen().cursor_position(), (11, 0), "no region is left");
    }
}
