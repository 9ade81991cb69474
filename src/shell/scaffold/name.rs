//! The name of a new plugin: its directory's, which must do as the name of a process, a crate and a file.

use std::fmt;
use std::path::Path;

use crate::shell::reply::ShellError;
use crate::text::quoted;

/// Where templates have the name.
pub const MARK: &str = "{{name}}";
/// Where they have the name as Rust writes it in the names of files.
pub const SNAKE_MARK: &str = "{{name_}}";

/// The longest name, in bytes: the longest of a crate.
const BYTES_MAX: usize = 64;
/// Words that no Rust library can be called.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "test", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A valid name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginName(String);

impl PluginName {
    /// The name of a directory, the last part of its path.
    ///
    /// # Errors
    /// The directory has no name, or one that does not fit; the error shows what fits.
    pub fn of(dir: &Path) -> Result<PluginName, ShellError> {
        let Some(name) = dir.file_name() else {
            let why = format!("`{}` has no name for a plugin; write `plugsh new NAME`", dir.display());
            return Err(ShellError::usage(why));
        };
        let name = name.to_string_lossy();
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        let only = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
        if !starts || !only || name.len() > BYTES_MAX || KEYWORDS.contains(&&*name) {
            let rule = format!(
                "lower-case letters, digits, `_` and `-`, a letter first, {BYTES_MAX} at most, no word of Rust's"
            );
            return Err(ShellError::usage(format!("`{}` is no name for a plugin: {rule}", quoted(&name))));
        }
        Ok(PluginName(name.into_owned()))
    }

    /// A template with the name in it.
    pub fn put_into(&self, template: &str) -> String {
        template.replace(MARK, &self.0).replace(SNAKE_MARK, &self.0.replace('-', "_"))
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_for_a_process_a_crate_and_a_file() {
        for good in ["hello", "a/b/my-plugin", "./x_2"] {
            let name = PluginName::of(Path::new(good)).unwrap();
            assert!(crate::kernel::names::is_valid(&name.to_string()), "{good}");
        }
        for bad in ["3d", "Hello", "-x", "a b", "é", "fn", "a.b", &"x".repeat(65)] {
            let error = PluginName::of(Path::new(bad)).unwrap_err().to_string();
            assert!(error.contains("is no name for a plugin: lower-case letters"), "{error}");
        }
        let error = PluginName::of(Path::new("..")).unwrap_err().to_string();
        assert!(error.contains("write `plugsh new NAME`"), "{error}");
    }

    #[test]
    fn rust_writes_a_dash_as_an_underscore_in_names_of_files() {
        let name = PluginName::of(Path::new("my-plugin")).unwrap();
        assert_eq!(name.put_into("{{name}}/{{name_}}.wasm"), "my-plugin/my_plugin.wasm");
    }
}
