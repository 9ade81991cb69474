//! One frame of a guest with its names and places from the plugin's symbols.

use serde::Serialize;

use super::language::SourceLanguage;

/// The owner of a frame's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameRole {
    /// The plugin's author.
    Own,
    /// A library that the author uses: not named by errors, but shown.
    Library,
    /// Panics, allocators and runtimes of languages: folded.
    Runtime,
}

/// One frame of a guest. Texts are escaped and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuestFrame {
    /// The demangled name; `None` where the module has no names.
    pub function: Option<String>,
    /// True where the name is that of an export, in a module without names.
    #[serde(skip)]
    pub is_export: bool,
    /// The file as the debug information has it, relative to the directory that it was compiled in.
    pub file: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// True for a function that was compiled into the next frame's.
    pub inlined: bool,
    pub role: FrameRole,
    /// The link name of a module other than the main one.
    pub module: Option<String>,
    pub function_index: Option<u32>,
    /// Bytes from the start of the module's file.
    pub offset: Option<u64>,
    /// The language of its module, where that is known.
    #[serde(skip)]
    pub language: Option<SourceLanguage>,
}

impl GuestFrame {
    /// `src/lib.rs:8`; `None` without a line.
    pub fn place(&self) -> Option<String> {
        Some(format!("{}:{}", self.file.as_deref()?, self.line?))
    }
}
