//! The description that a module has of itself: its callable functions, and the texts of its custom section
//! `plugsh-about`, which the guest crate's `about!` writes. Read from the bytes, without compiling them.
//!
//! The section is JSON of a plugin's author: bounded here, escaped where it is shown.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use wasmparser::{CompositeInnerType, ExternalKind, Parser, Payload, SubType, TypeRef, ValType};

use super::exports::is_runtime_export;
use super::interface::ImportName;
use crate::text::{bounded, json_cause, one_line};

/// The name of the custom section.
pub const SECTION: &str = "plugsh-about";
/// Most bytes of the section.
pub const SECTION_BYTES_MAX: usize = 16 << 10;
/// Longest summary, in bytes; a longer one is cut.
pub const SUMMARY_BYTES_MAX: usize = 240;
/// Longest example of an input, in bytes; a longer one is left out, since half of it is another.
pub const INPUT_BYTES_MAX: usize = 1024;

/// The description that a module has of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// Summary of the plugin: one line, escaped.
    pub summary: Option<String>,
    /// The callable functions, in the order of the exports.
    pub functions: Vec<FunctionAbout>,
    /// The reason why the section cannot be read, if it cannot.
    pub problem: Option<SectionError>,
}

/// The reason why a section cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionError {
    /// The section has so many bytes, more than [`SECTION_BYTES_MAX`].
    TooLong { bytes: usize },
    /// In the parser's words, raw.
    NoJson(String),
}

impl fmt::Display for SectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SectionError::TooLong { bytes } => {
                write!(f, "it has {bytes} bytes, and {SECTION_BYTES_MAX} are read at most")
            }
            SectionError::NoJson(why) => f.write_str(&one_line(why)),
        }
    }
}

impl Serialize for SectionError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The description that a module has of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionAbout {
    /// The name, which may hold anything: not escaped.
    pub name: String,
    /// Summary of the function: one line, escaped.
    pub summary: Option<String>,
    /// An input to try it with. Not escaped.
    pub input: Option<String>,
}

impl About {
    /// Reads a module's bytes, wasm or wat; of other bytes the description is empty.
    pub fn read(bytes: &[u8]) -> Self {
        wat::parse_bytes(bytes).ok().and_then(|wasm| scan(&wasm).ok()).unwrap_or_default()
    }

    /// The description of a function in the section.
    pub fn function(&self, name: &str) -> Option<&FunctionAbout> {
        self.functions.iter().find(|function| function.name == name)
    }

    fn add(&mut self, name: &str) {
        if !is_runtime_export(name) {
            self.functions.push(FunctionAbout::named(name));
        }
    }

    fn describe(&mut self, section: &[u8]) {
        let written = match Written::parse(section) {
            Ok(written) => written,
            Err(problem) => {
                self.problem = Some(problem);
                return;
            }
        };
        self.summary = written.summary.as_deref().and_then(summary);
        let mut declared: HashMap<&str, &WrittenFunction> =
            written.functions.iter().map(|function| (&*function.name, function)).collect();
        for function in &mut self.functions {
            let Some(declared) = declared.remove(&*function.name) else { continue };
            function.summary = declared.summary.as_deref().and_then(summary);
            function.input =
                declared.input.as_deref().filter(|input| input.len() <= INPUT_BYTES_MAX).map(str::to_owned);
        }
    }
}

impl FunctionAbout {
    /// A function of which nothing is said.
    pub fn named(name: &str) -> Self {
        FunctionAbout { name: name.to_owned(), summary: None, input: None }
    }
}

/// The section as it is written.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    functions: Vec<WrittenFunction<'a>>,
}

#[derive(Deserialize)]
struct WrittenFunction<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    input: Option<Cow<'a, str>>,
}

impl<'a> Written<'a> {
    fn parse(section: &'a [u8]) -> Result<Self, SectionError> {
        if section.len() > SECTION_BYTES_MAX {
            return Err(SectionError::TooLong { bytes: section.len() });
        }
        serde_json::from_slice(section).map_err(|error| SectionError::NoJson(json_cause(&error)))
    }
}

/// A text as it is shown: one line, escaped, cut; `None` for none.
fn summary(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| one_line(&bounded(text, SUMMARY_BYTES_MAX)).into_owned())
}

/// The functions that a module imports, in their order; none of bytes that are no module.
pub fn imported_functions(bytes: &[u8]) -> Vec<ImportName> {
    wat::parse_bytes(bytes).ok().and_then(|wasm| scan_imports(&wasm).ok()).unwrap_or_default()
}

fn scan_imports(wasm: &[u8]) -> wasmparser::Result<Vec<ImportName>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ImportSection(section) = payload? else { continue };
        for import in section.into_imports() {
            let import = import?;
            if let TypeRef::Func(_) = import.ty {
                names.push(ImportName { module: import.module.to_owned(), name: import.name.to_owned() });
            }
        }
    }
    Ok(names)
}

/// The functions of a module and its section.
fn scan(wasm: &[u8]) -> wasmparser::Result<About> {
    let mut types: Vec<SubType> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let (mut about, mut section) = (About::default(), None);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                for group in section {
                    types.extend(group?.into_types());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) = import?.ty {
                        functions.push(ty);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    functions.push(ty?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let ty = functions.get(export.index as usize).and_then(|ty| types.get(*ty as usize));
                    if export.kind == ExternalKind::Func && ty.is_some_and(is_callable) {
                        about.add(export.name);
                    }
                }
            }
            Payload::CustomSection(custom) if custom.name() == SECTION => section = Some(custom.data()),
            _ => {}
        }
    }
    if let Some(section) = section {
        about.describe(section);
    }
    Ok(about)
}

/// Whether functions of this type can be called: they take nothing and give nothing or an `i32`.
fn is_callable(ty: &SubType) -> bool {
    match &ty.composite_type.inner {
        CompositeInnerType::Func(ty) => ty.params().is_empty() && matches!(ty.results(), [] | [ValType::I32]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{About, INPUT_BYTES_MAX, SECTION_BYTES_MAX, SUMMARY_BYTES_MAX};

    fn about(section: &str) -> About {
        let escaped = section.escape_default().to_string().replace("\\'", "'");
        let module = format!(
            r#"(module (import "env" "f" (func (param i32))) (func (export "run")) (func (export "get") (result i32) i32.const 0)
                (func (export "malloc") (param i32)) (func (export "_initialize")) (memory (export "memory") 1)
                (@custom "plugsh-about" "{escaped}"))"#
        );
        About::read(module.as_bytes())
    }

    #[test]
    fn each_callable_function_is_there_with_what_is_said_of_it() {
        let about = about(
            r#"{"summary":"a test","more":[1],"functions":[{"name":"get","summary":"it","input":"x"},{"name":"none"}]}"#,
        );
        assert_eq!(about.problem, None);
        assert_eq!(about.summary.as_deref(), Some("a test"));
        assert_eq!(about.functions.iter().map(|function| &*function.name).collect::<Vec<_>>(), ["run", "get"]);
        let get = about.function("get").unwrap();
        assert_eq!((get.summary.as_deref(), get.input.as_deref()), (Some("it"), Some("x")));
        assert_eq!(about.function("run").unwrap().summary, None);
    }

    #[test]
    fn what_a_hostile_section_says_is_bounded_and_escaped() {
        let long = "x".repeat(SUMMARY_BYTES_MAX + 1);
        let input = "y".repeat(INPUT_BYTES_MAX + 1);
        let hostile = about(&format!(
            r#"{{"summary":"a\u001b[31m\nb","functions":[{{"name":"run","summary":"{long}","input":"{input}"}}]}}"#
        ));
        assert_eq!(hostile.summary.as_deref(), Some("a\\x1b[31m\\nb"));
        let run = hostile.function("run").unwrap();
        assert_eq!(run.summary.as_ref().map(String::len), Some(SUMMARY_BYTES_MAX));
        assert_eq!(run.input, None, "half an input is another");
    }

    #[test]
    fn a_section_that_cannot_be_read_leaves_the_functions() {
        let large = format!(r#"{{"summary":"{}"}}"#, "x".repeat(SECTION_BYTES_MAX));
        let deep = format!(r#"{{"summary":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
        for section in ["", "{", "[]x", r#"{"functions":[{}]}"#, r#"{"summary":1}"#, &large, &deep] {
            let about = about(section);
            assert!(about.problem.is_some(), "`{}`", &section[..section.len().min(40)]);
            assert_eq!((about.summary, about.functions.len()), (None, 2));
        }
        assert_eq!(About::read(b"no wasm"), About::default());
    }
}
