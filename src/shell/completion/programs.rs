//! Completion inside `!COMMAND`: the programs on PATH, and files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::candidate::Candidate;
use super::candidates::files;
use crate::shell::line::CompletionContext;

/// The most programs that are looked at: PATH may name any directory.
const PROGRAMS_MAX: usize = 20_000;

/// The completions of a word of `!COMMAND`; `line` is the text up to the cursor.
pub fn complete_system(cursor: &CompletionContext, line: &str) -> Vec<Candidate> {
    let before = line.get(..cursor.span.start).unwrap_or_default().trim_end();
    let is_program = before.ends_with(['!', '|', ';', '&', '(']);
    if !is_program || cursor.typed.contains('/') {
        return files(&cursor.typed);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<_> = std::env::split_paths(&path).collect();
    programs(&dirs, &cursor.typed).iter().map(|name| Candidate::word(name)).collect()
}

/// The names of programs that start with `typed`, each once, in order.
fn programs(dirs: &[impl AsRef<Path>], typed: &str) -> BTreeSet<String> {
    // An unreadable directory has no programs.
    let entries = dirs.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().filter_map(Result::ok);
    let named = entries.take(PROGRAMS_MAX).filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry)));
    let named = named.filter(|(name, _)| name.starts_with(typed));
    let runs = |path: &Path| {
        fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    named.filter(|(_, entry)| runs(&entry.path())).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_files_that_can_be_run() {
        let dir = tempfile::tempdir().unwrap();
        for (name, mode) in [("echoes", 0o755), ("echo-text", 0o644), ("other", 0o755)] {
            let path = dir.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(dir.path().join("echo-dir")).unwrap();
        let found = programs(&[dir.path(), Path::new("/no such directory"), dir.path()], "ec");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["echoes"]);
    }
}
