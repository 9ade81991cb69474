//! The frame that an error names, and the reason that a language's runtime tells by the functions that it stopped in.

use super::backtrace::StoppedBy;
use super::frame::{FrameRole, GuestFrame};

/// The frame that the plugin's author answers for: the first that is the author's, else the first of a library.
fn blamed(frames: &[GuestFrame]) -> Option<&GuestFrame> {
    let first = |role| frames.iter().find(|frame| frame.role == role);
    first(FrameRole::Own).or_else(|| first(FrameRole::Library)).filter(|frame| frame.function.is_some())
}

/// Functions of Rust's runtime that a panic goes through, by the end of their path, each with the reason that it tells.
const RUST_PANICS: &[(&str, Option<&str>)] = &[
    ("panicking::panic_bounds_check", Some("index out of bounds")),
    ("option::unwrap_failed", Some("called `Option::unwrap()` on a `None` value")),
    ("option::expect_failed", Some("`Option::expect` on a `None` value")),
    ("result::unwrap_failed", Some("`unwrap` or `expect` on an `Err` value")),
    ("panic_const_add_overflow", Some("attempt to add with overflow")),
    ("panic_const_sub_overflow", Some("attempt to subtract with overflow")),
    ("panic_const_mul_overflow", Some("attempt to multiply with overflow")),
    ("panic_const_neg_overflow", Some("attempt to negate with overflow")),
    ("panic_const_div_by_zero", Some("attempt to divide by zero")),
    ("panic_const_div_overflow", Some("attempt to divide with overflow")),
    ("panic_const_rem_by_zero", Some("attempt to calculate the remainder with a divisor of zero")),
    ("slice::index::slice_index_fail", Some("slice index out of range")),
    ("slice_start_index_len_fail", Some("slice index out of range")),
    ("slice_end_index_len_fail", Some("slice index out of range")),
    ("slice_index_order_fail", Some("slice index starts after its end")),
    ("str::slice_error_fail", Some("index outside of a string or its characters")),
    ("cell::panic_already_borrowed", Some("already borrowed")),
    ("cell::panic_already_mutably_borrowed", Some("already mutably borrowed")),
    ("alloc::handle_alloc_error", Some("memory allocation failed")),
    ("raw_vec::handle_error", Some("memory allocation failed")),
    ("raw_vec::capacity_overflow", Some("capacity overflow")),
    ("panicking::assert_failed", Some("assertion failed: the two sides differ")),
    ("panicking::panic", None),
    ("panicking::panic_fmt", None),
    ("panicking::begin_panic", None),
    ("__rustc::rust_panic", None),
    ("__rustc::rust_begin_unwind", None),
];

/// The panic that the runtime's frames before the blamed one tell of; the innermost option is a reason without words.
fn panic(frames: &[GuestFrame]) -> Option<Option<&'static str>> {
    let runtime = frames.iter().take_while(|frame| frame.role == FrameRole::Runtime);
    let names = runtime.filter_map(|frame| frame.function.as_deref());
    let reasons = names.flat_map(|name| {
        RUST_PANICS.iter().filter(move |(end, _)| path_ends_with(name, end)).map(|(_, reason)| *reason)
    });
    reasons.reduce(|found, reason| found.or(reason))
}

/// Whether a path ends with another one, generic arguments aside.
fn path_ends_with(name: &str, end: &str) -> bool {
    let name = name.split("::<").next().unwrap_or(name);
    name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
}

/// Whether the frames are those of a panic.
pub fn is_panic(frames: &[GuestFrame]) -> bool {
    panic(frames).is_some()
}

/// The place of the first frame that is the author's, where its line is known.
pub fn own_place(frames: &[GuestFrame]) -> Option<String> {
    frames.iter().find(|frame| frame.role == FrameRole::Own)?.place()
}

/// The message of a trap with its place: `panicked at src/lib.rs:8: index out of bounds`, ``trap: out of bounds memory
/// access at src/lib.rs:8 in `rate` ``. `None` where the frames add nothing.
pub fn place_of(message: &str, stopped_by: StoppedBy, frames: &[GuestFrame]) -> Option<String> {
    // A host function's refusal needs no function's name beside it, unless a runtime called it: the author did not. A
    // panic's own message tells its place.
    let by_runtime = frames.first().is_some_and(|frame| frame.role == FrameRole::Runtime) && !is_panic(frames);
    let own = blamed(frames).filter(|own| stopped_by != StoppedBy::Host || own.line.is_some() || by_runtime)?;
    let at = own.place().map(|place| format!(" at {place}")).unwrap_or_default();
    let function = own.function.as_deref().map(|name| format!(" in `{name}`")).unwrap_or_default();
    let panicked = if stopped_by == StoppedBy::Unreachable { panic(frames) } else { None };
    Some(match panicked {
        Some(Some(reason)) if at.is_empty() => format!("panicked{function}: {reason}"),
        Some(Some(reason)) => format!("panicked{at}: {reason}"),
        Some(None) => format!("panicked{at}{function}"),
        None => format!("{message}{at}{function}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(role: FrameRole, function: &str, line: Option<u32>) -> GuestFrame {
        GuestFrame {
            function: Some(function.to_owned()),
            is_export: false,
            file: line.map(|_| "src/lib.rs".to_owned()),
            line,
            column: None,
            inlined: false,
            role,
            module: None,
            function_index: None,
            offset: None,
            language: None,
        }
    }

    #[test]
    fn an_error_names_the_authors_frame() {
        let runtime = |name| frame(FrameRole::Runtime, name, None);
        let own = |line| frame(FrameRole::Own, "tax::rate", line);
        let told = |frames: &[GuestFrame]| place_of("trap: T", StoppedBy::Unreachable, frames).unwrap();
        let panic = [runtime("__rustc::rust_panic"), runtime("core::panicking::panic_fmt")];
        assert_eq!(told(&[&panic[..], &[own(Some(8))]].concat()), "panicked at src/lib.rs:8 in `tax::rate`");
        let bounds = [&panic[..], &[runtime("core::panicking::panic_bounds_check")]].concat();
        let bounds_at = |line| [&bounds[..], &[own(line)]].concat();
        assert_eq!(told(&bounds_at(Some(8))), "panicked at src/lib.rs:8: index out of bounds");
        assert_eq!(told(&bounds_at(None)), "panicked in `tax::rate`: index out of bounds");
        assert_eq!(told(&[own(Some(8))]), "trap: T at src/lib.rs:8 in `tax::rate`");
        assert_eq!(told(&[runtime("abort"), own(None)]), "trap: T in `tax::rate`");
        let library = frame(FrameRole::Library, "serde::de", Some(3));
        assert_eq!(own_place(&[library.clone(), own(Some(8))]).as_deref(), Some("src/lib.rs:8"));
        assert_eq!(own_place(std::slice::from_ref(&library)), None, "a handler of panics in a library is not to blame");
        assert_eq!(told(&[library.clone(), own(Some(8))]), "trap: T at src/lib.rs:8 in `tax::rate`");
        assert_eq!(told(&[library]), "trap: T at src/lib.rs:3 in `serde::de`");
        assert_eq!(place_of("trap: T", StoppedBy::Trap, &[runtime("abort")]), None);
        let refused = |frames: &[GuestFrame]| place_of("refused", StoppedBy::Host, frames);
        assert_eq!(refused(&[own(None)]), None);
        assert_eq!(refused(&[own(Some(8))]).unwrap(), "refused at src/lib.rs:8 in `tax::rate`");
        assert_eq!(refused(&[runtime("~lib/array"), own(None)]).unwrap(), "refused in `tax::rate`");
        assert_eq!(refused(&[&panic[..], &[own(None)]].concat()), None);
    }
}
