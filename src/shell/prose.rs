//! Paragraphs that wrap between words, at the width of whoever reads them.

use unicode_width::UnicodeWidthStr;

use super::reply::{Line, Paragraph, Role, Span};

/// The width of prose in files and pipes, in columns.
pub const PROSE_COLUMNS: usize = 80;
/// Blanks before the second row where the column that it would begin in leaves too little room.
const HANG_SHORT: usize = 4;

impl Paragraph {
    /// A paragraph of plain text.
    pub fn text(text: impl Into<String>) -> Paragraph {
        Line::from(text.into()).into()
    }

    /// Paragraphs of a text with tables in it. A line goes on in the next where that is what its layout says: another
    /// full line of prose, or a row whose first column is empty.
    pub fn read(text: &str) -> Vec<Paragraph> {
        /// A line of prose that is shorter ends its paragraph.
        const FULL_CHARS_MIN: usize = 70;
        let mut paragraphs: Vec<(String, usize)> = Vec::new();
        let mut was_full = false;
        for line in text.lines() {
            let (indent, column) = layout(line);
            let is_row = column > indent;
            let goes_on = match paragraphs.last() {
                Some((before, hang)) if !line.is_empty() && !before.is_empty() && !is_row => {
                    let is_prose_before = layout(before).1 == layout(before).0;
                    if is_prose_before { was_full && indent == *hang } else { indent == *hang }
                }
                _ => false,
            };
            match paragraphs.last_mut().filter(|_| goes_on) {
                Some((before, _)) => before.push_str(&format!(" {}", line.trim_start())),
                None => paragraphs.push((line.to_owned(), column)),
            }
            was_full = line.chars().count() >= FULL_CHARS_MIN;
        }
        paragraphs.into_iter().map(|(text, hang)| Paragraph { line: Line::from(text), hang }).collect()
    }

    /// The paragraph in rows of at most `columns` columns; only a longer word is longer.
    pub fn rows(&self, columns: usize) -> Vec<Line> {
        let hang = if self.hang * 2 > columns { HANG_SHORT } else { self.hang };
        let mut rows = vec![Line::new()];
        let mut width = 0;
        let mut blanks = String::new();
        let mut has_word = false;
        for word in words(&self.line) {
            let Word::Text(spans) = word else {
                if let Word::Blanks(text) = word {
                    blanks = text;
                }
                continue;
            };
            let word_width: usize = spans.iter().map(|span| span.text.width()).sum();
            let Some(row) = rows.last_mut() else { break };
            if has_word && width + blanks.len() + word_width > columns {
                rows.push(Line::from(" ".repeat(hang)));
                width = hang;
            } else if !blanks.is_empty() {
                width += blanks.len();
                row.push(Role::Plain, std::mem::take(&mut blanks));
            }
            width += word_width;
            has_word = true;
            blanks.clear();
            if let Some(row) = rows.last_mut() {
                row.spans.extend(spans);
            }
        }
        rows
    }
}

/// A run of blanks, or of other characters in the pieces of their roles.
enum Word {
    Blanks(String),
    Text(Vec<Span>),
}

fn words(line: &Line) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for span in &line.spans {
        let mut rest = span.text.as_str();
        while !rest.is_empty() {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            let end = if blanks > 0 { blanks } else { rest.find(' ').unwrap_or(rest.len()) };
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            rest = after;
            match words.last_mut() {
                Some(Word::Blanks(text)) if blanks > 0 => text.push_str(piece),
                Some(Word::Text(spans)) if blanks == 0 => spans.push(Span { role: span.role, text: piece.to_owned() }),
                _ if blanks > 0 => words.push(Word::Blanks(piece.to_owned())),
                _ => words.push(Word::Text(vec![Span { role: span.role, text: piece.to_owned() }])),
            }
        }
    }
    words
}

/// Where a line's text begins, and where its last column does: behind two blanks or more.
fn layout(line: &str) -> (usize, usize) {
    let indent = line.len() - line.trim_start().len();
    let text = line.get(indent..).unwrap_or_default();
    let column = text.rfind("  ").map_or(indent, |blanks| indent + text.get(..blanks + 2).unwrap_or_default().width());
    (indent, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(paragraph: &Paragraph, columns: usize) -> Vec<String> {
        paragraph.rows(columns).iter().map(Line::to_string).collect()
    }

    #[test]
    fn rows_end_between_words_whatever_their_roles() {
        let line =
            Line::new().with(Role::Name, "  --long N  ").plain("so `").with(Role::Code, "ps -t").plain("` it is");
        let paragraph = Paragraph { line, hang: 12 };
        assert_eq!(rows(&paragraph, 80), ["  --long N  so `ps -t` it is"]);
        assert_eq!(rows(&paragraph, 24), ["  --long N  so `ps -t`", "            it is"]);
        assert_eq!(rows(&paragraph, 20), ["  --long N  so `ps", "    -t` it is"]);
        assert_eq!(rows(&Paragraph::text("averylongword x"), 5), ["averylongword", "x"]);
        assert_eq!(rows(&Paragraph::default(), 80), [""]);
    }

    #[test]
    fn a_text_is_read_as_its_layout_says() {
        let full = "x ".repeat(36);
        let text =
            format!("Heading\n  ps    lists\n        processes\n  trace\n\n{full}\nand on\n  code one\n  code two");
        let texts: Vec<String> = Paragraph::read(&text).iter().map(|paragraph| paragraph.line.to_string()).collect();
        let joined = format!("{full} and on");
        assert_eq!(
            texts,
            ["Heading", "  ps    lists processes", "  trace", "", joined.as_str(), "  code one", "  code two"]
        );
        assert_eq!(Paragraph::read(&text)[1].hang, 8);
    }
}
