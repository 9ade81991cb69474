//! Words, quotes, escapes and comments.

use super::{Session, error, pipes, script, values, words};
use crate::shell::line::{ErrorKind, Part, Quote, WordKind, quote};

#[test]
fn blanks_part_words() {
    assert_eq!(values(" \tload  a.wasm\t--as\tx "), ["load", "a.wasm", "--as", "x"]);
    assert_eq!(values("load -- --x"), ["load", "--", "--x"], "`--` is a word like any other");
}

#[test]
fn other_characters_have_no_meaning() {
    assert_eq!(
        values("echo a=b {x} [y] @z * ? ~ %1 a!b é"),
        ["echo", "a=b", "{x}", "[y]", "@z", "*", "?", "~", "%1", "a!b", "é"]
    );
}

#[test]
fn single_quotes_take_all_as_it_is() {
    assert_eq!(values(r#"echo '$x \n "a" ; | & > # `b`'"#), ["echo", r#"$x \n "a" ; | & > # `b`"#]);
    assert_eq!(values("echo 'a\nb'"), ["echo", "a\nb"]);
}

#[test]
fn double_quotes_know_their_escapes() {
    assert_eq!(values(r#"echo "a\n\t\\\"\$x\x41é;|&><#()`""#), ["echo", "a\n\t\\\"$xAé;|&><#()`"]);
    assert_eq!(values("echo \"a\nb\""), ["echo", "a\nb"]);
    assert_eq!(values("echo \"a\\\nb\\\r\nc\""), ["echo", "abc"], "a backslash joins lines");
}

#[test]
fn hex_escapes_make_any_byte() {
    let words = words(r#"echo "\xff\x00\xC3""#);
    assert_eq!(words[1].expand(&mut Session::default()).unwrap(), [0xff, 0, 0xc3]);
}

#[test]
fn unknown_escapes_are_named() {
    for (text, escape) in
        [(r#"echo "a\q""#, r"\q"), (r#"echo "\x4""#, r"\x4"), (r#"echo "\xé""#, r"\x"), (r#"echo "\r""#, r"\r")]
    {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::UnknownEscape(escape.to_owned()), "{text}");
        assert!(error.to_string().starts_with(&format!("unknown escape `{escape}` in double quotes: ")), "{error}");
        assert!(!error.incomplete());
    }
}

#[test]
fn touching_parts_are_one_word() {
    assert_eq!(values(r#"echo a'b c'"d e"\ f"#), ["echo", "ab cd e f"]);
    assert_eq!(values(r#"echo ''  "" x"#), ["echo", "", "", "x"]);
}

#[test]
fn a_backslash_takes_the_next_character() {
    assert_eq!(
        values(r"echo \; \| \& \> \< \( \) \# \$x \' \a \\ \{ \é"),
        ["echo", ";", "|", "&", ">", "<", "(", ")", "#", "$x", "'", "a", "\\", "{", "é"]
    );
}

#[test]
fn a_backslash_joins_lines() {
    assert_eq!(values("ec\\\nho a \\\n b\\\r\nc"), ["echo", "a", "bc"]);
    assert_eq!(script("echo a \\\n").statements[0].text, "echo a");
}

#[test]
fn a_carriage_return_belongs_to_its_newline() {
    assert_eq!(pipes("echo a\r\necho b \r\n\r\n").len(), 2);
    assert_eq!(values("echo a\r\n"), ["echo", "a"]);
    assert_eq!(values("echo a\rb"), ["echo", "a\rb"], "alone it is a character");
}

#[test]
fn comments_start_words() {
    assert_eq!(values("# first\necho a#b '#' # c 'd\n  # last"), ["echo", "a#b", "#"]);
    assert_eq!(pipes("echo a;# b\necho c &# d").len(), 2);
}

#[test]
fn kinds_tell_what_was_quoted() {
    let kinds: Vec<WordKind> = words(r"echo a 'b' c\d $e").iter().map(|word| word.kind).collect();
    let plain = |quoted| WordKind::Plain { quoted };
    assert_eq!(kinds, [plain(false), plain(false), plain(true), plain(true), plain(false)]);
    assert_eq!(
        words("a'b'")[0].parts,
        [Part::Literal { bytes: b"a".to_vec(), quoted: false }, Part::Literal { bytes: b"b".to_vec(), quoted: true }]
    );
}

#[test]
fn only_unquoted_text_makes_an_option() {
    let options = |text: &str| words(text)[1..].iter().map(|word| word.is_option()).collect::<Vec<_>>();
    assert_eq!(options("c -n --as --as=$x --a'b' -$x --"), [true; 6]);
    assert_eq!(options("c -5 -0.5e3 -.5 -5x -5$x"), [false; 5], "numbers below zero are data");
    assert_eq!(options("c -.x -$x"), [true; 2]);
    assert_eq!(options(r#"c - '-n' "--as" \-n $x ''-n ""--as a-b $(x)-n"#), [false; 9]);
    assert_eq!(words("c --a'b'")[1].literal_start(), b"--a");
    assert!(words("c --")[1].ends_options());
    assert!(!words("c '--'")[1].ends_options() && !words("c --$x")[1].ends_options());
}

#[test]
fn a_word_may_start_at_home() {
    let home = |text: &str| words(text)[1..].iter().map(|word| word.starts_at_home()).collect::<Vec<_>>();
    assert_eq!(home("c ~ ~/x ~:/x ~/$x ~/'a b'"), [true; 5]);
    assert_eq!(home(r"c '~' '~/x' \~/x ~x ~$x x~ a/~ ~'/x'"), [false; 8]);
}

#[test]
fn literals_are_known_without_a_session() {
    let words = words(r#"c a"b"\c a$x "\xff" ''"#);
    let texts: Vec<_> = words.iter().map(|word| word.literal_text()).collect();
    assert_eq!(texts, [Some("c".into()), Some("abc".into()), None, None, Some("".into())]);
    assert_eq!(words[3].literal().as_deref(), Some(&[0xff][..]));
}

#[test]
fn spans_cover_the_source() {
    let text = r#"  call 'a b' é$x $(ps)  {"k": 1} > "f g""#;
    let text = text.replace("call 'a b'", "call a");
    let pipe = &pipes(&text)[0];
    let crate::shell::line::Stage::Command(words) = &pipe.stages[0] else { panic!("no command") };
    let mut sources: Vec<&str> = words.iter().map(|word| &text[word.span.clone()]).collect();
    sources.push(&text[pipe.redirect.as_ref().unwrap().file.span.clone()]);
    assert_eq!(sources, ["call", "a", "é$x", "$(ps)", r#"{"k":"#, "1}", r#""f g""#]);
}

#[test]
fn unclosed_quotes_can_be_completed() {
    for (text, quote) in [("echo 'a", Quote::Single), ("echo \"a $b", Quote::Double), ("echo \"a\\", Quote::Double)] {
        let error = error(text);
        assert_eq!(error.kind, ErrorKind::UnclosedQuote(quote), "{text}");
        assert_eq!((error.line, error.column), (1, 6), "where it opens");
        assert!(error.incomplete());
    }
    let error = error("echo a\\");
    assert_eq!(error.kind, ErrorKind::TrailingBackslash);
    assert!(error.incomplete());
}

#[test]
fn quotes_are_as_light_as_can_be() {
    let cases: [(&[u8], &str); 12] = [
        (b"a.wasm", "a.wasm"),
        (b"/tmp/x-1_%2:3", "/tmp/x-1_%2:3"),
        ("é".as_bytes(), "é"),
        (b"", "''"),
        (b"a b", "'a b'"),
        (b"--x", "'--x'"),
        (b"@f", "'@f'"),
        (b"{}", "'{}'"),
        (b"it's $5", r#""it's \$5""#),
        (b"a\nb\tc\\", r#""a\nb\tc\\""#),
        (b"\x1b[0m\xff", r#""\x1b[0m\xff""#),
        ("\u{202e}x".as_bytes(), r#""\xe2\x80\xaex""#),
    ];
    for (bytes, quoted) in cases {
        assert_eq!(quote(bytes), quoted);
    }
}
