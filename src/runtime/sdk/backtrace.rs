//! The SDK's own backtrace, which it gives as text alone.

use crate::runtime::stack::{Backtrace, CodePlace, RawFrame, StoppedBy};

/// The line above the frames.
const TITLE: &str = "error while executing at wasm backtrace:";
/// Names of a module without a name and of a function, in the text.
const NO_NAME: &str = "<unknown>";
const NO_FUNCTION_NAME: &str = "<wasm function ";
/// Functions of the SDK's own kernel begin so.
const SDKS_OWN: &str = "extism_runtime_kernel";

/// The frames in the causes of an error. `modules`: how many modules the program has; what names none is the last one.
pub fn backtrace<'a>(causes: impl Iterator<Item = &'a str> + Clone, modules: usize) -> Option<Box<Backtrace>> {
    let text = causes.clone().find(|cause| cause.starts_with(TITLE))?;
    let has = |words: &str| causes.clone().any(|cause| cause.contains(words));
    let stopped_by = match () {
        () if has("wasm trap: wasm `unreachable`") => StoppedBy::Unreachable,
        () if has("wasm trap: ") => StoppedBy::Trap,
        () => StoppedBy::Host,
    };
    let main = modules.checked_sub(1)?;
    Some(Box::new(Backtrace::new(stopped_by, text.lines().filter_map(|line| frame(line, main)))))
}

/// `   0:  0x2a2 - <unknown>!tax::rate`.
fn frame(line: &str, main: usize) -> Option<RawFrame> {
    let (number, rest) = line.trim_start().split_once(": ")?;
    number.parse::<usize>().ok()?;
    let (place, named) = match rest.split_once(" - ") {
        Some((offset, named)) => {
            let offset = u64::from_str_radix(offset.trim().strip_prefix("0x")?, 16).ok()?;
            (CodePlace::Module(offset), named)
        }
        None => (CodePlace::Unknown, rest),
    };
    let (module, name) = named.split_once('!').unwrap_or((NO_NAME, named));
    if module.starts_with(SDKS_OWN) {
        return None;
    }
    let index = name.strip_prefix(NO_FUNCTION_NAME).and_then(|rest| rest.strip_suffix('>')?.parse().ok());
    let name = index.is_none().then(|| RawFrame::bounded_name(&without_hashes(name)));
    Some(RawFrame { module: main, function: index, name, place })
}

/// A name without the hashes of Rust's crates, `[0123456789abcdef]` and `::h0123456789abcdef`.
fn without_hashes(name: &str) -> String {
    const DIGITS: usize = 16;
    let is_hash = |text: &str| text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (mut rest, mut kept) = (name, String::with_capacity(name.len()));
    while let Some((before, after)) = rest.split_once('[') {
        kept.push_str(before);
        rest = match after.split_at_checked(DIGITS) {
            Some((hash, end)) if is_hash(hash) && end.starts_with(']') => &end[1..],
            _ => {
                kept.push('[');
                after
            }
        };
    }
    kept.push_str(rest);
    match kept.rsplit_once("::h") {
        Some((path, hash)) if is_hash(hash) => path.to_owned(),
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_from_the_text() {
        let text = "error while executing at wasm backtrace:\n    0:    0x2a2 - <unknown>!__rustc::rust_panic\n    \
            1:     0x31f - tax.wasm!<wasm function 7>\n                    at src/lib.rs:8:5\nnote: using the variable";
        let found = backtrace([text, "wasm trap: wasm `unreachable` instruction executed"].into_iter(), 1).unwrap();
        assert_eq!(found.stopped_by, StoppedBy::Unreachable);
        let seen: Vec<_> =
            found.frames.iter().map(|frame| (frame.name.as_deref(), frame.function, frame.place)).collect();
        let wanted =
            [(Some("__rustc::rust_panic"), None, CodePlace::Module(0x2a2)), (None, Some(7), CodePlace::Module(0x31f))];
        assert_eq!(seen, wanted);
        assert_eq!(backtrace(["boom"].into_iter(), 1), None);
        assert_eq!(without_hashes("<[u8] as __rustc[b7974e8690430dd9]::T[0]>::f"), "<[u8] as __rustc::T[0]>::f");
        assert_eq!(without_hashes("tax::rate::h0123456789abcdef"), "tax::rate");
    }
}
