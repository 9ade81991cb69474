//! Rendering of replies to bytes for standard output. A terminal gets tables that fit it, colour and escaped control
//! characters; a file or pipe gets plain text, whole tables unless it has a width, and a plugin's bytes unchanged.

mod layout;
mod options;
mod output;
mod paint;
mod table;

use std::borrow::Cow;
use std::io::{self, Write};

pub use options::RenderOptions;
pub use output::{Truncation, newline_after};
pub use paint::to_ansi;

use crate::shell::plain;
use crate::shell::reply::Reply;

/// A reply as it is written.
pub struct Rendered<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Written after the bytes: `\n` for text that ends without one. Apart, so that the bytes are not copied for it.
    pub newline: &'static [u8],
    /// Part of an output that was cut.
    pub cut: Option<Truncation>,
}

impl<'a> Rendered<'a> {
    fn whole(bytes: impl Into<Cow<'a, [u8]>>) -> Rendered<'a> {
        Rendered { bytes: bytes.into(), newline: b"", cut: None }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.newline.is_empty()
    }

    /// Writes it all.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_to(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&self.bytes)?;
        to.write_all(self.newline)
    }
}

/// Text of a reply, ready to be written.
pub fn render(reply: &Reply, options: RenderOptions) -> Rendered<'_> {
    match reply {
        Reply::Output { bytes, raw } if options.terminal => {
            let (bytes, cut) = output::for_terminal(bytes, *raw, options);
            Rendered { cut, ..Rendered::whole(bytes) }
        }
        Reply::Output { bytes, raw } => {
            Rendered { newline: output::newline_after(bytes, *raw), ..Rendered::whole(bytes.as_ref()) }
        }
        Reply::Lines(lines) | Reply::News { lines, .. } | Reply::Answer { lines, .. } if options.color => {
            let text: String = lines.iter().map(|line| format!("{}\n", to_ansi(line, true))).collect();
            Rendered::whole(text.into_bytes())
        }
        Reply::Prose { paragraphs, .. } if options.terminal || options.color => {
            let rows = paragraphs.iter().flat_map(|paragraph| paragraph.rows(options.columns.into()));
            let text: String = rows.map(|row| format!("{}\n", to_ansi(&row, options.color))).collect();
            Rendered::whole(text.into_bytes())
        }
        Reply::Table(table) => match options.table_columns {
            Some(columns) => Rendered::whole(table::render_table(table, columns, options.color).into_bytes()),
            None => Rendered::whole(plain::bytes(reply)),
        },
        reply => Rendered::whole(plain::bytes(reply)),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::shell::command::{TABLE, about, overview, topics};

    #[test]
    fn help_breaks_between_words_only() {
        let words: Vec<&str> = TABLE.iter().map(|command| command.name).chain(topics()).collect();
        let texts = words.iter().map(|word| (*word, about(TABLE, word).unwrap())).chain([("", overview(TABLE))]);
        for (word, reply) in texts {
            let shown = |columns: u16| {
                let options = RenderOptions { terminal: true, columns, ..RenderOptions::PLAIN };
                String::from_utf8(render(&reply, options).bytes.into_owned()).unwrap()
            };
            let whole = shown(10_000);
            for columns in [80, 60] {
                let text = shown(columns);
                let wide = text.lines().find(|line| line.width() > columns.into());
                assert_eq!(wide, None, "`help {word}` at {columns} columns");
                assert!(text.split_whitespace().eq(whole.split_whitespace()), "`help {word}` at {columns} columns");
            }
        }
    }
}
