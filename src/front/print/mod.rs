//! Replies as bytes for standard output: at a terminal with tables, colour and everything made safe to show; elsewhere
//! plain, and a plugin's bytes as they are.

mod look;
mod output;
mod paint;
mod table;

use std::borrow::Cow;

pub use look::Look;
pub use output::Cut;
pub use paint::painted;

use crate::shell::plain;
use crate::shell::reply::Reply;

/// The bytes to write for a reply, and what was cut off.
pub fn render(reply: &Reply, look: Look) -> (Cow<'_, [u8]>, Option<Cut>) {
    let (bytes, cut) = match reply {
        Reply::Output { bytes, raw } if look.terminal => output::for_terminal(bytes, *raw, look),
        Reply::Output { bytes, raw } => return (output::for_file(bytes, *raw), None),
        Reply::Lines(lines) if look.color => {
            let text: String = lines.iter().map(|line| format!("{}\n", painted(line, true))).collect();
            (text.into_bytes(), None)
        }
        Reply::Table(table) if look.terminal => (table::drawn(table, look).into_bytes(), None),
        reply => return (plain::bytes(reply), None),
    };
    (Cow::Owned(bytes), cut)
}
