//! The kind of bytes: a module as wasm or wat, or a manifest. Suffixes and first bytes decide.

use std::path::Path;
use std::sync::Arc;

use super::bounds::MANIFEST_BYTES_MAX;
use super::failure::{failure_about, load_failure};
use super::format::Format;
use super::outline;
use crate::runtime::program::{ModuleBytes, Spec, sha256_hex};
use crate::runtime::{Failure, Program};
use crate::text::without_bom;

const WASM_MAGIC: &[u8] = b"\0asm";
const MODULE_VERSION: &[u8] = &[1, 0, 0, 0];
const COMPONENT_VERSION: &[u8] = &[0x0d, 0, 1, 0];

/// The link name of the main module.
pub(super) const MAIN: &str = "main";

/// The kind that a file's suffix names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    Module,
    Manifest(Format),
    /// No suffix or an unknown one: the first bytes decide.
    Nothing,
}

/// The kind of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Module,
    Manifest(Format),
}

impl Declared {
    /// Whether it is read as a manifest.
    pub(super) fn is_manifest(self) -> bool {
        matches!(self, Declared::Manifest(_))
    }
}

/// The kind that a path's suffix names.
pub(super) fn declared(path: &Path) -> Declared {
    match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("wasm" | "wat") => Declared::Module,
        Some("json") => Declared::Manifest(Format::Json),
        Some("toml") => Declared::Manifest(Format::Toml),
        _ => Declared::Nothing,
    }
}

/// The kind of the bytes; `shown` names them in errors.
///
/// # Errors
/// The bytes are neither a module nor a manifest.
pub(super) fn classify(declared: Declared, bytes: &[u8], shown: &str) -> Result<Content, Failure> {
    let bytes = without_bom(bytes);
    let content = match declared {
        Declared::Manifest(format) => Content::Manifest(format),
        Declared::Module => Content::Module,
        Declared::Nothing => sniff(bytes),
    };
    match content {
        Content::Module => check_module(bytes, shown)?,
        Content::Manifest(_) if bytes.is_empty() => return Err(failure_about("", shown, " is empty")),
        Content::Manifest(_) if bytes.len() as u64 > MANIFEST_BYTES_MAX => {
            let limit = MANIFEST_BYTES_MAX / (1024 * 1024);
            let why = format!(" is larger than {limit} MiB, the most a manifest may have");
            return Err(failure_about("", shown, why));
        }
        Content::Manifest(format) if !outline::is_small(bytes, format) => {
            let limit = outline::OUTLINE_BYTES_MAX / (1024 * 1024);
            let why = format!(" has more than {limit} MiB beside what stands in quotes, the most a manifest may have");
            return Err(failure_about("", shown, why));
        }
        Content::Manifest(_) => {}
    }
    Ok(content)
}

/// The format of a manifest; JSON where suffix and bytes do not tell.
pub(super) fn manifest_format(declared: Declared, bytes: &[u8]) -> Format {
    match declared {
        Declared::Manifest(format) => format,
        _ => match sniff(without_bom(bytes)) {
            Content::Manifest(format) => format,
            Content::Module => Format::Json,
        },
    }
}

fn sniff(bytes: &[u8]) -> Content {
    if bytes.starts_with(WASM_MAGIC) || is_wat(bytes) {
        return Content::Module;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with('{') => Content::Manifest(Format::Json),
        // The size is checked first: parsing takes a hundred times the size in memory.
        Ok(text)
            if bytes.len() as u64 <= MANIFEST_BYTES_MAX
                && outline::is_small(bytes, Format::Toml)
                && text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("wasm")) =>
        {
            Content::Manifest(Format::Toml)
        }
        _ => Content::Module,
    }
}

fn is_wat(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let text = text.trim_start();
        text.starts_with('(') || text.starts_with(";;")
    })
}

/// Fails on bytes that cannot be a module: none, a cut header, a component, no wasm.
///
/// # Errors
/// The bytes can be no module; the failure says why.
pub(super) fn check_module(bytes: &[u8], shown: &str) -> Result<(), Failure> {
    let bytes = without_bom(bytes);
    if bytes.is_empty() {
        return Err(failure_about("", shown, " is empty"));
    }
    let Some(rest) = bytes.strip_prefix(WASM_MAGIC) else {
        return if is_wat(bytes) {
            check_wat(bytes, shown)
        } else if WASM_MAGIC.starts_with(bytes) {
            Err(cut_short(bytes, shown))
        } else {
            Err(failure_about("", shown, " is not wasm, and not wat text either"))
        };
    };
    match rest.get(..4) {
        None => Err(cut_short(bytes, shown)),
        Some(MODULE_VERSION) => Ok(()),
        Some(COMPONENT_VERSION) => {
            Err(failure_about("", shown, " is a wasm component; an Extism plugin is a core module"))
        }
        Some(version) => {
            let version = version.iter().rev().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
            Err(failure_about("", shown, format!(" has wasm version {version}, and only version 1 is known")))
        }
    }
}

/// Longest wat that is parsed before compilation, in bytes: parsing cannot be interrupted, and no person writes more.
const CHECKED_WAT_BYTES_MAX: usize = 1 << 20;

/// Fails on wrong wat, with its place: `x.wat:46:10: expected ...`. The compiler does not know the file's name; it
/// checks wat longer than [`CHECKED_WAT_BYTES_MAX`].
fn check_wat(bytes: &[u8], shown: &str) -> Result<(), Failure> {
    if bytes.len() > CHECKED_WAT_BYTES_MAX {
        return Ok(());
    }
    let Err(error) = wat::parse_bytes(bytes) else { return Ok(()) };
    let rendered = error.to_string();
    let file = shown.rsplit('/').next().unwrap_or(shown);
    // A message, then `--> FILE:LINE:COLUMN` and the line itself.
    let (message, place) = rendered.split_once("-->").unwrap_or((&rendered, ""));
    let mut numbers = place.lines().next().unwrap_or_default().trim().rsplitn(3, ':');
    let (column, line) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let place = if line.is_empty() { file.to_owned() } else { format!("{file}:{line}:{column}") };
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(load_failure(format!("{place}: {}", crate::text::one_line(&message))))
}

fn cut_short(bytes: &[u8], shown: &str) -> Failure {
    failure_about("", shown, format!(" is cut short: {} bytes, and the header of wasm alone is 8", bytes.len()))
}

/// A program of one module with default settings.
pub(super) fn single_module(bytes: Vec<u8>, origin: String, stem: String) -> Program {
    Program { modules: vec![module(MAIN.to_owned(), bytes)], spec: Spec::default(), origin, stem }
}

/// The module with the hash of its file.
pub(super) fn module(name: String, bytes: Vec<u8>) -> ModuleBytes {
    let sha256 = sha256_hex(&bytes);
    let bytes = match without_bom(&bytes) {
        text if text.len() < bytes.len() => Arc::from(text),
        _ => Arc::from(bytes),
    };
    ModuleBytes { name, bytes, sha256, linked_from: None }
}

#[cfg(test)]
mod tests {
    use super::{Content, Declared, Format, MANIFEST_BYTES_MAX, check_module, classify, sniff};

    #[test]
    fn what_is_no_module_is_told_apart() {
        let message = |bytes: &[u8]| check_module(bytes, "x").expect_err("no module").message;
        assert_eq!(message(b""), "`x` is empty");
        assert_eq!(message(b"\0as"), "`x` is cut short: 3 bytes, and the header of wasm alone is 8");
        assert_eq!(message(b"\0asm\x01"), "`x` is cut short: 5 bytes, and the header of wasm alone is 8");
        assert_eq!(message(b"<!doctype html>"), "`x` is not wasm, and not wat text either");
        assert_eq!(message(b"\0asm\x0d\0\x01\0"), "`x` is a wasm component; an Extism plugin is a core module");
        assert_eq!(message(b"\0asm\x02\0\0\0"), "`x` has wasm version 2, and only version 1 is known");
    }

    #[test]
    fn wat_that_cannot_be_read_has_its_place() {
        let message = |text: &str| check_module(text.as_bytes(), "/a/typo.wat").expect_err("no module").message;
        assert_eq!(message("(module\n  (fun))"), "typo.wat:2:4: expected valid module field");
        assert_eq!(message("(module"), "typo.wat:1:8: expected `)`");
    }

    #[test]
    fn wasm_and_wat_pass() {
        for bytes in [
            &b"\0asm\x01\0\0\0"[..],
            b"(module)",
            b"\xef\xbb\xbf(module)",
            b"\n ;; said first\n(module)",
            b"(; so ;) (module)",
        ] {
            check_module(bytes, "x").expect("a module");
        }
    }

    #[test]
    fn without_a_suffix_the_bytes_decide() {
        assert_eq!(sniff(b"\0asm"), Content::Module);
        assert_eq!(sniff(b" {\"wasm\": []}"), Content::Manifest(Format::Json));
        assert_eq!(sniff(b"[[wasm]]\npath = 'x'"), Content::Manifest(Format::Toml));
        assert_eq!(sniff(b"a = 1"), Content::Module);
        let large = format!("[[wasm]]\npath = '{}'", "x".repeat(MANIFEST_BYTES_MAX as usize));
        assert_eq!(sniff(large.as_bytes()), Content::Module, "what is too large for one is not read as one");
        assert!(classify(Declared::Nothing, b"a = 1", "x").is_err());
    }
}
