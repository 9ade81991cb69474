//! The languages that a new plugin can be written in.

/// A language that a plugin can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    Rust,
    C,
    Zig,
    #[value(name = "assemblyscript")]
    AssemblyScript,
    Go,
    #[value(name = "javascript")]
    JavaScript,
}

impl Language {
    /// All languages in the order of their discriminants.
    pub const ALL: [Language; 6] =
        [Language::Rust, Language::C, Language::Zig, Language::AssemblyScript, Language::Go, Language::JavaScript];

    /// The name as options have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Zig => "zig",
            Language::AssemblyScript => "assemblyscript",
            Language::Go => "go",
            Language::JavaScript => "javascript",
        }
    }
}
