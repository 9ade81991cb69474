//! The bytes of one frame: the cells that differ between two buffers, as one write that leaves the cursor in its place.

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Whether the cursor is shown. It is hidden while the keys go to the pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorState {
    Shown,
    Hidden,
    /// Hidden, and its place has no meaning: in full screen. Some terminals have one saved place for both screens.
    Unused,
}

/// The bytes that turn `before` into `next` on the screen, empty when both are equal. Without `before` every cell is
/// written. The buffers' areas are in the window's coordinates.
pub fn encode(before: Option<&Buffer>, next: &Buffer, cursor: CursorState) -> Vec<u8> {
    let unlike;
    let before = match before {
        Some(before) if before.area == next.area => before,
        _ => {
            unlike = Buffer::filled(next.area, unlike_any_cell());
            &unlike
        }
    };
    let changes = before.diff(next);
    if changes.is_empty() {
        return Vec::new();
    }
    let mut bytes = Vec::with_capacity(4096);
    let (save, restore): (&[u8], &[u8]) = match cursor {
        CursorState::Shown | CursorState::Hidden => (b"\x1b7", b"\x1b8"),
        CursorState::Unused => (b"", b""),
    };
    bytes.extend_from_slice(b"\x1b[?2026h");
    bytes.extend_from_slice(save);
    bytes.extend_from_slice(b"\x1b[0m");
    // Writes to a vector cannot fail.
    let _ = CrosstermBackend::new(&mut bytes).draw(changes.into_iter());
    bytes.extend_from_slice(b"\x1b[0m");
    bytes.extend_from_slice(restore);
    bytes.extend_from_slice(cursor_bytes(cursor));
    bytes.extend_from_slice(b"\x1b[?2026l");
    bytes
}

/// Shows or hides the cursor.
pub fn cursor_bytes(cursor: CursorState) -> &'static [u8] {
    match cursor {
        CursorState::Shown => b"\x1b[?25h",
        CursorState::Hidden | CursorState::Unused => b"\x1b[?25l",
    }
}

/// Removes the colours from a frame; a cell with a background becomes reverse video.
pub fn without_colors(frame: &mut Buffer) {
    for cell in &mut frame.content {
        if cell.bg != Color::Reset {
            cell.modifier.insert(Modifier::REVERSED);
        }
        (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
    }
}

/// A cell that differs from every cell that a view draws: a private-use character.
fn unlike_any_cell() -> Cell {
    Cell::new("\u{f8ff}")
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    const AREA: Rect = Rect { x: 0, y: 4, width: 20, height: 3 };

    fn buffer(lines: [&str; 3]) -> Buffer {
        let mut buffer = Buffer::empty(AREA);
        for (y, line) in (AREA.y..).zip(lines) {
            buffer.set_string(0, y, line, Style::new().fg(Color::Red));
        }
        buffer
    }

    fn rows(terminal: &vt100::Parser) -> Vec<String> {
        terminal.screen().rows(0, AREA.width).map(|row| row.trim_end().to_owned()).collect()
    }

    #[test]
    fn every_sequence_of_frames_shows_the_last_one() {
        let mut terminal = vt100::Parser::new(7, 20, 0);
        terminal.process(b"\x1b[1;4rprompt> ");
        let frames = [["abc", "", "漢字 wide"], ["abd", "x", "漢 wide"], ["", "", ""], ["a漢", "漢a", "aa漢"]];
        let mut before = None;
        for lines in frames {
            let next = buffer(lines);
            terminal.process(&encode(before.as_ref(), &next, CursorState::Shown));
            assert_eq!(rows(&terminal)[4..], lines, "after the frame {lines:?}");
            assert_eq!(terminal.screen().cursor_position(), (0, 8), "the cursor is back");
            before = Some(next);
        }
        terminal.process(b"z");
        assert_eq!(rows(&terminal)[0], "prompt> z", "typing goes on where it was");
        assert_eq!(terminal.screen().cell(0, 8).unwrap().fgcolor(), vt100::Color::Default, "no stray colour");
    }

    #[test]
    fn a_frame_without_a_before_heals_what_others_wrote() {
        let mut terminal = vt100::Parser::new(7, 20, 0);
        terminal.process(b"\x1b[5;1Hgarbage that others wrote");
        terminal.process(&encode(None, &buffer(["one", "", "three"]), CursorState::Shown));
        assert_eq!(rows(&terminal)[4..], ["one", "", "three"]);
    }

    #[test]
    fn without_colors_only_attributes_are_left() {
        let mut frame = buffer(["red", "", ""]);
        frame.set_string(0, AREA.y + 1, "ask", Style::new().fg(Color::Black).bg(Color::Yellow));
        without_colors(&mut frame);
        let mut terminal = vt100::Parser::new(7, 20, 0);
        terminal.process(&encode(None, &frame, CursorState::Shown));
        assert_eq!(rows(&terminal)[4..], ["red", "ask", ""]);
        let cells = (0..3).map(|col| terminal.screen().cell(5, col).unwrap());
        assert!(cells.into_iter().all(|cell| cell.inverse() && cell.fgcolor() == vt100::Color::Default));
        assert_eq!(terminal.screen().cell(4, 0).unwrap().fgcolor(), vt100::Color::Default);
        assert!(!terminal.screen().cell(4, 0).unwrap().inverse());
    }

    #[test]
    fn nothing_new_is_no_write() {
        let same = buffer(["a", "b", "c"]);
        assert_eq!(encode(Some(&same), &same, CursorState::Shown), b"");
    }

    #[test]
    fn the_cursor_hides_while_the_keys_go_to_the_pane() {
        let mut terminal = vt100::Parser::new(7, 20, 0);
        terminal.process(&encode(None, &buffer(["a", "", ""]), CursorState::Hidden));
        assert!(terminal.screen().hide_cursor());
        terminal.process(cursor_bytes(CursorState::Shown));
        assert!(!terminal.screen().hide_cursor());
    }
}
