//! Messages: what every one of them keeps to.

use super::error;

#[test]
fn messages_are_one_short_line() {
    let long = "x".repeat(100_000);
    let texts = [
        "echo 'a".to_owned(),
        "call a f {".to_owned(),
        format!("call a f {{}}{long}"),
        format!("call a f {{}}'\n\x1b[0m{long}'"),
        format!("call a f <<{long}"),
        format!("echo ${{{long}"),
        format!("ps {}>x", "2".repeat(100_000)),
        "echo \"\\\u{7}\"".to_owned(),
        "echo \"\\\u{85}\"".to_owned(),
        "$(".repeat(100),
        "ps && ps".to_owned(),
        "ps > a b".to_owned(),
        "call a f @".to_owned(),
        "!".to_owned(),
    ];
    for text in texts {
        let message = error(&text).to_string();
        assert!(message.len() < 300, "too long: {message}");
        assert!(!message.contains(char::is_control), "control characters: {message:?}");
        assert!(message.starts_with(|first: char| first.is_lowercase() || first == '`'), "{message}");
    }
}

#[test]
fn a_variables_message_says_what_to_write() {
    let message = error("echo ${a:-b}").to_string();
    assert_eq!(message, "`${a:-b}` names no variable: write `${NAME}`, or `\\$` for a dollar sign");
}
