//! INPUT's place: JSON, files, standard input, here-documents.

use super::{Session, error, input, pipes, script, values, words};
use crate::shell::line::{ErrorKind, Part, Stage, WordKind};

/// The bodies of all here-documents of a script's commands, in order.
fn bodies(text: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    for pipe in pipes(text) {
        for stage in pipe.stages {
            let Stage::Command(words) = stage else { continue };
            let here_docs = words.iter().filter(|word| word.kind == WordKind::HereDoc);
            bodies.extend(here_docs.map(|word| word.literal_text().unwrap().into_owned()));
        }
    }
    bodies
}

#[test]
fn json_keeps_its_quotes_and_blanks() {
    for json in [
        r#"{"a": [1, 2, {"b": "}]\"{"}], "c": "$x 'y' \\"}"#,
        r#"[1, "a b", {}]"#,
        "{}",
        "{\n  \"a\": 1,\n\t\"b\": [2]\n}",
        r#"{"a":"x|y;z&>#(<"}"#,
    ] {
        assert_eq!(input(&format!("call a f {json}")), (WordKind::Json, json.to_owned()));
    }
}

#[test]
fn words_go_on_behind_json() {
    assert_eq!(values(r#"call a f {"a": 1} --loop 3"#), ["call", "a", "f", r#"{"a": 1}"#, "--loop", "3"]);
    assert_eq!(values(r#"a.f {"a": 1}"#), ["a.f", r#"{"a": 1}"#]);
    assert_eq!(pipes("call a f {}|call b g;call a f []&call a f {}>x").len(), 3);
    assert_eq!(values("echo $(call a f {})x"), ["echo", "a f {}x"]);
    assert_eq!(values("call a f {} \\\n --loop 3").len(), 6);
}

#[test]
fn json_is_json_only_unquoted_and_as_input() {
    let plain = |quoted| WordKind::Plain { quoted };
    assert_eq!(input("call a f '{x'"), (plain(true), "{x".to_owned()));
    assert_eq!(input("call a f \\{x"), (plain(true), "{x".to_owned()));
    assert_eq!(input("call a f a{b"), (plain(false), "a{b".to_owned()));
    assert_eq!(words("echo {\"a\" b}").len(), 3);
    assert_eq!(values("call {a f x"), ["call", "{a", "f", "x"]);
    assert_eq!(values("call --config k={\"a\" f x")[2], "k={a f x".split(' ').next().unwrap());
}

#[test]
fn text_behind_json_is_an_error() {
    for (text, touching) in
        [("call a f {}x", "x"), ("call a f []'a'b c", "'a'b"), ("call a f {}\\\nx", "x"), ("call a f {}#", "#")]
    {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::TextAfterJson(touching.to_owned()), "{text}");
        assert!(!error.incomplete());
    }
}

#[test]
fn unclosed_json_can_be_completed() {
    for (text, open) in
        [("call a f {", '{'), ("call a f [1,\n2", '['), ("call a f {\"a\": {}", '{'), ("call a f [\"]\"", '[')]
    {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::UnclosedJson(open), "{text}");
        assert_eq!((error.line, error.column), (1, 10), "where it opens");
        assert!(error.incomplete());
    }
}

#[test]
fn broken_json_is_an_error_at_once() {
    let error_kind = |text| {
        let error = error(text);
        assert!(!error.incomplete());
        error.kind
    };
    assert_eq!(error_kind("call a f {\"a\": [1}"), ErrorKind::MismatchedJson { closer: '}', expected: ']' });
    assert_eq!(error_kind("call a f {\"a: 1}"), ErrorKind::UnclosedJsonString);
    assert_eq!(error_kind("call a f {\"a: 1}\necho b"), ErrorKind::UnclosedJsonString);
}

#[test]
fn files_and_standard_input() {
    assert_eq!(input("call a f @in.txt"), (WordKind::AtFile, "in.txt".to_owned()));
    assert_eq!(input("call a f @'a b'.txt"), (WordKind::AtFile, "a b.txt".to_owned()));
    assert_eq!(input("call a f @-"), (WordKind::AtStdin, "-".to_owned()));
    assert_eq!(input("call a f --loop @-"), (WordKind::Plain { quoted: false }, "--loop".to_owned()));
    assert_eq!(input("call a f @-x"), (WordKind::AtFile, "-x".to_owned()));
    assert_eq!(input("call a f @'-'"), (WordKind::AtFile, "-".to_owned()), "a file of that name");
    let words = words("call a f @$x/b");
    assert_eq!(words[3].kind, WordKind::AtFile);
    assert_eq!(words[3].expand(&mut Session::with(&[("x", b"dir")])).unwrap(), b"dir/b");
}

#[test]
fn an_at_is_text_elsewhere() {
    let plain = |quoted| WordKind::Plain { quoted };
    assert_eq!(input("call a f '@f'"), (plain(true), "@f".to_owned()));
    assert_eq!(input("call a f \\@-"), (plain(true), "@-".to_owned()));
    assert_eq!(input("call a f a@f"), (plain(false), "a@f".to_owned()));
    assert_eq!(words("echo @f")[1].kind, plain(false));
    assert_eq!(error("call a f @").kind, ErrorKind::AtWithoutFile);
    assert_eq!(error("call a f @;").kind, ErrorKind::AtWithoutFile);
}

#[test]
fn here_documents_are_literal() {
    let body = "a $x \\n 'b\n\n  E\n{\" | ; #\nEE\n";
    assert_eq!(bodies(&format!("call a f <<E\n{body}E\necho c")), [body]);
    assert_eq!(script(&format!("call a f <<E\n{body}E\necho c")).statements.len(), 2);
    assert_eq!(bodies("call a f <<E\nE"), [""], "an empty one, and no newline at the text's end");
    assert_eq!(bodies("call a f << 'the end'\nx\nthe end\n"), ["x\n"]);
    assert_eq!(bodies("call a f<<E\r\nx\r\nE\r\n"), ["x\r\n"]);
    assert_eq!(bodies("a.f <<$\n$x\n$\n"), ["$x\n"]);
}

#[test]
fn the_line_of_a_here_document_goes_on() {
    let text = "call a f <<A --loop 2 | call b g > o; call c h <<B &\n1\nA\n2\nB\necho d\n";
    assert_eq!(bodies(text), ["1\n", "2\n"]);
    let statements = script(text).statements;
    assert_eq!(statements.len(), 3);
    assert_eq!(statements[0].pipe.stages.len(), 2);
    assert!(statements[0].pipe.redirect.is_some() && statements[1].background);
    assert_eq!(bodies("call a f <<A |\n1\nA\ncall b g\n"), ["1\n"], "the body comes before what follows `|`");
    assert_eq!(bodies("call a f <<A | !cat\n1\nA\n"), ["1\n"]);
    assert_eq!(bodies("call a f <<A 'x\ny' # c\n1\nA\n"), ["1\n"], "behind the line's end, not the quote's");
}

#[test]
fn here_documents_in_substitutions() {
    let inner = |text: &str| {
        let words = words(text);
        let Some(Part::Substitution(script)) = words[1].parts.first() else { panic!("{words:?}") };
        let Stage::Command(words) = &script.statements[0].pipe.stages[0] else { panic!() };
        words[3].literal_text().unwrap().into_owned()
    };
    assert_eq!(inner("echo $(call a f <<E\nx\nE\n) y"), "x\n");
    assert_eq!(inner("echo $(call a f <<E) y\nx\nE\n"), "x\n");
    // Opened outside first, read inside first.
    let words = words("call a f <<A $(call b g <<B\n2\nB\n)\n1\nA\n");
    assert_eq!(words[3].literal_text().as_deref(), Some("1\n"));
    let Part::Substitution(script) = &words[4].parts[0] else { panic!() };
    let Stage::Command(words) = &script.statements[0].pipe.stages[0] else { panic!() };
    assert_eq!(words[3].literal_text().as_deref(), Some("2\n"));
}

#[test]
fn a_missing_end_names_the_opening_line() {
    for text in ["\n\ncall a f <<END", "\n\ncall a f <<END\n", "\n\ncall a f <<END | call b g\nx\nEND x\n"] {
        let error = error(text);
        assert_eq!(error.to_string(), "here-document `<<END` of line 3 has no end: write `END` alone on a line");
        assert_eq!((error.line, error.column), (3, 10));
        assert!(error.incomplete());
    }
    assert!(error("call a f <<A; call b g <<B\nA\n").to_string().contains("`<<B`"));
}

#[test]
fn here_documents_stand_only_where_input_goes() {
    for text in ["echo <<E\nE", "<<E\nE", "call a <<E\nE", "call a f x <<E\nE"] {
        assert_eq!(error(text).kind, ErrorKind::HereDocOutOfPlace, "{text}");
    }
    assert_eq!(error("call a f <<\nE").kind, ErrorKind::HereDocWithoutEnd);
    assert_eq!(error("call a f <<;").kind, ErrorKind::HereDocWithoutEnd);
    assert_eq!(error("call a f <<").kind, ErrorKind::HereDocWithoutEnd);
    assert_eq!(error("call a f <<$x\nE").kind, ErrorKind::HereDocBadEnd);
    assert_eq!(error("call a f <<'a\nb'\nE").kind, ErrorKind::HereDocBadEnd);
    assert_eq!(values("call a f '<<E'"), ["call", "a", "f", "<<E"]);
}

#[test]
fn there_is_one_input_place() {
    let kinds: Vec<WordKind> = words("call a f x {b @c").iter().map(|word| word.kind).collect();
    assert_eq!(kinds, [WordKind::Plain { quoted: false }; 6], "what stands behind INPUT is not special");
}
