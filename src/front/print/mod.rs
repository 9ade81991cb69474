//! Rendering of replies to bytes for standard output. A terminal gets tables, colour and escaped control characters; a
//! file or pipe gets plain text and a plugin's bytes unchanged.

mod options;
mod output;
mod paint;
mod table;

use std::borrow::Cow;

pub use options::RenderOptions;
pub use output::Truncation;
pub use paint::to_ansi;

use crate::shell::plain;
use crate::shell::reply::Reply;

/// The bytes to write for a reply, and how much of an output was cut.
pub fn render(reply: &Reply, options: RenderOptions) -> (Cow<'_, [u8]>, Option<Truncation>) {
    let (bytes, cut) = match reply {
        Reply::Output { bytes, raw } if options.terminal => output::for_terminal(bytes, *raw, options),
        Reply::Output { bytes, raw } => return (output::for_file(bytes, *raw), None),
        Reply::Lines(lines) | Reply::News { lines, .. } if options.color => {
            let text: String = lines.iter().map(|line| format!("{}\n", to_ansi(line, true))).collect();
            (text.into_bytes(), None)
        }
        Reply::Table(table) if options.terminal => (table::render_table(table, options).into_bytes(), None),
        reply => return (plain::bytes(reply), None),
    };
    (Cow::Owned(bytes), cut)
}
