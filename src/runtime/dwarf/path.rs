//! Paths of source files, for people.

use crate::text::escape_control;

/// Longest path of a file that is shown, in characters; of a longer one the start is left out.
const FILE_CHARS_MAX: usize = 200;

/// A file's path, bounded and safe; the commit of Rust's library is left out.
pub fn shown_file(file: &str) -> String {
    let file = match file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/')) {
        Some((_, rest)) => rest,
        None => file,
    };
    let count = file.chars().count();
    match count > FILE_CHARS_MAX {
        true => format!("…{}", escape_control(&file.chars().skip(count - FILE_CHARS_MAX).collect::<String>())),
        false => escape_control(file),
    }
}
