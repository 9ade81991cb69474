//! Small text filters: made for pipes, as in `call text upper hello | call text reverse`.

use extism_pdk::{plugin_fn, FnResult, Json, ToBytes};
use serde::Serialize;

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "small text filters, made for pipes";
    upper("hello"): "its input in upper case";
    lower("HELLO"): "its input in lower case";
    reverse("hello"): "its input backwards";
    trim("  hello  "): "its input without white space around it";
    count("two words"): "its lines, words, characters and bytes";
}

/// Its input in upper case.
#[plugin_fn]
pub fn upper(text: String) -> FnResult<String> {
    Ok(text.to_uppercase())
}

/// Its input in lower case.
#[plugin_fn]
pub fn lower(text: String) -> FnResult<String> {
    Ok(text.to_lowercase())
}

/// Its input backwards, character by character.
#[plugin_fn]
pub fn reverse(text: String) -> FnResult<String> {
    Ok(text.chars().rev().collect())
}

/// Its input without white space around it.
#[plugin_fn]
pub fn trim(text: String) -> FnResult<String> {
    Ok(text.trim().to_owned())
}

#[derive(Serialize, ToBytes)]
#[encoding(Json)]
pub struct Count {
    lines: usize,
    words: usize,
    chars: usize,
    bytes: usize,
}

/// How much its input is: `{"lines":1,"words":2,"chars":11,"bytes":11}`.
#[plugin_fn]
pub fn count(text: String) -> FnResult<Count> {
    Ok(Count {
        lines: text.lines().count(),
        words: text.split_whitespace().count(),
        chars: text.chars().count(),
        bytes: text.len(),
    })
}
