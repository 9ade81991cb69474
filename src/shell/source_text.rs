//! Source files on this machine, for the lines around a stop. Their paths come from plugins.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::runtime::source_lines::SourceFile;

/// Largest source file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Where source files are looked for, besides the paths that compilers noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcePaths {
    pub dirs: Vec<PathBuf>,
    pub maps: Vec<SourceMap>,
}

/// The beginning of paths as a compiler noted them, and the directory that has the files here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceMap {
    pub from: String,
    pub to: PathBuf,
}

impl SourceMap {
    /// The map that `FROM=TO` writes; `None` where a side is missing.
    pub fn parse(text: &str) -> Option<SourceMap> {
        let (from, to) = text.split_once('=').filter(|(from, to)| !from.is_empty() && !to.is_empty())?;
        Some(SourceMap { from: from.trim_end_matches('/').to_owned(), to: PathBuf::from(to) })
    }

    /// The path here of a noted one that begins so.
    fn here(&self, noted: &str) -> Option<PathBuf> {
        let rest = noted.strip_prefix(&self.from)?;
        match rest.strip_prefix('/') {
            Some(rest) => Some(self.to.join(rest)),
            None => rest.is_empty().then(|| self.to.clone()),
        }
    }
}

/// The lines of a source file, where it is found.
pub fn lines_of(file: &SourceFile, paths: &SourcePaths) -> Option<Vec<String>> {
    let text = fs::read_to_string(path_of(file, paths)?).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}

/// The path of a source file, where it is found: by a map, as the compiler noted it, or below a directory by the
/// longest end of that path. It is a regular file that is not too large.
pub fn path_of(file: &SourceFile, paths: &SourcePaths) -> Option<PathBuf> {
    let mapped = paths.maps.iter().filter_map(|map| map.here(&file.path));
    let noted = [file.path.as_str(), file.name.as_str()].map(PathBuf::from);
    let ends = noted.iter().flat_map(|path| ends_of(path));
    let below = ends.flat_map(|end| paths.dirs.iter().map(move |dir| dir.join(&end)));
    let whole = Path::new(&file.path).is_absolute().then(|| PathBuf::from(&file.path));
    mapped.chain(whole).chain(below).find(|path| is_source(path))
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
        let below = SourcePaths { dirs: vec![dir.clone()], maps: Vec::new() };
        let found = lines_of(&file("/nowhere/cart/src/lib.rs"), &below);
        assert_eq!(found, Some(vec!["one".to_owned(), "two".to_owned()]));
        assert_eq!(lines_of(&file("/nowhere/cart/src/none.rs"), &SourcePaths::default()), None);
        // A map comes before the directories, and takes whole parts of a path.
        let map = SourceMap::parse(&format!("/nowhere/cart/src={}", dir.display())).unwrap();
        let mapped = SourcePaths { maps: vec![map], ..below };
        assert_eq!(lines_of(&file("/nowhere/cart/src/lib.rs"), &mapped), Some(vec!["other".to_owned()]));
        assert_eq!(path_of(&file("/nowhere/cart/srclib.rs"), &mapped), Some(dir.join("src/lib.rs")));
        assert_eq!((SourceMap::parse("/a"), SourceMap::parse("=/b"), SourceMap::parse("/a=")), (None, None, None));
        fs::remove_dir_all(&dir).unwrap();
    }
}
