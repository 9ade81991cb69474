//! Cursors and colours.

use super::Calls;
use crate::shell::line::{Class, CompletionContext, CursorPlace, LINE_BYTES_MAX, Quote, complete_at, highlight};

/// The cursor at the `^` of a text.
fn cursor(text: &str) -> CompletionContext {
    let pos = text.find('^').expect("a cursor");
    complete_at(&text.replacen('^', "", 1), pos, &Calls)
}

#[track_caller]
fn expect(text: &str, place: CursorPlace, words: &[&str], typed: &str, start: usize) -> CompletionContext {
    let cursor = cursor(text);
    let before: Vec<_> = cursor.words.iter().map(|word| word.literal_text().unwrap_or("…".into())).collect();
    assert_eq!((cursor.place, cursor.typed.as_str(), cursor.span.start), (place, typed, start), "{text}");
    assert_eq!(before, words, "{text}");
    assert_eq!(cursor.span.end, text.find('^').unwrap());
    cursor
}

#[test]
fn commands_and_arguments() {
    expect("^", CursorPlace::Command, &[], "", 0);
    expect("  lo^ad x", CursorPlace::Command, &[], "lo", 2);
    expect("load ^", CursorPlace::Argument, &["load"], "", 5);
    expect("load a.w^", CursorPlace::Argument, &["load"], "a.w", 5);
    expect("load --as x pl^", CursorPlace::Argument, &["load", "--as", "x"], "pl", 12);
    expect("call a ^", CursorPlace::Argument, &["call", "a"], "", 7);
    expect("call a f ^", CursorPlace::Input, &["call", "a", "f"], "", 9);
    expect("call a f --lo^", CursorPlace::Input, &["call", "a", "f"], "--lo", 9);
    expect("a.f x^", CursorPlace::Input, &["a.f"], "x", 4);
}

#[test]
fn operators_start_anew() {
    expect("ps; l^", CursorPlace::Command, &[], "l", 4);
    expect("ps & ^", CursorPlace::Command, &[], "", 5);
    expect("ps\nl^", CursorPlace::Command, &[], "l", 3);
    assert!(!expect("ps\n^", CursorPlace::Command, &[], "", 3).piped);
    assert!(expect("call a f x | c^", CursorPlace::Command, &[], "c", 13).piped);
    assert!(expect("call a f x |^", CursorPlace::Command, &[], "", 12).piped);
    assert!(expect("call a f x |\n call b ^", CursorPlace::Argument, &["call", "b"], "", 21).piped);
    assert!(!cursor("call a f x | call b g; p^").piped);
}

#[test]
fn quotes_that_are_open() {
    let single = expect("load 'a b^", CursorPlace::Argument, &["load"], "a b", 5);
    assert_eq!(single.quote, Some(Quote::Single));
    let double = expect(r#"load "a\"b\x41^"#, CursorPlace::Argument, &["load"], "a\"bA", 5);
    assert_eq!(double.quote, Some(Quote::Double));
    let closed = expect("load x'a b'c\\ d^", CursorPlace::Argument, &["load"], "xa bc d", 5);
    assert_eq!(closed.quote, None);
    assert_eq!(cursor("load \"^").quote, Some(Quote::Double));
}

#[test]
fn variables_and_substitutions() {
    expect("echo $na^", CursorPlace::Variable, &["echo"], "na", 6);
    expect("echo a$^", CursorPlace::Variable, &["echo"], "", 7);
    expect("echo ${n^", CursorPlace::Variable, &["echo"], "n", 7);
    assert_eq!(expect("echo \"a $n^", CursorPlace::Variable, &["echo"], "n", 9).quote, Some(Quote::Double));
    expect("echo $x/b^", CursorPlace::Argument, &["echo"], "${x}/b", 5);
    expect("echo a$(ps)b^", CursorPlace::Argument, &["echo"], "a$(ps)b", 5);
    expect("echo x $(call f^", CursorPlace::Argument, &["call"], "f", 14);
    expect("echo \"$(^", CursorPlace::Command, &[], "", 8);
    expect("echo $(ps) ^", CursorPlace::Argument, &["echo", "…"], "", 11);
}

#[test]
fn other_places() {
    expect("ps > ou^", CursorPlace::File, &["ps"], "ou", 5);
    expect("ps >>^", CursorPlace::File, &["ps"], "", 5);
    expect("call a f @di^", CursorPlace::InputFile, &["call", "a", "f"], "di", 10);
    expect("call a f @^", CursorPlace::InputFile, &["call", "a", "f"], "", 10);
    expect("echo @di^", CursorPlace::Argument, &["echo"], "@di", 5);
    assert_eq!(cursor("call a f {\"k^").place, CursorPlace::Json);
    assert_eq!(cursor("call a f [1,\n^").place, CursorPlace::Json);
    assert_eq!(cursor("call a f <<EN^").place, CursorPlace::HereDoc);
    assert_eq!(cursor("call a f <<END\nab^").place, CursorPlace::HereDoc);
    assert_eq!(cursor("call a f <<END\nab\nEND\nps ^").place, CursorPlace::Argument);
    assert_eq!(cursor("ps # com^").place, CursorPlace::Comment);
    expect("!cat fi^", CursorPlace::System, &[], "fi", 5);
    expect("call a f x | !gr^", CursorPlace::System, &[], "gr", 14);
    expect("time !gr^", CursorPlace::System, &["time"], "gr", 6);
}

#[test]
fn mistakes_before_the_cursor_do_not_hide_it() {
    expect("ps && lo^", CursorPlace::Command, &[], "lo", 6);
    expect("ps ;; lo^", CursorPlace::Command, &[], "lo", 6);
    expect(r#"load "\q" x^"#, CursorPlace::Argument, &["load", "\\q"], "x", 10);
    expect("ps > a b^", CursorPlace::Argument, &["ps"], "b", 7);
    expect("call a f {}x y^", CursorPlace::Argument, &["call", "a", "f", "{}"], "y", 13);
    assert_eq!(cursor(&format!("{}^", "$(".repeat(100))).place, CursorPlace::Unknown);
}

#[test]
fn cursors_outside_the_text_are_moved_in() {
    assert_eq!(complete_at("load é", 6, &Calls).typed, "");
    assert_eq!(complete_at("load", 99, &Calls).typed, "load");
    let too_long = "#".repeat(LINE_BYTES_MAX + 1);
    assert_eq!(complete_at(&too_long, too_long.len(), &Calls).place, CursorPlace::Unknown);
}

/// The pieces of a text that have a class, as `Class:source`.
fn classes(text: &str) -> Vec<String> {
    let pieces = highlight(text, &Calls);
    assert_eq!(pieces.iter().map(|(span, _)| &text[span.clone()]).collect::<String>(), text, "no gaps");
    let coloured = pieces.into_iter().filter(|(_, class)| *class != Class::Plain);
    coloured.map(|(span, class)| format!("{class:?}:{}", &text[span])).collect()
}

#[test]
fn pieces_have_classes() {
    assert_eq!(
        classes("load a.wasm --as 'x y'$z > f & # c"),
        [
            "Command:load",
            "Argument:a.wasm",
            "Option:--as",
            "Quoted:'x y'",
            "Variable:$z",
            "Operator:>",
            "Argument:f",
            "Operator:&",
            "Comment:# c"
        ]
    );
    assert_eq!(
        classes("call a f {\"k\": 1} | !cat x"),
        ["Command:call", "Argument:a", "Argument:f", "Json:{\"k\": 1}", "Operator:|", "System:!cat x"]
    );
    assert_eq!(
        classes("a.f <<E;ps\nx\nE\nps"),
        ["Command:a.f", "HereDoc:<<E", "Operator:;", "Command:ps", "HereDoc:x\nE", "Command:ps"]
    );
    assert_eq!(classes("a.f @x"), ["Command:a.f", "InputFile:@x"]);
    assert_eq!(
        classes("echo \"a $x\"$(ps)"),
        ["Command:echo", "Quoted:\"a ", "Variable:$x", "Quoted:\"", "Operator:$(", "Command:ps", "Operator:)"]
    );
}

#[test]
fn unfinished_and_wrong_text_has_classes_too() {
    assert_eq!(classes("echo 'a"), ["Command:echo", "Quoted:'a"]);
    assert_eq!(classes("a.f {\"k\": 1"), ["Command:a.f", "Json:{\"k\": 1"]);
    assert_eq!(classes("ps && ls"), ["Command:ps", "Command:ls"]);
}
