//! Source files on this machine, for the lines around a stop. Their paths come from plugins.

use std::fs;
use std::path::{Path, PathBuf};

use crate::runtime::source_lines::SourceFile;

/// Largest source file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The lines of a source file, where it is found.
pub fn lines_of(file: &SourceFile, dirs: &[PathBuf]) -> Option<Vec<String>> {
    let text = fs::read_to_string(path_of(file, dirs)?).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}

/// The path of a source file, where it is found: as the compiler noted it, or below one of `dirs` by the longest end of
/// that path. It is a regular file that is not too large.
pub fn path_of(file: &SourceFile, dirs: &[PathBuf]) -> Option<PathBuf> {
    let noted = [file.path.as_str(), file.name.as_str()].map(PathBuf::from);
    let ends = noted.iter().flat_map(|path| ends_of(path));
    let below = ends.flat_map(|end| dirs.iter().map(move |dir| dir.join(&end)));
    let whole = Path::new(&file.path).is_absolute().then(|| PathBuf::from(&file.path));
    whole.into_iter().chain(below).find(|path| is_source(path))
}

/// The ends of a path, the longest first, without its root.
fn ends_of(path: &Path) -> Vec<PathBuf> {
    let parts: Vec<_> = path.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
    (0..parts.len()).map(|from| parts.iter().skip(from).collect()).collect()
}

fn is_source(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= FILE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::FrameRole;

    #[test]
    fn a_file_is_found_by_the_longest_end_of_its_path() {
        let dir = std::env::temp_dir().join(format!("plugsh-source-{}", std::process::id()));
        fs::create_dir_all(dir.join("src")).unwrap();
        fs::write(dir.join("src/lib.rs"), "one\ntwo\n").unwrap();
        fs::write(dir.join("lib.rs"), "other\n").unwrap();
        let file =
            |path: &str| SourceFile { path: path.to_owned(), name: "src/lib.rs".to_owned(), role: FrameRole::Own };
        let found = lines_of(&file("/nowhere/cart/src/lib.rs"), std::slice::from_ref(&dir));
        assert_eq!(found, Some(vec!["one".to_owned(), "two".to_owned()]));
        assert_eq!(lines_of(&file("/nowhere/cart/src/none.rs"), &[]), None);
        fs::remove_dir_all(&dir).unwrap();
    }
}
