//! Names of plugins: the syntax of a name, the file that it stands for, and suggestions for a misspelled one.

use std::path::{Path, PathBuf};

use super::content::{Declared, declared};
use super::file;
use super::format::Format;
use crate::text;

/// Suffixes of the files that a name stands for, in the order in which they are looked for.
const SUFFIXES: [&str; 4] = ["wasm", "wat", "json", "toml"];
/// The key of a manifest's modules.
const MODULES_KEY: &str = "wasm";
/// Longest name that is looked up, in bytes: with its suffix it must fit a directory entry.
const NAME_BYTES_MAX: usize = 250;
/// Largest JSON or TOML file that is looked into for a list of plugins, in bytes.
const LISTED_BYTES_MAX: u64 = 1024 * 1024;
/// Most entries of a plugin directory that are looked at.
const DIRECTORY_ENTRIES_MAX: usize = 10_000;
/// Longest default name of a process, in bytes.
const STEM_BYTES_MAX: usize = 64;
/// True when a source is a name; false when it is a path or a URL.
pub fn is_name(source: &str) -> bool {
    let suffix = Path::new(source).extension().and_then(|suffix| suffix.to_str());
    !source.contains(['/', ':']) && !suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix))
}

/// The form in which names are compared: `-` and `_` alike.
pub(super) fn fold(name: &str) -> String {
    name.replace('-', "_")
}

/// The file in `dir` that a name stands for: the exact spelling first, then one that differs in `-` and `_`.
pub(super) fn find(dir: &Path, wanted: &str) -> Option<PathBuf> {
    if wanted.len() > NAME_BYTES_MAX || wanted.contains('\0') {
        return None;
    }
    let exact = SUFFIXES.iter().map(|suffix| dir.join(format!("{wanted}.{suffix}")));
    if let Some(path) = exact.into_iter().find(|path| path.exists()) {
        return Some(path);
    }
    if !wanted.contains(['-', '_']) {
        return None;
    }
    let folded = fold(wanted);
    let alike = entries(dir).filter(|entry| fold(&entry.name) == folded);
    // The least by suffix, then by name: the order of a directory depends on the filesystem.
    alike.min_by(|a, b| (a.suffix, &a.name).cmp(&(b.suffix, &b.name))).map(|entry| entry.path)
}

/// Whether the working directory has a directory of this name.
pub(super) fn is_directory_here(wanted: &str) -> bool {
    wanted.len() <= NAME_BYTES_MAX && !wanted.contains('\0') && Path::new(wanted).is_dir()
}

/// The file in the working directory that a name may be meant for: of that very name, or with a suffix.
pub(super) fn file_here(wanted: &str) -> Option<String> {
    if wanted.len() > NAME_BYTES_MAX || wanted.contains('\0') {
        return None;
    }
    let with_suffix = SUFFIXES.iter().map(|suffix| format!("{wanted}.{suffix}"));
    std::iter::once(wanted.to_owned()).chain(with_suffix).find(|name| Path::new(name).is_file())
}

/// The names in a directory, unsorted; none when it cannot be read. Of JSON and TOML only what can be a manifest: a
/// directory of plugins may lie in one of a project.
pub(super) fn list(dir: &Path) -> Vec<String> {
    entries(dir).filter(|entry| entry.path.is_file() && entry.may_be_plugin()).map(|entry| entry.name).collect()
}

struct DirEntry {
    name: String,
    /// Place in [`SUFFIXES`].
    suffix: usize,
    path: PathBuf,
}

impl DirEntry {
    /// False for a JSON or TOML file that can be read and names no module. One that cannot, or is large, stays: loading
    /// it says more.
    fn may_be_plugin(&self) -> bool {
        let Declared::Manifest(format) = declared(&self.path) else { return true };
        let Ok(read) = file::read(&self.path, LISTED_BYTES_MAX) else { return true };
        let text = String::from_utf8_lossy(text::without_bom(&read.bytes));
        match format {
            Format::Json => {
                let value = serde_json::from_str::<serde_json::Value>(&text);
                value.map_or_else(|_| text.contains(MODULES_KEY), |value| value.get(MODULES_KEY).is_some())
            }
            Format::Toml => {
                let table = text.parse::<toml::Table>();
                table.map_or_else(|_| text.contains(MODULES_KEY), |table| table.contains_key(MODULES_KEY))
            }
        }
    }
}

fn entries(dir: &Path) -> impl Iterator<Item = DirEntry> {
    let listing = std::fs::read_dir(dir).into_iter().flatten().flatten().take(DIRECTORY_ENTRIES_MAX);
    listing.filter_map(|entry| {
        let path = entry.path();
        let suffix = path.extension()?.to_str()?;
        let suffix = SUFFIXES.iter().position(|known| *known == suffix)?;
        let name = path.file_stem()?.to_str()?.to_owned();
        is_name(&name).then_some(DirEntry { name, suffix, path })
    })
}

/// A valid process name from the path of a source: the file's name without its suffix, other characters as `_`.
pub(super) fn stem(path: &Path) -> String {
    let raw = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let mut stem: String = raw
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '_' })
        .take(STEM_BYTES_MAX)
        .collect();
    if stem.is_empty() {
        return "plugin".to_owned();
    }
    if !stem.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        stem.truncate(STEM_BYTES_MAX - 1);
        stem.insert(0, '_');
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::{find, is_name, list, stem};
    use std::path::Path;

    #[test]
    fn slashes_colons_and_known_suffixes_make_a_path() {
        for name in ["echo", "count-vowels", "a.b", "x.txt", ".hidden"] {
            assert!(is_name(name), "{name}");
        }
        for path in ["./echo", "a/b", "http://h/x", "built-in:echo", "echo.wasm", "x.wat", "m.json", "m.toml"] {
            assert!(!is_name(path), "{path}");
        }
    }

    #[test]
    fn stems_are_valid_process_names() {
        for (path, expected) in [
            ("/a/count-vowels.wasm", "count-vowels"),
            ("my plugin (2).wasm", "my_plugin__2_"),
            ("7zip.wat", "_7zip"),
            ("größe.toml", "gr__e"),
            ("-x.wasm", "_-x"),
            ("a.b.json", "a.b"),
            ("/", "plugin"),
            ("", "plugin"),
        ] {
            assert_eq!(stem(Path::new(path)), expected, "{path}");
        }
        assert_eq!(stem(Path::new(&"9".repeat(300))).len(), 64);
    }

    #[test]
    fn exact_spelling_goes_before_alike_and_wasm_before_the_rest() {
        let dir = tempfile::tempdir().expect("a directory");
        for file in ["a_b-c.wat", "x-y.wasm", "x_y.wat", "plain.txt"] {
            std::fs::write(dir.path().join(file), "").expect("written");
        }
        let manifests =
            [("a-b_c.toml", "[[wasm]]"), ("package.json", "{\"name\": \"x\"}"), ("Cargo.toml", "[package]")];
        for (file, text) in manifests {
            std::fs::write(dir.path().join(file), text).expect("written");
        }
        std::fs::write(dir.path().join("half.json"), "{\"wasm\": [").expect("written");
        let found = |name| find(dir.path(), name).and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
        assert_eq!(found("x_y").as_deref(), Some("x_y.wat"));
        assert_eq!(found("x-y").as_deref(), Some("x-y.wasm"));
        assert_eq!(found("a-b-c").as_deref(), Some("a_b-c.wat"));
        assert_eq!(found("plain"), None);
        assert_eq!(found("a\0b"), None);
        let mut names = list(dir.path());
        names.sort();
        assert_eq!(names, ["a-b_c", "a_b-c", "half", "x-y", "x_y"], "what can be no manifest is no plugin");
    }
}
