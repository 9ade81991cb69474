//! Statements, pipes, redirects, and programs of the system.

use super::{error, pipes, script, values, words};
use crate::shell::line::{ErrorKind, Part, Redirect, Stage, WordKind};

fn texts(text: &str) -> Vec<String> {
    script(text).statements.into_iter().map(|statement| statement.text).collect()
}

/// The stages of the only pipe: the values of a command joined by blanks, or `!` and the raw text.
fn stages(text: &str) -> Vec<String> {
    let [pipe] = pipes(text).try_into().unwrap_or_else(|pipes| panic!("{pipes:?}"));
    let stage = |stage| match stage {
        Stage::System(raw) => format!("!{raw}"),
        Stage::Block(block) => panic!("{block:?}"),
        Stage::Command(words) => words.iter().map(|word| word.literal_text().unwrap()).collect::<Vec<_>>().join(" "),
    };
    pipe.stages.into_iter().map(stage).collect()
}

fn redirect(text: &str) -> (bool, String) {
    let Redirect { append, file } = pipes(text).remove(0).redirect.expect("a redirect");
    assert!(matches!(file.kind, WordKind::Plain { .. }));
    (append, file.literal_text().unwrap().into_owned())
}

#[test]
fn semicolons_and_newlines_end_commands() {
    assert_eq!(
        texts("ps; echo a ;echo b\n\n  \n echo c;\necho ';' \";\""),
        ["ps", "echo a", "echo b", "echo c", "echo ';' \";\""]
    );
    assert_eq!(texts(""), [""; 0]);
    assert_eq!(texts(" \n\t\n# only this"), [""; 0]);
}

#[test]
fn an_ampersand_sends_to_the_background() {
    let flags =
        |text: &str| -> Vec<bool> { script(text).statements.iter().map(|statement| statement.background).collect() };
    assert_eq!(flags("sleep 1 & echo a; sleep 2&"), [true, false, true]);
    assert_eq!(flags("echo '&' \\& \"&\""), [false]);
    assert_eq!(texts("sleep 1 & echo a"), ["sleep 1", "echo a"]);
}

#[test]
fn statements_know_their_lines_and_spans() {
    let text = "\n ps ;  echo 'a\nb'\n# c\necho \\\n d\ncall a f <<E | call b g\nx\nE\n  echo $(\nps)e\n";
    let statements = script(text).statements;
    let lines: Vec<usize> = statements.iter().map(|statement| statement.line).collect();
    assert_eq!(lines, [2, 2, 5, 7, 10]);
    for statement in &statements {
        assert_eq!(text[statement.span.clone()], statement.text);
    }
    assert_eq!(statements[1].text, "echo 'a\nb'");
    assert_eq!(statements[3].text, "call a f <<E | call b g");
    let Stage::Command(words) = &statements[4].pipe.stages[0] else { panic!() };
    let Part::Substitution(inner) = &words[1].parts[0] else { panic!() };
    assert_eq!(inner.statements[0].line, 11);
}

#[test]
fn empty_commands_are_errors() {
    for (text, operator, column) in [
        (";", ";", 1),
        ("ps;;ps", ";", 4),
        ("& ps", "&", 1),
        ("| ps", "|", 1),
        ("ps | | ps", "|", 6),
        ("ps & ; ps", ";", 6),
        ("ps | ;", ";", 6),
    ] {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::NoCommand(operator.to_owned()), "{text}");
        assert_eq!(error.to_string(), format!("no command before `{operator}`"));
        assert_eq!(error.column, column, "{text}");
        assert!(!error.incomplete());
    }
    assert_eq!(error("echo $(ps |)").kind, ErrorKind::NoCommand(")".to_owned()));
}

#[test]
fn pipes_join_stages() {
    assert_eq!(stages("call a f x|call b g | call c h"), ["call a f x", "call b g", "call c h"]);
    assert_eq!(stages("echo 'a|b' \\| \"|\""), ["echo a|b | |"]);
}

#[test]
fn a_pipe_goes_on_behind_the_lines_end() {
    assert_eq!(stages("call a f x | # first\n\n  call b g"), ["call a f x", "call b g"]);
    for text in ["call a f x |", "call a f x | # c", "call a f x |\n\n"] {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::NothingAfterPipe, "{text}");
        assert!(error.incomplete());
    }
}

#[test]
fn redirects_come_last() {
    assert_eq!(redirect("ps > out.txt"), (false, "out.txt".to_owned()));
    assert_eq!(redirect("ps>>out"), (true, "out".to_owned()));
    assert_eq!(redirect("call a f x | call b g > 'a b'"), (false, "a b".to_owned()));
    assert_eq!(redirect("call a f > @f &"), (false, "@f".to_owned()), "only INPUT has an `@FILE`");
    assert_eq!(redirect("ps > out # c"), (false, "out".to_owned()));
    assert_eq!(pipes("ps > a; ps > b & ps > c\nps").len(), 4);
    assert_eq!(values("echo '>' \\> \">>\""), ["echo", ">", ">", ">>"]);
    assert_eq!(redirect("echo a2>f"), (false, "f".to_owned()), "only a number alone is a stream");
}

#[test]
fn misplaced_redirects_are_errors() {
    let cases = [
        ("ps > a b", ErrorKind::RedirectNotLast(">")),
        ("ps >> a > b", ErrorKind::RedirectNotLast(">>")),
        ("ps > a | call b f", ErrorKind::RedirectNotLast(">")),
        ("call a f > x <<E", ErrorKind::RedirectNotLast(">")),
        ("ps >", ErrorKind::RedirectWithoutFile(">")),
        ("ps >> ; ps", ErrorKind::RedirectWithoutFile(">>")),
        ("ps >>> a", ErrorKind::RedirectWithoutFile(">>")),
        ("ps > # a", ErrorKind::RedirectWithoutFile(">")),
        ("> a", ErrorKind::RedirectWithoutCommand(">")),
        ("ps | > a", ErrorKind::RedirectWithoutCommand(">")),
    ];
    for (text, kind) in cases {
        let error = error(text);
        assert_eq!(error.kind, kind, "{text}");
        assert!(!error.incomplete());
    }
    let message = error("ps > a b").to_string();
    assert_eq!(message, "`> FILE` must come last: only `;`, `&` or the line's end may follow");
}

#[test]
fn operators_of_other_shells_are_refused_with_a_way_on() {
    let cases = [
        ("ps && ps", "&&", "use `;`, a script stops at the first error"),
        ("ps||ps", "||", "`|` joins calls, `;` ends a command"),
        ("&& ps", "&&", "use `;`, a script stops at the first error"),
        ("call a f <x", "<", "`@FILE` gives a file as INPUT, `@-` standard input"),
        ("call a f <<<x", "<<<", "give INPUT as a word"),
        ("call a f <<-E\nE", "<<-", "a here-document is literal, write `<<END`"),
        ("ps 2>e", "2>", "only results are redirected, with `> FILE`"),
        ("ps 2>&1", "2>", "only results are redirected, with `> FILE`"),
        ("ps >&2", ">&", "only results are redirected, with `> FILE`"),
        ("ps &> e", "&>", "only results are redirected, with `> FILE`"),
    ];
    for (text, operator, way_on) in cases {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::Unsupported(operator.to_owned()), "{text}");
        assert_eq!(error.to_string(), format!("no `{operator}` in this shell: {way_on}"));
        assert!(!error.incomplete());
    }
    assert_eq!(values("echo '&&' \"||\" \\<"), ["echo", "&&", "||", "<"]);
}

#[test]
fn a_bang_hands_the_rest_of_the_line_to_the_system() {
    assert_eq!(stages("!ls -l | grep x > f; ls & # c"), ["!ls -l | grep x > f; ls & # c"]);
    assert_eq!(stages("call a f x | ! grep $y 'it"), ["call a f x", "!grep $y 'it"]);
    assert_eq!(texts("!ls $(\necho a"), ["!ls $(", "echo a"], "unclosed things are the system's matter");
    assert_eq!(stages("!echo a \\\n  b\r\n"), ["!echo a \\\n  b"]);
    assert_eq!(values("echo !a"), ["echo", "!a"], "only at the start of a stage");
    assert_eq!(stages("'!a'"), ["!a"]);
    assert!(matches!(pipes("\\!a")[0].stages[0], Stage::Command(_)));
    assert_eq!(error("!").kind, ErrorKind::NoSystemCommand);
    assert_eq!(error("call a f x | ! ").kind, ErrorKind::NoSystemCommand);
    assert!(error("!ls \\").incomplete());
}

#[test]
fn a_bang_behind_a_prefix_command_is_its_last_word() {
    assert_eq!(values("time !ls -l | grep 'x; y > f # c"), ["time", "ls -l | grep 'x; y > f # c"]);
    let words = words("time ! ls");
    assert_eq!((words[1].kind, words[1].span.clone()), (WordKind::System, 5..9));
    assert_eq!(texts("time !ls; echo a\necho b"), ["time !ls; echo a", "echo b"]);
    assert_eq!(values("time '!ls'")[1], "!ls");
    assert_eq!(values("time ls !a"), ["time", "ls", "!a"], "only where the command begins");
    assert_eq!(error("time !").kind, ErrorKind::NoSystemCommand);
    assert_eq!(error("time > f !ls").kind, ErrorKind::RedirectNotLast(">"));
}

#[test]
fn a_bang_in_a_substitution_ends_at_its_parenthesis() {
    let words = words("echo $(!echo \")\" '(' \\( $(date) (x)) b");
    assert_eq!(words.len(), 3);
    let Part::Substitution(inner) = &words[1].parts[0] else { panic!("{words:?}") };
    assert_eq!(inner.statements[0].pipe.stages, [Stage::System("echo \")\" '(' \\( $(date) (x)".to_owned())]);
}
