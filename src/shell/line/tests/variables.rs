//! `$`: variables, substitutions, and what they expand to.

use super::{Session, error, script, values, values_in, words};
use crate::shell::line::{ErrorKind, Part, SUBSTITUTION_DEPTH_MAX, Script, Stage, WordKind, is_variable_name, parse};

#[test]
fn variables_expand_unquoted_and_in_double_quotes() {
    let mut session = Session::with(&[("x", b"1"), ("_y2", b"2"), ("_", b"last"), ("?", b"0")]);
    assert_eq!(
        values_in(r#"echo $x a${x}b $_y2 "$x-${_y2}" $_ ${_} $? ${?} '$x' \$x"#, &mut session),
        ["echo", "1", "a1b", "2", "1-2", "last", "last", "0", "0", "$x", "$x"]
    );
}

#[test]
fn other_dollars_are_text() {
    assert_eq!(values(r#"echo $ a$ $0 $$ $/ "$" "$0" $'a'"#), ["echo", "$", "a$", "$0", "$$", "$/", "$", "$0", "$a"]);
    assert_eq!(values("echo $é"), ["echo", "$é"], "names are ASCII");
}

#[test]
fn arguments_and_the_environment_have_names() {
    let mut session = Session::with(&[("1", b"a"), ("12", b"l"), ("@", b"a b"), ("env.HOME", b"/h"), ("env", b"e")]);
    assert_eq!(
        values_in(r#"echo $1 $12 ${12} "$@" ${@} $env.HOME/x ${env.HOME}x $env $env. $env.1"#, &mut session),
        ["echo", "a", "a2", "l", "a b", "a b", "/h/x", "/hx", "e", "e.", "e.1"]
    );
}

#[test]
fn a_here_document_with_a_quoted_end_is_expanded() {
    let mut session = Session::with(&[("x", b"1"), ("y", b"2")]);
    let text = "call a f <<\"END\" | call b g\n\"$x\" \\$x \\n \\\\ ${y}$(echo $(echo a))\nEND";
    let [first, ..] = &script(text).statements[0].pipe.stages[..] else { panic!() };
    let Stage::Command(words) = first else { panic!() };
    assert_eq!(words[3].expand(&mut session).unwrap(), b"\"1\" $x \\n \\ 2a\n");
    let inner = "call a f <<\"END\"\n$(call a f <<E\n$x\nE\n)\nEND";
    let Stage::Command(words) = &script(inner).statements[0].pipe.stages[0] else { panic!() };
    assert_eq!(words[3].expand(&mut session).unwrap(), b"a f $x\n");
    assert_eq!(error("call a f <<\"E\"\n${a b}\nE").kind, ErrorKind::BadVariable("${a b}".to_owned()));
}

#[test]
fn values_are_never_split_or_read_again() {
    let value = b"--as a;b|c $x 'q' {\"k\":1}";
    let mut session = Session::with(&[("x", value)]);
    let words = words("call a f $x");
    assert_eq!(words.len(), 4);
    assert_eq!(words[3].kind, WordKind::Plain { quoted: false });
    assert!(!words[3].is_option());
    assert_eq!(words[3].expand(&mut session).unwrap(), value);
}

#[test]
fn unset_variables_are_errors() {
    let message = |text: &str| words(text)[1].expand(&mut Session::default()).unwrap_err().to_string();
    assert_eq!(message("echo a$nix"), "`$nix` is unset: give it a value with `set nix VALUE`");
    assert_eq!(message("echo $_"), "`$_` is unset: no call has succeeded yet");
}

#[test]
fn braces_need_a_name() {
    for text in ["echo ${}", "echo ${env.}", "echo ${a-b}", "echo ${a", "echo \"${a:-b}\"", "echo ${"] {
        let error = error(text);
        assert!(matches!(error.kind, ErrorKind::BadVariable(_)), "{text}: {error}");
        assert!(!error.incomplete(), "{text}");
    }
    assert_eq!(error("echo ${a-b}c").kind, ErrorKind::BadVariable("${a-b}".to_owned()));
}

#[test]
fn substitutions_are_scripts() {
    let mut session = Session::with(&[("x", b"v")]);
    assert_eq!(values_in("echo $(echo a 'b)' $x)c", &mut session), ["echo", "a b) vc"]);
    assert_eq!(values_in(r#"echo "<$(echo "a b")>""#, &mut session), ["echo", "<a b>"], "quotes start anew inside");
    assert_eq!(values_in("echo $(echo $(echo $(echo deep)))", &mut session), ["echo", "deep"]);
    assert_eq!(values_in("echo $(echo a; echo b\necho c # d)\n)", &mut session), ["echo", "abc"]);
    assert_eq!(values_in("echo $() $(\n)", &mut session), ["echo", "", ""]);
    assert_eq!(session.ran, 8);
}

#[test]
fn a_substitution_holds_pipes_and_redirects() {
    let words = words("echo $(call a f x | call b g > out &)");
    let [Part::Substitution(Script { statements })] = words[1].parts.as_slice() else { panic!("{words:?}") };
    assert_eq!(statements[0].text, "call a f x | call b g > out");
    assert_eq!(statements[0].pipe.stages.len(), 2);
    assert!(statements[0].pipe.redirect.is_some() && statements[0].background);
}

#[test]
fn a_failing_substitution_fails_the_word_unchanged() {
    let error = words("echo a$(fail)b")[1].expand(&mut Session::default()).unwrap_err();
    assert_eq!(error.to_string(), "it failed");
}

#[test]
fn unclosed_substitutions_can_be_completed() {
    for text in ["echo $(ps", "echo $(", "echo \"$(ps", "echo $(echo a #)", "echo $(echo $(ps)"] {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::UnclosedSubstitution, "{text}");
        assert!(error.incomplete());
    }
    assert_eq!(error("echo $(echo 'a").kind, ErrorKind::UnclosedQuote(crate::shell::line::Quote::Single));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("echo {}x{}", "$(echo ".repeat(depth), ")".repeat(depth));
    assert_eq!(values(&nested(SUBSTITUTION_DEPTH_MAX)), ["echo", "x"]);
    assert_eq!(error(&nested(SUBSTITUTION_DEPTH_MAX + 1)).kind, ErrorKind::TooDeep { max: SUBSTITUTION_DEPTH_MAX });
    let open = "$(".repeat(1_000_000);
    let error = error(&open);
    assert_eq!(error.kind, ErrorKind::TooDeep { max: SUBSTITUTION_DEPTH_MAX });
    assert!(!error.incomplete());
}

#[test]
fn what_a_word_expands_to_is_bounded() {
    let mut session = Session::with(&[("x", b"12345")]);
    let word = &words("echo a$x$x")[1];
    assert_eq!(word.expand_within(11, &mut session).unwrap(), b"a1234512345");
    let message = word.expand_within(10, &mut session).unwrap_err().to_string();
    assert_eq!(message, "a word grew over 10 bytes when its `$` were expanded: use `@FILE`");
}

#[test]
fn bytes_that_are_no_utf8_are_no_text() {
    let mut session = Session::with(&[("x", b"ab\xffc")]);
    let words = words(r#"echo $x "\xfe" "a$x""#);
    assert_eq!(words[1].expand(&mut session).unwrap(), b"ab\xffc");
    let mut message = |at: usize| words[at].expand_text(&mut session).unwrap_err().to_string();
    assert_eq!(message(1), "`$x` is not UTF-8 (byte 0xff at 2): such bytes can only be INPUT");
    assert_eq!(message(2), "a word is not UTF-8 (byte 0xfe at 0): such bytes can only be INPUT");
    assert_eq!(message(3), "a word is not UTF-8 (byte 0xff at 3): such bytes can only be INPUT");
}

#[test]
fn parentheses_and_backquotes_are_refused() {
    for (text, operator) in [("echo (a", "("), ("echo a)", ")"), ("(ps)", "("), ("echo `ps`", "`"), ("echo a`ps`", "`")]
    {
        assert_eq!(error(text).kind, ErrorKind::Unsupported(operator.to_owned()), "{text}");
    }
    assert_eq!(script("echo '(a)' \"(b)\" \\(").statements.len(), 1);
}

#[test]
fn variable_names() {
    assert!(["a", "_", "_1", "Ab_9"].into_iter().all(is_variable_name));
    assert!(!["", "1a", "a-b", "?", "é", "a b"].into_iter().any(is_variable_name));
}

#[test]
fn parts_are_bounded() {
    struct Never;
    impl crate::shell::line::Grammar for Never {
        fn input_next(&self, _: &[crate::shell::line::Word]) -> bool {
            false
        }

        fn command_next(&self, _: &[crate::shell::line::Word]) -> bool {
            false
        }
    }
    let max = crate::shell::line::PARTS_MAX;
    assert!(parse(&"a ".repeat(max), &Never).is_ok());
    assert_eq!(parse(&"a ".repeat(max + 1), &Never).unwrap_err().kind, ErrorKind::TooManyParts { max });
    assert_eq!(parse(&"$a".repeat(max + 1), &Never).unwrap_err().kind, ErrorKind::TooManyParts { max });
    assert!(parse(&"a\n".repeat(max + 1), &Never).is_ok(), "it is a bound on a line, not on a script");
}
