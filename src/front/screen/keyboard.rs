//! Decoding of the keyboard's bytes to keys, while rustyline does not read them.
//!
//! A terminal sends a key as one of: a character, a control character, `ESC` and a character (Alt), `CSI … letter`,
//! `CSI … ~`, `SS3 letter`. Each key keeps its bytes for the type-ahead.

use super::mouse;
use super::scene::Key;

const ESC: u8 = 0x1b;
/// The longest control sequence; the bytes of a longer one are keys of their own.
const SEQUENCE_BYTES_MAX: usize = 32;

/// A key and the bytes that were sent for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// `None`: a key without a meaning in the pane.
    pub key: Option<Key>,
    pub bytes: Vec<u8>,
}

/// The bytes of an incomplete key.
#[derive(Debug, Default)]
pub struct Keyboard {
    pending: Vec<u8>,
}

impl Keyboard {
    /// Adds bytes; returns the complete keys.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Typed> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        while let Some((key, length)) = first_key(&self.pending) {
            keys.push(Typed { key, bytes: self.pending.drain(..length).collect() });
        }
        keys
    }

    /// Whether an incomplete key, or `Esc` alone, is waiting for more bytes.
    pub fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Ends the wait for more bytes: a lone `ESC` is a key, any other incomplete key is dropped.
    pub fn give_up(&mut self) -> Option<Typed> {
        let bytes = std::mem::take(&mut self.pending);
        (bytes == [ESC]).then_some(Typed { key: Some(Key::Esc), bytes })
    }

    /// Discards an incomplete key.
    pub fn clear(&mut self) {
        self.pending.clear();
    }
}

/// The first key of the bytes and its length in bytes; `None`: the key is incomplete.
fn first_key(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let (&first, rest) = bytes.split_first()?;
    match (first, rest) {
        (ESC, []) => None,
        (ESC, [b'[', sequence @ ..]) => control_sequence(sequence).map(|(key, length)| (key, length + 2)),
        (ESC, [b'O', end, ..]) => Some((by_letter(*end), 3)),
        (ESC, [b'O']) => None,
        (ESC, [ESC, ..]) => Some((Some(Key::Esc), 1)),
        // Alt and a character.
        (ESC, rest) => character(rest).map(|(_, length)| (None, length + 1)),
        (b'\r' | b'\n', _) => Some((Some(Key::Enter), 1)),
        (b'\t', _) => Some((Some(Key::Tab), 1)),
        (0x7f | 0x08, _) => Some((Some(Key::Backspace), 1)),
        (control @ 1..=26, _) => Some((Some(Key::Ctrl(char::from(control - 1 + b'a'))), 1)),
        (0..=0x1f, _) => Some((None, 1)),
        _ => character(bytes),
    }
}

/// A character in UTF-8; an invalid byte is a key without a meaning.
fn character(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let length = match bytes.first()? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let whole = match bytes.get(..length) {
        Some(whole) => whole,
        // An incomplete character; an invalid one is not waited for.
        None if std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none()) => return None,
        None => return Some((None, 1)),
    };
    match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(c) => Some((Some(Key::Char(c)), length)),
        None => Some((None, 1)),
    }
}

/// The key of a control sequence; `bytes` start after `ESC [`.
fn control_sequence(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    // The Linux console's F1 to F5.
    if let [b'[', rest @ ..] = bytes {
        return rest.first().map(|_| (None, 2));
    }
    let Some(end) = bytes.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return (bytes.len() > SEQUENCE_BYTES_MAX).then_some((None, bytes.len()));
    };
    let parameters = bytes.get(..end).unwrap_or_default();
    if let [b'<', report @ ..] = bytes.get(..=end).unwrap_or_default() {
        let mouse = std::str::from_utf8(report).ok().and_then(mouse::parse);
        return Some((mouse.map(Key::Mouse), end + 1));
    }
    let key = match bytes.get(end) {
        Some(b'~') => by_number(parameters),
        Some(b'Z') => Some(Key::BackTab),
        // Shift, Alt and Ctrl add parameters; such keys have no meaning in the pane.
        Some(letter) if parameters.is_empty() => by_letter(*letter),
        _ => None,
    };
    Some((key, end + 1))
}

fn by_letter(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        b'P'..=b'S' => Key::Function(letter - b'P' + 1),
        _ => return None,
    })
}

fn by_number(parameters: &[u8]) -> Option<Key> {
    let number: u8 = std::str::from_utf8(parameters).ok()?.parse().ok()?;
    Some(match number {
        1 | 7 => Key::Home,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::Function(number - 10),
        17..=21 => Key::Function(number - 11),
        23 | 24 => Key::Function(number - 12),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Option<Key>> {
        Keyboard::default().take(bytes).into_iter().map(|typed| typed.key).collect()
    }

    #[test]
    fn every_kind_of_sequence_is_one_key() {
        let some: [(&[u8], Key); 17] = [
            (b"x", Key::Char('x')),
            ("é".as_bytes(), Key::Char('é')),
            ("漢".as_bytes(), Key::Char('漢')),
            (b"\r", Key::Enter),
            (b"\n", Key::Enter),
            (b"\t", Key::Tab),
            (b"\x7f", Key::Backspace),
            (b"\x0c", Key::Ctrl('l')),
            (b"\x1b[A", Key::Up),
            (b"\x1bOB", Key::Down),
            (b"\x1b[Z", Key::BackTab),
            (b"\x1b[5~", Key::PageUp),
            (b"\x1b[1~", Key::Home),
            (b"\x1b[H", Key::Home),
            (b"\x1bOF", Key::End),
            (b"\x1b[17~", Key::Function(6)),
            (b"\x1b[24~", Key::Function(12)),
        ];
        for (bytes, key) in some {
            assert_eq!(keys(bytes), [Some(key)], "{bytes:?}");
        }
        for bytes in [&b"\x1bx"[..], "\x1bé".as_bytes(), b"\x1b[1;5A", b"\x1b[200~", b"\x1b[[A", b"\x00", b"\xff"] {
            assert_eq!(keys(bytes), [None], "{bytes:?}");
        }
    }

    #[test]
    fn a_report_of_the_mouse_is_one_key() {
        use crate::front::screen::scene::{Mouse, MouseAction};
        let press = Mouse { action: MouseAction::Press, col: 11, row: 4 };
        assert_eq!(keys(b"\x1b[<0;12;5Mx"), [Some(Key::Mouse(press)), Some(Key::Char('x'))]);
        assert_eq!(keys(b"\x1b[<0;12;5mx"), [None, Some(Key::Char('x'))], "a release");
    }

    #[test]
    fn keys_come_whole_wherever_the_bytes_are_cut() {
        let text = "a\x1b[17~é\x1bOA\x1b[5~漢\x1bx\rz".as_bytes();
        let whole = Keyboard::default().take(text);
        assert_eq!(whole.len(), 9);
        for cut in 0..text.len() {
            let mut keyboard = Keyboard::default();
            let mut typed = keyboard.take(&text[..cut]);
            typed.extend(keyboard.take(&text[cut..]));
            assert_eq!(typed, whole, "cut at {cut}");
            assert!(!keyboard.waits());
        }
        let bytes: Vec<u8> = whole.into_iter().flat_map(|typed| typed.bytes).collect();
        assert_eq!(bytes, text, "no byte is lost");
    }

    #[test]
    fn a_lone_escape_is_the_key_once_nothing_follows() {
        let mut keyboard = Keyboard::default();
        assert_eq!(keyboard.take(b"\x1b"), []);
        assert!(keyboard.waits());
        assert_eq!(keyboard.give_up().and_then(|typed| typed.key), Some(Key::Esc));
        assert_eq!(keyboard.take(b"\x1b["), []);
        assert_eq!(keyboard.give_up(), None, "half a sequence is no key");
        assert_eq!(keyboard.take(b"q"), [Typed { key: Some(Key::Char('q')), bytes: b"q".to_vec() }]);
    }

    #[test]
    fn a_sequence_without_end_is_given_up() {
        let mut keyboard = Keyboard::default();
        for _ in 0..100 {
            keyboard.take(b"\x1b[");
            keyboard.take(&[b'1'; 100]);
        }
        assert!(keyboard.pending.len() <= SEQUENCE_BYTES_MAX + 102, "{} bytes wait", keyboard.pending.len());
    }
}
