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
}
