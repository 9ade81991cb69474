//! Collects incoming lines until they form whole statements, in time linear in their length. An unfinished text is
//! parsed again only with a line that has its terminator (the end of a here-document, a quote, a bracket of JSON);
//! commands inside `$(` are parsed one by one.

use super::grammar::AliasGrammar;
use super::line::{ErrorKind as Mistake, SyntaxError, parse};

/// The longest script that is read.
pub const SCRIPT_BYTES_MAX: u64 = 64 << 20;
/// Prefix of a command inside `$(` that is parsed alone.
const OPENING: &str = "echo $(\n";
/// Offset of the `$(` in [`OPENING`], in bytes.
const OPENING_OFFSET: usize = 5;
/// Deepest nesting of `$(` whose commands are parsed alone; the parser's bound is lower.
const LEVELS_MAX: usize = 64;

/// Collects lines until they are whole.
pub struct Incoming {
    grammar: AliasGrammar,
    text: Vec<u8>,
    /// Lines that were returned.
    lines: usize,
    /// The text since the last whole command of each open `$(`, outermost first.
    levels: Vec<Vec<u8>>,
    /// The text that a line must hold before the text is parsed again.
    terminator: Option<Terminator>,
    /// Bytes that were parsed; a test bounds their growth.
    #[cfg(test)]
    parsed_bytes: usize,
}

/// The terminator of an unfinished text.
enum Terminator {
    /// A line that equals this.
    Line(String),
    Char(char),
    /// The word that ends a block.
    End,
    /// The open brackets of JSON.
    Brackets(Brackets),
}

/// Why a text is unfinished.
enum Unfinished {
    Until(Terminator),
    /// A `$(` is open after whole commands; `offset` is where it opens.
    Substitution {
        offset: usize,
    },
    /// The line continues on the next.
    Line,
}

/// The brackets of JSON that are open.
#[derive(Default)]
struct Brackets {
    closers: Vec<u8>,
}

impl Brackets {
    /// Reads more text; true when all brackets are closed, or the JSON is wrong.
    fn are_closed_after(&mut self, text: &[u8]) -> bool {
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'{' => self.closers.push(b'}'),
                b'[' => self.closers.push(b']'),
                b'}' | b']' if self.closers.pop() != Some(*byte) || self.closers.is_empty() => return true,
                b'"' => loop {
                    match bytes.next() {
                        Some(b'"') => break,
                        // Skip the escaped character; JSON has no string over several lines.
                        Some(b'\\') if !matches!(bytes.next(), Some(b'\n') | None) => {}
                        Some(b'\\' | b'\n') | None => return true,
                        Some(_) => {}
                    }
                },
                _ => {}
            }
        }
        false
    }
}

impl Incoming {
    /// An empty collector.
    pub fn new(grammar: AliasGrammar) -> Incoming {
        Incoming {
            grammar,
            text: Vec::new(),
            lines: 0,
            levels: Vec::new(),
            terminator: None,
            #[cfg(test)]
            parsed_bytes: 0,
        }
    }

    /// Adds a line with its newline; returns the text when it is whole, and the number of its first line.
    pub fn add(&mut self, line: &[u8]) -> Option<(Vec<u8>, usize)> {
        self.text.extend_from_slice(line);
        for level in &mut self.levels {
            level.extend_from_slice(line);
        }
        let may_be_whole = match &mut self.terminator {
            None => true,
            Some(Terminator::Line(end)) => String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']) == end,
            Some(Terminator::Char(char)) => String::from_utf8_lossy(line).contains(*char),
            Some(Terminator::End) => String::from_utf8_lossy(line).contains("end"),
            Some(Terminator::Brackets(brackets)) => brackets.are_closed_after(line),
        };
        if !may_be_whole && (self.text.len() as u64) < SCRIPT_BYTES_MAX {
            return None;
        }
        self.terminator = None;
        while let Some(level) = self.levels.last().filter(|_| (self.text.len() as u64) < SCRIPT_BYTES_MAX) {
            let text = [OPENING.as_bytes(), level].concat();
            if let Some(unfinished) = self.unfinished(&text) {
                self.note_unfinished(unfinished);
                return None;
            }
            // The innermost `$(` is closed or wrong: the text around it may be whole.
            self.levels.pop();
        }
        let text = std::mem::take(&mut self.text);
        let unfinished = self.unfinished(&text);
        self.text = text;
        match unfinished {
            Some(unfinished) => {
                self.note_unfinished(unfinished);
                None
            }
            None => self.finish(),
        }
    }

    /// Why a text is unfinished; `None` when it is whole or wrong.
    fn unfinished(&mut self, text: &[u8]) -> Option<Unfinished> {
        #[cfg(test)]
        {
            self.parsed_bytes += text.len();
        }
        let text = std::str::from_utf8(text).ok()?;
        // The newline of a joined line is no end.
        let text = if text.ends_with("\\\n") { text.trim_end_matches('\n') } else { text };
        let error = parse(text, &self.grammar).err().filter(SyntaxError::incomplete)?;
        Some(match error.kind {
            Mistake::UnclosedHereDoc { end, .. } => Unfinished::Until(Terminator::Line(end)),
            Mistake::UnclosedQuote(quote) => Unfinished::Until(Terminator::Char(quote.char())),
            Mistake::UnclosedJson(_) => {
                let mut brackets = Brackets::default();
                brackets.are_closed_after(text.get(error.offset..).unwrap_or_default().as_bytes());
                Unfinished::Until(Terminator::Brackets(brackets))
            }
            Mistake::UnclosedBlock(_) => Unfinished::Until(Terminator::End),
            Mistake::UnclosedSubstitution => Unfinished::Substitution { offset: error.offset },
            _ => Unfinished::Line,
        })
    }

    fn note_unfinished(&mut self, unfinished: Unfinished) {
        let depth = self.levels.len();
        match (unfinished, self.levels.last_mut()) {
            (Unfinished::Until(terminator), _) => self.terminator = Some(terminator),
            (Unfinished::Line, _) => {}
            // Only the `$(` of the prefix is open: the commands behind it are whole.
            (Unfinished::Substitution { offset: OPENING_OFFSET }, Some(level)) => level.clear(),
            (Unfinished::Substitution { .. }, _) if depth < LEVELS_MAX => self.levels.push(Vec::new()),
            (Unfinished::Substitution { .. }, _) => {}
        }
    }

    /// The text so far, whole or not.
    pub fn finish(&mut self) -> Option<(Vec<u8>, usize)> {
        let text = std::mem::take(&mut self.text);
        (self.levels, self.terminator) = (Vec::new(), None);
        let first_line = self.lines + 1;
        self.lines += text.iter().filter(|byte| **byte == b'\n').count();
        (!text.is_empty()).then_some((text, first_line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command::TABLE;

    fn grammar() -> AliasGrammar {
        AliasGrammar { table: TABLE, aliases: Default::default() }
    }

    #[test]
    fn lines_come_out_when_they_are_whole() {
        let mut incoming = Incoming::new(grammar());
        assert_eq!(incoming.add(b"ps\n"), Some((b"ps\n".to_vec(), 1)));
        assert_eq!(incoming.add(b"call a f <<END\n"), None);
        assert_eq!(incoming.add(b"body\n"), None);
        assert_eq!(incoming.add(b"END\n"), Some((b"call a f <<END\nbody\nEND\n".to_vec(), 2)));
        assert_eq!(incoming.add(b"echo 'a\n"), None);
        assert_eq!(incoming.finish(), Some((b"echo 'a\n".to_vec(), 5)));
        assert_eq!(incoming.finish(), None);
    }

    /// Texts that are whole with their last line and not before.
    const WHOLE: [&str; 18] = [
        "ps\n",
        "for x in a b\n  echo $x\nend\n",
        "repeat 2; if ps\necho 'end\n'\nelse if ps\nend > f\nend\n",
        "set x $(\nfor x in a\necho $x\nend\n)\n",
        "if a.f <<END\nend\nEND\necho\nend | !cat\n",
        "set x $(\necho a\necho b\n)\n",
        "set x $(echo a\necho $(echo b\n) c\n)\n",
        "set x \"a $(\necho ')'\necho \\)\n) b\n\"\n",
        "set x $(\ncall a f {\n\"k\": \")}\"\n}\n)\n",
        "set x $(\ncall a f <<END\n)\nEND\n)\n",
        "set x $(\ncall a f x |\ncall b g\necho a \\\nb )\n",
        "call a f [\n{\"a\": [1,\n2]},\n\"]\", \"\\\"]\"\n]\n",
        "call a f {\"a\": $\n}\n",
        "echo 'a\nb\" $(\n'\n",
        "echo a \\\nb\n",
        "set x $(\nset y $(\nset z $(\necho 1\n)\necho 2\n)\necho 3\n) > f\n",
        "set x $(\n# )\necho 1\n)\n",
        "set x $(\n\n\necho 1; echo $(echo 2)\n)\n",
    ];

    #[test]
    fn a_text_is_whole_when_the_parser_says_so_and_not_a_line_later() {
        for text in WHOLE {
            let mut incoming = Incoming::new(grammar());
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let mut so_far = String::new();
            for (at, line) in lines.iter().enumerate() {
                so_far.push_str(line);
                let is_last = at + 1 == lines.len();
                let whole = parse(so_far.trim_end(), &grammar()).err().is_none_or(|error| !error.incomplete());
                assert_eq!((whole, incoming.add(line.as_bytes()).is_some()), (is_last, is_last), "{so_far:?}");
            }
        }
    }

    #[test]
    fn what_is_read_grows_with_the_text() {
        let object = format!("call a f [\n{}1]\n", "  {\"key\": \"value\", \"n\": 1},\n".repeat(2_000));
        let commands = format!("set x $(\n{})\n", "echo a $(echo b)\n".repeat(2_000));
        let nested = format!("set x $(\n{})\n", "set y $(\necho a\necho b\n)\n".repeat(1_000));
        for text in [object, commands, nested] {
            let mut incoming = Incoming::new(grammar());
            let whole: Vec<_> = text.split_inclusive('\n').filter_map(|line| incoming.add(line.as_bytes())).collect();
            assert_eq!(whole, [(text.clone().into_bytes(), 1)]);
            let per_line = 8 * OPENING.len() * text.lines().count();
            assert!(incoming.parsed_bytes < 8 * text.len() + per_line, "{} of {}", incoming.parsed_bytes, text.len());
        }
    }
}
