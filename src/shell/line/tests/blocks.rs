//! Blocks: `for`, `repeat`, `if`, their ends and their mistakes.

use super::{Calls, error, pipes, script};
use crate::shell::line::{BLOCK_DEPTH_MAX, Block, CursorPlace, ErrorKind, Script, Stage, complete_at};

fn block(text: &str) -> Block {
    let mut pipe = pipes(text).remove(0);
    match pipe.stages.remove(0) {
        Stage::Block(block) => *block,
        stage => panic!("`{text}` is no block: {stage:?}"),
    }
}

fn texts(script: &Script) -> Vec<&str> {
    script.statements.iter().map(|statement| statement.text.as_str()).collect()
}

#[test]
fn for_has_a_name_words_and_a_body() {
    for text in
        ["for x in a 'b c' {\"k\": 1}\n  echo $x\n\n  ps # c\nend", "for x in a 'b c' {\"k\": 1}; echo $x; ps; end"]
    {
        let Block::For { name, words, body } = block(text) else { panic!("{text}") };
        let words: Vec<_> = words.iter().map(|word| word.literal_text().unwrap().into_owned()).collect();
        assert_eq!((name.as_str(), words.as_slice()), ("x", &["a".to_owned(), "b c".into(), "{\"k\": 1}".into()][..]));
        assert_eq!(texts(&body), ["echo $x", "ps"]);
    }
    let Block::For { words, body, .. } = block("for x in; end") else { panic!() };
    assert!(words.is_empty() && body.statements.is_empty());
}

#[test]
fn if_has_branches_and_an_else() {
    let text = "if a.f | b.g; ps\nelse if c.h\n  echo a\nelse\n  repeat 2; echo b; end\nend";
    let Block::If { branches, otherwise } = block(text) else { panic!() };
    let conditions: Vec<_> = branches.iter().map(|(condition, body)| (condition.text.as_str(), texts(body))).collect();
    assert_eq!(conditions, [("a.f | b.g", vec!["ps"]), ("c.h", vec!["echo a"])]);
    assert_eq!(texts(&otherwise), ["repeat 2; echo b; end"]);
}

#[test]
fn a_block_has_lines_a_redirect_and_a_program() {
    let text = "ps\nrepeat 2\n  echo a\nend >> f\nrepeat 2; ps; end | !cat";
    let statements = script(text).statements;
    let lines: Vec<_> = statements.iter().map(|statement| (statement.line, statement.text.as_str())).collect();
    assert_eq!(lines, [(1, "ps"), (2, "repeat 2\n  echo a\nend >> f"), (5, "repeat 2; ps; end | !cat")]);
    assert!(statements[1].pipe.redirect.as_ref().is_some_and(|redirect| redirect.append));
    assert_eq!(statements[2].pipe.stages.len(), 2);
    let Stage::Block(block) = &statements[1].pipe.stages[0] else { panic!() };
    let Block::Repeat { body, .. } = &**block else { panic!() };
    assert_eq!(body.statements[0].line, 3);
}

#[test]
fn a_here_document_in_a_block_has_its_body() {
    let text = "for x in a\n  call a f <<E\nend\nE\nend\ncall a g <<E\nlast\nE";
    let Block::For { body, .. } = block(text) else { panic!() };
    let Stage::Command(words) = &body.statements[0].pipe.stages[0] else { panic!() };
    assert_eq!(words[3].literal().unwrap(), &b"end\n"[..]);
    let Stage::Command(words) = &script(text).statements[1].pipe.stages[0] else { panic!() };
    assert_eq!(words[3].literal().unwrap(), &b"last\n"[..]);
}

#[test]
fn a_word_of_a_block_is_one_only_where_a_command_starts() {
    for text in ["echo for end else", "'for' x", "for.f x", "echo end\nforx", "echo 'if'; \\if x"] {
        let commands = |stages: &[Stage]| stages.iter().all(|stage| matches!(stage, Stage::Command(_)));
        assert!(pipes(text).iter().all(|pipe| commands(&pipe.stages)), "{text}");
    }
}

#[test]
fn mistakes_say_what_is_missing() {
    let kinds = [
        ("for x in a\necho b", ErrorKind::UnclosedBlock("for")),
        ("echo $(for x in a) b", ErrorKind::UnclosedBlock("for")),
        ("if ps\nelse\nif ps\nend", ErrorKind::UnclosedBlock("if")),
        ("end", ErrorKind::StrayKeyword("end")),
        ("ps; else", ErrorKind::StrayKeyword("else")),
        ("for x in a; else; end", ErrorKind::StrayKeyword("else")),
        ("if ps; else; else; end", ErrorKind::StrayKeyword("else")),
        ("for 1 in a; end", ErrorKind::BadFor),
        ("for x a; end", ErrorKind::BadFor),
        ("for\nend", ErrorKind::BadFor),
        ("repeat; end", ErrorKind::BadRepeat),
        ("repeat 1 2; end", ErrorKind::BadRepeat),
        ("if; end", ErrorKind::BadIf),
        ("if ps & end", ErrorKind::BadIf),
        ("for x in a | b; end", ErrorKind::OperatorInHeader("|".into())),
    ];
    for (text, kind) in kinds {
        assert_eq!(error(text).kind, kind, "{text}");
    }
    let deep = "repeat 1\n".repeat(BLOCK_DEPTH_MAX + 1);
    assert_eq!(error(&deep).kind, ErrorKind::BlockTooDeep { max: BLOCK_DEPTH_MAX });
    assert!(error("for x in a\n").incomplete() && !error("end").incomplete());
}

#[test]
fn a_cursor_in_a_block_is_at_its_command() {
    for (text, place, words) in [
        ("for x in a\n  lo", CursorPlace::Command, 0),
        ("if ", CursorPlace::Command, 0),
        ("if load ", CursorPlace::Argument, 1),
        ("repeat 2; load ", CursorPlace::Argument, 1),
        ("for x in ", CursorPlace::Argument, 0),
        ("fo", CursorPlace::Command, 0),
    ] {
        let cursor = complete_at(text, text.len(), &Calls);
        assert_eq!((cursor.place, cursor.words.len()), (place, words), "{text}");
    }
}
