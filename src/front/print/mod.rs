//! Replies as bytes for standard output: at a terminal with tables, colour and everything made safe to show; elsewhere
//! plain, and a plugin's bytes as they are.

mod output;
mod paint;
mod table;

pub use output::Cut;
pub use paint::painted;

use crate::shell::plain;
use crate::shell::reply::Reply;

/// What standard output can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Somebody looks at it: control characters are escaped, long output is cut.
    pub terminal: bool,
    pub color: bool,
    pub columns: u16,
    /// The rows of the part of the screen that output scrolls in.
    pub rows: u16,
}

impl Look {
    /// Not a terminal: plain, and whole.
    pub const PLAIN: Look = Look { terminal: false, color: false, columns: 80, rows: 24 };
}

/// The bytes to write for a reply, and what was cut off.
pub fn render(reply: &Reply, look: Look) -> (Vec<u8>, Option<Cut>) {
    match reply {
        Reply::Output { bytes, raw } if look.terminal => output::for_terminal(bytes, *raw, look),
        Reply::Output { bytes, raw } => (output::for_file(bytes, *raw), None),
        Reply::Lines(lines) if look.color => {
            let text: String = lines.iter().map(|line| format!("{}\n", painted(line, true))).collect();
            (text.into_bytes(), None)
        }
        Reply::Table(table) if look.terminal => (table::drawn(table, look).into_bytes(), None),
        reply => (plain::bytes(reply), None),
    }
}
