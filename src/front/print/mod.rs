//! Replies as bytes for standard output: at a terminal with tables, colour and everything made safe to show; elsewhere
//! plain, and a plugin's bytes as they are.

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

/// The bytes to write for a reply, and what was cut off.
pub fn render(reply: &Reply, options: RenderOptions) -> (Cow<'_, [u8]>, Option<Truncation>) {
    let (bytes, cut) = match reply {
        Reply::Output { bytes, raw } if options.terminal => output::for_terminal(bytes, *raw, options),
        Reply::Output { bytes, raw } => return (output::for_file(bytes, *raw), None),
        Reply::Lines(lines) if options.color => {
            let text: String = lines.iter().map(|line| format!("{}\n", to_ansi(line, true))).collect();
            (text.into_bytes(), None)
        }
        Reply::Table(table) if options.terminal => (table::render_table(table, options).into_bytes(), None),
        reply => return (plain::bytes(reply), None),
    };
    (Cow::Owned(bytes), cut)
}
