//! Properties that hold for every text and all bytes.

use proptest::prelude::*;

use super::{Calls, Session};
use crate::shell::line::{
    Block, Grammar, Lines, Part, Script, Stage, SyntaxError, Word, WordKind, complete_at, highlight, parse, quote,
};

/// Every word after the first stands in INPUT's place: the most special of all grammars.
struct Everywhere;

impl Grammar for Everywhere {
    fn input_next(&self, _: &[Word]) -> bool {
        true
    }

    fn command_next(&self, words: &[Word]) -> bool {
        !words.is_empty()
    }
}

/// Pieces of lines that have a meaning, or look as if.
#[rustfmt::skip]
const PIECES: [&str; 54] = [
    "'", "\"", "\\", "$", "$(", ")", "(", "${", "}", "{", "[", "]", "|", "||", "&", "&&", ";", "\n", "\r\n", "\r",
    " ", "\t", "#", "!", "@", "@-", "<", "<<", "<<E", "E", "\nE\n", ">", ">>", "2>", "--", "-x", "\\x", "\\n", "$x",
    "$_", "$?", "call a f ", "a.f ", "for x in a ", "repeat 2\n", "if ", "else ", "\nend ", "é", "\u{1F600}", "`",
    "~", "{\"a\":", "\0",
];

/// Texts that are rich in what has a meaning.
fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z]{1,3}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check_script(text: &str, script: &Script) -> Result<(), TestCaseError> {
    for statement in &script.statements {
        prop_assert_eq!(text.get(statement.span.clone()), Some(statement.text.as_str()));
        prop_assert!(!statement.pipe.stages.is_empty());
        let line = text[..statement.span.start].matches('\n').count() + 1;
        prop_assert_eq!(statement.line, line);
        let mut words: Vec<&Word> = Vec::new();
        for stage in &statement.pipe.stages {
            match stage {
                Stage::Command(more) => {
                    prop_assert!(!more.is_empty());
                    words.extend(more);
                }
                Stage::System(raw) => prop_assert!(!raw.is_empty()),
                Stage::Block(block) => check_block(text, block)?,
            }
        }
        words.extend(statement.pipe.redirect.as_ref().map(|redirect| &redirect.file));
        for word in words {
            prop_assert!(text.get(word.span.clone()).is_some_and(|source| !source.is_empty()), "{word:?}");
            prop_assert!(!word.parts.is_empty() || word.kind == WordKind::Plain { quoted: false }, "{word:?}");
            for part in &word.parts {
                if let Part::Substitution(script) = part {
                    check_script(text, script)?;
                }
            }
        }
    }
    Ok(())
}

fn check_block(text: &str, block: &Block) -> Result<(), TestCaseError> {
    match block {
        Block::For { body, .. } | Block::Repeat { body, .. } => check_script(text, body),
        Block::If { branches, otherwise } => {
            prop_assert!(!branches.is_empty());
            for (condition, body) in branches {
                check_script(text, &Script { statements: vec![condition.clone()] })?;
                check_script(text, body)?;
            }
            check_script(text, otherwise)
        }
    }
}

fn check_error(text: &str, error: &SyntaxError) -> Result<(), TestCaseError> {
    prop_assert!(error.offset <= text.len());
    let line_start = text.as_bytes()[..error.offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = text.as_bytes()[..error.offset].iter().filter(|byte| **byte == b'\n').count() + 1;
    prop_assert_eq!((error.line, error.column), (line, error.offset - line_start + 1));
    prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
    Ok(())
}

fn check(text: &str, grammar: &dyn Grammar) -> Result<(), TestCaseError> {
    match parse(text, grammar) {
        Ok(script) => check_script(text, &script)?,
        Err(error) => check_error(text, &error)?,
    }
    let mut lines = Lines::new(text);
    while let Some(line) = lines.next(grammar) {
        match line {
            Ok(script) => check_script(text, &script)?,
            Err(error) => check_error(text, &error)?,
        }
    }
    let pieces = highlight(text, grammar);
    let mut end = 0;
    for (span, _) in pieces {
        prop_assert_eq!(span.start, end);
        prop_assert!(text.get(span.clone()).is_some_and(|piece| !piece.is_empty()));
        end = span.end;
    }
    prop_assert_eq!(end, text.len());
    for (pos, _) in text.char_indices().chain([(text.len(), ' ')]) {
        let cursor = complete_at(text, pos, grammar);
        prop_assert_eq!(cursor.span.end, pos);
        prop_assert!(text.get(cursor.span.clone()).is_some(), "{:?}", cursor);
        for word in &cursor.words {
            prop_assert!(text.get(word.span.clone()).is_some() && word.span.end <= pos);
        }
    }
    Ok(())
}

/// Reads `quoted` back as the words of one command.
fn read_back(text: &str, grammar: &dyn Grammar) -> Vec<Word> {
    let script = parse(text, grammar).unwrap_or_else(|error| panic!("`{text}`: {error}"));
    match script.statements.as_slice() {
        [statement] => match statement.pipe.stages.as_slice() {
            [Stage::Command(words)] if statement.pipe.redirect.is_none() => words.clone(),
            stages => panic!("`{text}` is {stages:?}"),
        },
        statements => panic!("`{text}` is {statements:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_all_spans_hold(text in line()) {
        check(&text, &Calls)?;
        check(&text, &Everywhere)?;
    }

    #[test]
    fn nothing_panics_on_any_text(text in any::<String>()) {
        check(&text, &Calls)?;
    }

    #[test]
    fn what_quote_quotes_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        check_quote(&bytes)?;
    }

    #[test]
    fn texts_are_read_back_too(text in line()) {
        check_quote(text.as_bytes())?;
    }

    #[test]
    fn a_complete_line_reads_the_same_by_its_statements(text in line()) {
        // Here-documents are left out: their bodies are no part of a statement's text.
        let text = text.replace("<<", "");
        if let Ok(script) = parse(&text, &Calls) {
            for statement in script.statements {
                let again = parse(&statement.text, &Calls);
                prop_assert!(again.is_ok(), "{:?} of {:?}: {:?}", statement.text, text, again);
                let again = again.unwrap_or_default();
                prop_assert_eq!(again.statements.len(), 1);
                prop_assert_eq!(&again.statements[0].text, &statement.text);
            }
        }
    }
}

const CONTROL_WORDS: [&str; 5] = ["for", "repeat", "if", "else", "end"];

fn check_quote(bytes: &[u8]) -> Result<(), TestCaseError> {
    let quoted = quote(bytes);
    prop_assert!(!quoted.contains(char::is_control), "{}", quoted);
    let mut texts = vec![format!("a {quoted} b"), format!("echo $(a {quoted})")];
    // At the start of a line a control word opens or ends a block.
    if !CONTROL_WORDS.contains(&quoted.as_str()) {
        texts.push(quoted.clone());
    }
    for text in texts {
        for grammar in [&Calls as &dyn Grammar, &Everywhere] {
            let mut words = read_back(&text, grammar);
            if let Some(Part::Substitution(script)) = words.last().and_then(|word| word.parts.first()) {
                let Stage::Command(inner) = script.statements[0].pipe.stages[0].clone() else { panic!("{script:?}") };
                words = inner;
            }
            let word = if words.len() > 1 { &words[1] } else { &words[0] };
            prop_assert!(matches!(word.kind, WordKind::Plain { .. }) && !word.is_option(), "{:?}", word);
            prop_assert_eq!(word.expand(&mut Session::default()).unwrap(), bytes);
        }
    }
    Ok(())
}
