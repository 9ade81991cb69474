//! `load DIR`: the modules of a directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::reply::ShellError;
use crate::text::io_cause;

/// The most modules that are loaded from one directory.
pub const FILES_MAX: usize = 1_000;
/// The suffixes of modules.
const SUFFIXES: [&str; 2] = ["wasm", "wat"];

/// The directory that a source names: a path, as a name without `/` is looked for among the plugins.
pub fn directory(source: &str) -> Option<&Path> {
    let is_path = source.contains('/') || matches!(source, "." | "..");
    Some(Path::new(source)).filter(|path| is_path && path.is_dir())
}

/// The modules of a directory that are not hidden, by name.
///
/// # Errors
/// The directory cannot be read, has no module, or more than [`FILES_MAX`].
pub fn modules(dir: &Path) -> Result<Vec<PathBuf>, ShellError> {
    let failed = |why: String| ShellError::failed(format!("`{}`: {why}", dir.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| failed(io_cause(&error)))? {
        let path = entry.map_err(|error| failed(io_cause(&error)))?.path();
        if !is_module(&path) {
            continue;
        }
        if files.len() >= FILES_MAX {
            return Err(failed(format!("more than {FILES_MAX} modules; load some of them by name")));
        }
        files.push(path);
    }
    if files.is_empty() {
        return Err(failed("no .wasm or .wat file in this directory".to_owned()));
    }
    files.sort();
    Ok(files)
}

fn is_module(path: &Path) -> bool {
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix)) && !is_hidden && path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_the_visible_files_with_a_suffix() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wat", ".hidden.wasm", "c.json", "wasm"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        fs::create_dir(dir.path().join("d.wasm")).unwrap();
        let found = modules(dir.path()).unwrap();
        assert_eq!(found, [dir.path().join("a.wat"), dir.path().join("b.wasm")]);
        assert!(
            modules(&dir.path().join("d.wasm"))
                .unwrap_err()
                .message
                .ends_with("no .wasm or .wat file in this directory")
        );
        assert_eq!(directory("no such/dir"), None);
        assert_eq!(directory("."), Some(Path::new(".")));
    }

    #[test]
    fn a_directory_of_too_many_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        (0..=FILES_MAX).for_each(|number| fs::write(dir.path().join(format!("{number}.wat")), "").unwrap());
        assert!(modules(dir.path()).unwrap_err().message.contains("more than 1000 modules"));
    }
}
