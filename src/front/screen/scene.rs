//! The pane's contents as the screen sees them: a scene draws frames and handles keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Where the keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Prompt,
    Pane,
}

/// When a scene must draw a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redraw {
    /// Only if something changed since the last frame.
    IfChanged,
    /// Always: the screen no longer shows the last frame.
    Always,
    /// Always, and from a new snapshot: the frame is saved as a picture.
    Fresh,
}

/// One key, or a report of the mouse, read by rustyline or by `keyboard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Function(u8),
    Mouse(Mouse),
}

/// A mouse event, at a cell of the window counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    pub action: MouseAction,
    pub col: u16,
    pub row: u16,
}

/// A mouse event that has a meaning in the pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseAction {
    /// A press of the left button.
    Press,
    WheelUp,
    WheelDown,
}

/// Where the keys go after one was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyResult {
    Stay,
    /// One step back: out of full screen, else to the prompt.
    Back,
    /// The prompt.
    Leave,
    /// To the pane, in full screen or out of it.
    ToggleFull,
}

/// The contents of the pane.
pub trait Scene: Send {
    /// Draws `area`, in the window's coordinates. `None` if nothing changed and `Redraw::IfChanged` was asked for.
    /// Called often, by one thread: it must return quickly and must not wait for the terminal.
    fn frame(&mut self, area: Rect, focus: Focus, wanted: Redraw) -> Option<Buffer>;

    /// Handles one key while the pane has the focus.
    fn key(&mut self, key: Key) -> KeyResult;
}

impl Key {
    /// A key that rustyline read; `None` if it has no meaning in the pane.
    pub fn from_rustyline(event: &rustyline::KeyEvent) -> Option<Key> {
        use rustyline::{KeyCode, Modifiers};
        let control = event.1.contains(Modifiers::CTRL);
        Some(match event.0 {
            KeyCode::Char('J' | 'M' | 'j' | 'm') if control => Key::Enter,
            KeyCode::Char('H' | 'h') if control => Key::Backspace,
            KeyCode::Char('I' | 'i') if control => Key::Tab,
            KeyCode::Char(c) if control => Key::Ctrl(c.to_ascii_lowercase()),
            KeyCode::Char(_) if event.1.contains(Modifiers::ALT) => return None,
            KeyCode::Char(c) => Key::Char(c),
            KeyCode::Up => Key::Up,
            KeyCode::Down => Key::Down,
            KeyCode::Left => Key::Left,
            KeyCode::Right => Key::Right,
            KeyCode::PageUp => Key::PageUp,
            KeyCode::PageDown => Key::PageDown,
            KeyCode::Home => Key::Home,
            KeyCode::End => Key::End,
            KeyCode::Enter => Key::Enter,
            KeyCode::Esc => Key::Esc,
            KeyCode::Tab => Key::Tab,
            KeyCode::BackTab => Key::BackTab,
            KeyCode::Backspace => Key::Backspace,
            KeyCode::Delete => Key::Delete,
            KeyCode::F(n) => Key::Function(n),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rustyline::{KeyCode, KeyEvent, Modifiers};

    use super::*;

    #[test]
    fn keys_are_the_same_whoever_read_them() {
        let line = |code, modifiers| Key::from_rustyline(&KeyEvent(code, modifiers));
        assert_eq!(line(KeyCode::Char('x'), Modifiers::NONE), Some(Key::Char('x')));
        assert_eq!(line(KeyCode::Char('C'), Modifiers::CTRL), Some(Key::Ctrl('c')));
        assert_eq!(line(KeyCode::Char('J'), Modifiers::CTRL), Some(Key::Enter));
        assert_eq!(line(KeyCode::Char('b'), Modifiers::ALT), None);
        assert_eq!(line(KeyCode::F(6), Modifiers::NONE), Some(Key::Function(6)));
        assert_eq!(line(KeyCode::BracketedPasteStart, Modifiers::NONE), None, "a paste is text for the prompt");
    }
}
