//! The words that the program was started with.

use std::ffi::OsString;

use super::{Cli, pflag};

/// The program's arguments without its name; those of `plugsh call` are brought into one spelling.
pub fn given_words() -> Vec<OsString> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    // The whole definition is dear to build: more than the rest of an empty session's start.
    if !pflag::may_be_call(&words) {
        return words;
    }
    let mut definition = Cli::definition();
    definition.build();
    pflag::rewritten(words, &definition)
}
