//! The last argument of a line, for Alt-.

use crate::shell::AliasGrammar;
use crate::shell::line::{Stage, parse};

/// The last word of a line as typed, with its quotes; `None` for a line without words.
pub fn last_argument(line: &str, grammar: &AliasGrammar) -> Option<String> {
    let last_word = || line.split_whitespace().next_back().map(str::to_owned);
    let Ok(script) = parse(line, grammar) else { return last_word() };
    let pipe = &script.statements.last()?.pipe;
    let word = match (&pipe.redirect, pipe.stages.last()?) {
        (Some(redirect), _) => &redirect.file,
        (None, Stage::Command(words)) => words.last()?,
        (None, Stage::System(_) | Stage::Block(_)) => return last_word(),
    };
    line.get(word.span.clone()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command::TABLE;

    #[test]
    fn it_is_the_last_word_with_its_quotes() {
        let grammar = AliasGrammar { table: TABLE, aliases: Default::default() };
        for (line, last) in [
            ("call echo echo 'a b'", "'a b'"),
            ("call echo echo {\"k\": 1}", "{\"k\": 1}"),
            ("ps > \"out file\"", "\"out file\""),
            ("echo a; load x  &", "x"),
            ("!cat one two", "two"),
            ("ps", "ps"),
            ("echo 'open", "'open"),
        ] {
            assert_eq!(last_argument(line, &grammar).as_deref(), Some(last), "{line}");
        }
        assert_eq!(last_argument("  # nothing", &grammar), None);
    }
}
