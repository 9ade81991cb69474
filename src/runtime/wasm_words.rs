//! wasmtime's and wasmparser's errors in the words of this program: one line, lower case, with a way on where there is
//! one.
//!
//! One table of texts serves both hosts: the native host has types for traps and exits alone, and the stock host passes
//! on text only. A text without an entry is shown as it is, on one line and without backtraces.

use std::fmt;

use super::advice::BuildChange;
use super::imports;
use super::{Advice, Explained, PluginLimit, Problem};

/// wasmtime's context of an error that unwound wasm.
const BACKTRACE: &str = "error while executing at wasm backtrace";
/// The text parser's mark before the place of an error.
const WAT_PLACE: &str = "--> <anon>:";
/// The end of a validation error.
const OFFSET: &str = " (at offset 0x";
/// The start of a translation error.
const AT_OFFSET: &str = "Invalid input WebAssembly code at offset ";

/// Contexts that add nothing to the cause.
const FRAMES: &[&str] =
    &["WebAssembly translation error", "failed to parse WebAssembly module", "Compilation error", "failed to compile"];

/// A part of an engine's text, the words for it, and how the module is built otherwise.
const WORDS: &[(&str, &str, Option<BuildChange>)] = &[
    (
        "given a WebAssembly component",
        "it is a component, and an Extism plugin is a module",
        Some(BuildChange::CoreModule),
    ),
    ("wasm component parser", "it is a component, and an Extism plugin is a module", Some(BuildChange::CoreModule)),
    ("threads must be enabled", SHARED_MEMORY, Some(BuildChange::OneThread)),
    ("shared memories", SHARED_MEMORY, Some(BuildChange::OneThread)),
    ("shared memory", SHARED_MEMORY, Some(BuildChange::OneThread)),
    ("threads support is not enabled", "it uses atomics, and a plugin has one thread", Some(BuildChange::OneThread)),
    ("memory64 must be enabled", "it has 64-bit memories or tables", Some(BuildChange::Wasm32)),
    ("custom page sizes proposal", "its memory has pages of its own size", Some(BuildChange::StandardPages)),
    ("multiple memories are not allowed", "it has several memories", Some(BuildChange::OneMemory)),
    ("bad magic number", "it is no wasm: its first bytes are other ones", None),
    ("unknown binary version", "it is wasm of a version that is not known", None),
    (
        "Implementation limit exceeded",
        "one of its functions is too large to be compiled",
        Some(BuildChange::SmallerFunctions),
    ),
    (
        "Code for function is too large",
        "one of its functions is too large to be compiled",
        Some(BuildChange::SmallerFunctions),
    ),
    ("exit with invalid exit status", "exited through WASI with a code above 125, which the extism SDK refuses", None),
    ("thrown Wasm exception", "threw an exception that nothing caught", None),
    (NO_EXCEPTIONS, "it uses exceptions, which the extism SDK has off", None),
    (
        "both a Command and a Reactor",
        "it exports both `_start` and `_initialize`, and the extism SDK runs one of them alone",
        None,
    ),
    ("type mismatch with parameters", "its `_initialize` is no function () -> (), which the extism SDK wants", None),
    ("type mismatch with results", "its `_initialize` is no function () -> (), which the extism SDK wants", None),
    ("non-function exports of extism kernel", "it imports something of `extism:host/env` that is no function", None),
    ("missing required memory export", "it calls WASI, which needs its memory, and exports none as `memory`", None),
    ("failed to call `get-random-bytes`", "asked WASI for more random bytes than it gives at once", None),
    ("GC heap out of memory", "oom (out of memory): its collected objects need more than there is", None),
    ("Memory maximum size exceeded", "its memory would be larger than wasm's 4 GiB", None),
    ("data segment does not fit", "a data segment lies outside of its memory", None),
    ("elements segment does not fit", "an element segment lies outside of its table", None),
];

/// The stock host's text for a module with exceptions.
const NO_EXCEPTIONS: &str = "exceptions proposal not enabled";

const SHARED_MEMORY: &str = "it has a shared memory, and a plugin has one thread";

/// An error on one line; `causes` are its texts, the outermost first.
pub fn line<S: AsRef<str>>(causes: &[S]) -> Problem {
    let causes = || causes.iter().map(AsRef::as_ref).filter(|cause| !cause.starts_with(BACKTRACE));
    if let Some(known) = causes().find_map(|cause| known(cause.trim_end())) {
        return known;
    }
    if let Some(mismatch) = wrong_type(&causes().collect::<Vec<_>>()) {
        return mismatch;
    }
    let mut parts: Vec<String> = Vec::new();
    for cause in causes().filter(|cause| !FRAMES.contains(cause)) {
        let text = lower(&placed(without_engine_names(cause)));
        if !text.is_empty() && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    match parts.is_empty() {
        true => "the wasm engine gave no reason".into(),
        false => parts.join(": ").into(),
    }
}

/// Why a module cannot be compiled.
pub fn invalid<S: AsRef<str>>(causes: &[S]) -> Problem {
    line(causes).map(|line| format!("not a valid wasm module: {line}"))
}

/// The words for a text of the table, or for one that carries names or figures, and the way on.
fn known(text: &str) -> Option<Problem> {
    if let Some((part, words, change)) = WORDS.iter().find(|(part, ..)| text.contains(part)) {
        let advice = match part {
            &NO_EXCEPTIONS => Some(Advice::NativeHostForExceptions),
            _ => change.map(Advice::Build),
        };
        return Some(Problem::new(*words, advice));
    }
    if let Some(pages) = between(text, "memory minimum size of ", " pages exceeds memory limits") {
        return Some(WithFigures::LargeMemory { pages }.into());
    }
    if let Some((feature, _)) = text.split_once(" support is not enabled") {
        let feature = feature.rsplit(": ").next().unwrap_or(feature);
        return Some(WithFigures::Feature { feature: feature.trim() }.into());
    }
    with_figures(text).map(Problem::from)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(middle, _)| middle)
}

/// A text that carries names or figures, which stand here as the engine wrote them.
enum WithFigures<'a> {
    LargeMemory {
        pages: &'a str,
    },
    LargeTable {
        elements: &'a str,
    },
    /// A feature of wasm that is off.
    Feature {
        feature: &'a str,
    },
    /// More of an engine's objects than the limit.
    TooMany {
        count: &'a str,
        what: &'static str,
    },
    OutsideMemory {
        start: &'a str,
        bytes: &'a str,
    },
    UnknownImport {
        import: &'a str,
    },
    UnknownEnvImport {
        name: &'a str,
    },
}

impl fmt::Display for WithFigures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WithFigures::LargeMemory { pages } => {
                write!(f, "its memory begins with {pages} pages, more than it may have")
            }
            WithFigures::LargeTable { elements } => {
                write!(f, "its table begins with {elements} elements, more than a plugin may have")
            }
            WithFigures::Feature { feature } => write!(f, "it uses {feature}, which is not on for plugins"),
            WithFigures::TooMany { count, what } => {
                write!(f, "it has {count} {what} with what it links, more than a plugin may have")
            }
            WithFigures::OutsideMemory { start, bytes } => {
                write!(f, "gave WASI {bytes} bytes at {start}, which its memory does not have")
            }
            WithFigures::UnknownImport { import } => write!(f, "unknown import `{}`", import.replacen("::", ".", 1)),
            WithFigures::UnknownEnvImport { name } => {
                let newer = "the PDK it was built with may be newer than this build of plugsh";
                write!(f, "unknown import `extism:host/env.{name}`; {newer}")
            }
        }
    }
}

impl Explained for WithFigures<'_> {
    fn advice(&self) -> Option<Advice> {
        match self {
            WithFigures::LargeMemory { .. } => Some(Advice::RaisePlugin(PluginLimit::Memory)),
            WithFigures::Feature { .. } => Some(Advice::Build(BuildChange::WithoutFeature)),
            _ => None,
        }
    }
}

/// A text that carries names or figures and has no way on.
fn with_figures(text: &str) -> Option<WithFigures<'_>> {
    let between = |start: &str, end: &str| between(text, start, end);
    if let Some(what) = between("resource limit exceeded: ", " count too high at ") {
        let count = text.rsplit(' ').next().unwrap_or_default();
        let what = match what {
            "memory" => "memories",
            "table" => "tables",
            _ => "instances",
        };
        return Some(WithFigures::TooMany { count, what });
    }
    if let Some(elements) = between("table minimum size of ", " elements exceeds table limits") {
        return Some(WithFigures::LargeTable { elements });
    }
    if let Some(region) = between("ointer out of bounds: Region { start: ", " }") {
        let (start, bytes) = region.split_once(", len: ")?;
        return Some(WithFigures::OutsideMemory { start, bytes });
    }
    if let Some(import) = between("unknown import: `", "` has not been defined") {
        return Some(WithFigures::UnknownImport { import });
    }
    if let Some(import) = between(" import from extism:host/env: ", "\n") {
        let name = import.split_whitespace().next().unwrap_or_default();
        return Some(WithFigures::UnknownEnvImport { name });
    }
    None
}

/// The words for a type mismatch whose text names the import and both types.
fn wrong_type(causes: &[&str]) -> Option<Problem> {
    let import =
        causes.iter().find_map(|cause| cause.strip_prefix("incompatible import type for `")?.strip_suffix('`'))?;
    let (module, name) = import.split_once("::")?;
    let cause = causes.last()?;
    let types = cause.split_once("expected ").and_then(|(_, rest)| {
        rest.split_once(", found ").or_else(|| rest.split_once(", but found ")).or_else(|| rest.split_once(" found "))
    });
    let (wanted, provided) = match types {
        Some((wanted, provided)) => (type_words(wanted), type_words(provided)),
        None => return Some(format!("import `{module}.{name}` has another type: {}", lower(cause)).into()),
    };
    Some(imports::wrong_type(module, name, wanted, provided).message.into())
}

/// `func of type `(func (param i32))`` and the like, as types are written here.
fn type_words(text: &str) -> String {
    let Some(inner) = text.split_once("`(func").map(|(_, rest)| rest.trim_end_matches('`').trim_end_matches(')'))
    else {
        return match text {
            "func" => "a function".to_owned(),
            other => other.replace('`', ""),
        };
    };
    let list = |what: &str| {
        let rest = inner.split_once(&format!("({what} ")).map_or("", |(_, rest)| rest);
        rest.split_once(')').map_or(rest, |(list, _)| list).to_owned()
    };
    format!("function ({}) -> ({})", list("param"), list("result"))
}

/// `failed to compile: wasm[0]::function[3]::name` without the engine's own names.
fn without_engine_names(text: &str) -> &str {
    match text.strip_prefix("failed to compile: wasm[") {
        // The error after it tells the byte offset.
        Some(_) => "",
        None => text.strip_prefix("wasm ").filter(|trap| trap.starts_with("trap: ")).unwrap_or(text),
    }
}

/// The text on one line, its place in the words of this program.
fn placed(text: &str) -> String {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((what, rest)) = text.split_once(WAT_PLACE) {
        let mut figures = rest.split(|c: char| !c.is_ascii_digit());
        if let (Some(line), Some(column)) = (figures.next(), figures.next()) {
            return format!("{} (line {line}, column {column})", squeezed(what));
        }
    }
    if let Some((offset, what)) = text.strip_prefix(AT_OFFSET).and_then(|rest| rest.split_once(": ")) {
        return format!("{} (at byte {offset})", squeezed(what));
    }
    if let Some((what, offset)) = text.rsplit_once(OFFSET)
        && let Ok(offset) = u64::from_str_radix(offset.trim_end_matches(')'), 16)
    {
        return format!("{} (at byte {offset})", squeezed(what));
    }
    squeezed(text)
}

/// The text with its first letter in lower case; names and acronyms keep theirs.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), second) if second.is_none_or(|second| !second.is_uppercase()) => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::words::SHELL;

    #[test]
    fn frames_and_backtraces_are_left_out_and_places_are_figures() {
        let causes = [
            "error while executing at wasm backtrace:\n    0: 0x1 - f",
            "WebAssembly translation error",
            "Invalid input WebAssembly code at offset 58: type mismatch",
        ];
        assert_eq!(invalid(&causes).message, "not a valid wasm module: type mismatch (at byte 58)");
        assert_eq!(line(&["Unexpected end (at offset 0x1f)"]).message, "unexpected end (at byte 31)");
        let wat = "expected `)`\n     --> <anon>:3:14\n      |\n    3 | (module (fun))\n      |        ^";
        assert_eq!(line(&[wat]).message, "expected `)` (line 3, column 14)");
        assert_eq!(line::<&str>(&[]).message, "the wasm engine gave no reason");
        assert_eq!(line(&["WASI is strange", "strange"]).message, "WASI is strange");
        assert_eq!(
            line(&["failed to compile: wasm[0]::function[3]::f", "bad (at offset 0x2)"]).message,
            "bad (at byte 2)"
        );
        assert_eq!(line(&["wasm trap: out of bounds memory access"]).message, "trap: out of bounds memory access");
    }

    #[test]
    fn what_carries_names_or_figures_keeps_them() {
        assert_eq!(
            line(&["resource limit exceeded: memory count too high at 66"]).message,
            "it has 66 memories with what it links, more than a plugin may have"
        );
        assert_eq!(line(&["unknown import: `a::b::c` has not been defined"]).message, "unknown import `a.b::c`");
        assert_eq!(
            line(&["relaxed SIMD support is not enabled (at offset 0x1)"]).line(SHELL),
            "it uses relaxed SIMD, which is not on for plugins; build it without"
        );
        assert_eq!(
            line(&["Invalid input WebAssembly code at offset 40: wide arithmetic support is not enabled"]).line(SHELL),
            "it uses wide arithmetic, which is not on for plugins; build it without"
        );
        assert_eq!(
            line(&["Pointer out of bounds: Region { start: 4294967288, len: 4 }"]).message,
            "gave WASI 4 bytes at 4294967288, which its memory does not have"
        );
        let env = "Invalid function import from extism:host/env: nope (type)\n\nNote: This may";
        assert!(line(&[env]).message.starts_with("unknown import `extism:host/env.nope`; the PDK"));
    }

    #[test]
    fn both_sides_of_a_type_that_does_not_fit_are_told() {
        let causes = [
            "incompatible import type for `env::f`",
            "function types incompatible: expected func of type `(func (param i32) (result i64))`, found func of type `(func)`",
        ];
        assert_eq!(
            line(&causes).message,
            "import `env.f` has another type: the plugin asks for function (i32) -> (i64), and here it is function () -> ()"
        );
        let other = ["incompatible import type for `env::f`", "expected func, but found memory"];
        assert_eq!(
            line(&other).message,
            "import `env.f` has another type: the plugin asks for a function, and here it is memory"
        );
    }
}
