//! The first difference between what one call did in two hosts. Ids of processes are no difference: each host's run has
//! processes of its own, so an id is compared by its place among them.

use serde::Serialize;

use crate::kernel::ProcessId;
use crate::text::escape_control;

/// Bytes that are shown before and behind the first difference.
const AROUND_BYTES: usize = 24;

/// The first difference between two outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputDifference {
    /// Where it begins in the native host's output.
    pub at: usize,
    /// The native host's output around it, on one line.
    pub native: String,
    /// The stock host's.
    pub extism: String,
}

/// One host's output, and the processes of its run in the order in which they were started.
pub struct Output<'a> {
    pub bytes: &'a [u8],
    pub ids: &'a [ProcessId],
}

/// The first difference, if any.
pub fn first_difference(native: &Output<'_>, extism: &Output<'_>) -> Option<OutputDifference> {
    let (at, other_at) = first_places(native, extism)?;
    Some(OutputDifference { at, native: around(native.bytes, at), extism: around(extism.bytes, other_at) })
}

/// Where the outputs begin to differ, in each of them.
fn first_places(native: &Output<'_>, extism: &Output<'_>) -> Option<(usize, usize)> {
    let (mut at, mut other_at) = (0, 0);
    loop {
        let (one, other) = (rest(native.bytes, at), rest(extism.bytes, other_at));
        let (number, other_number) = (digits(one), digits(other));
        match (one.first(), other.first()) {
            (None, None) => return None,
            _ if !number.is_empty() && !other_number.is_empty() => {
                if number != other_number && !is_one_process(native, number, extism, other_number) {
                    return Some((at, other_at));
                }
                (at, other_at) = (at + number.len(), other_at + other_number.len());
            }
            (Some(byte), Some(other_byte)) if byte == other_byte => (at, other_at) = (at + 1, other_at + 1),
            _ => return Some((at, other_at)),
        }
    }
}

fn rest(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// The digits at the start.
fn digits(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.get(..length).unwrap_or_default()
}

/// Whether two numbers are the ids of processes that have the same place in their runs.
fn is_one_process(native: &Output<'_>, number: &[u8], extism: &Output<'_>, other: &[u8]) -> bool {
    let place = |output: &Output<'_>, digits: &[u8]| {
        let id: ProcessId = std::str::from_utf8(digits).ok()?.parse().ok()?;
        output.ids.iter().position(|known| *known == id)
    };
    place(native, number).is_some_and(|at| place(extism, other) == Some(at))
}

/// The bytes around a place, on one line.
fn around(bytes: &[u8], at: usize) -> String {
    let (start, end) = (at.saturating_sub(AROUND_BYTES), bytes.len().min(at + AROUND_BYTES));
    let text = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default());
    let (before, behind) = (if start > 0 { "…" } else { "" }, if end < bytes.len() { "…" } else { "" });
    format!("{before}{}{behind}", escape_control(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(native: &str, extism: &str) -> Option<OutputDifference> {
        let native = Output { bytes: native.as_bytes(), ids: &[2, 3, 9] };
        first_difference(&native, &Output { bytes: extism.as_bytes(), ids: &[4, 5, 10] })
    }

    #[test]
    fn ids_at_the_same_place_are_no_difference() {
        assert_eq!(difference(r#"{"id":3,"parent":2}"#, r#"{"id":5,"parent":4}"#), None);
        assert_eq!(difference("9 of 12", "10 of 12"), None);
        assert_eq!(difference("", ""), None);
        assert!(difference("id 3", "id 4").is_some(), "another process");
        assert!(difference("23", "45").is_some(), "a number that no process has");
    }

    #[test]
    fn the_first_difference_is_shown_with_what_is_around_it() {
        let told = difference("id 2: total 7, all", "id 4: total 8, all").unwrap();
        assert_eq!(
            (told.at, told.native.as_str(), told.extism.as_str()),
            (12, "id 2: total 7, all", "id 4: total 8, all")
        );
        let told = difference(&format!("{}a", "x".repeat(100)), &"x".repeat(100)).unwrap();
        assert_eq!(told.at, 100);
        assert_eq!(told.native, format!("…{}a", "x".repeat(24)));
        assert_eq!(told.extism, format!("…{}", "x".repeat(24)));
    }
}
