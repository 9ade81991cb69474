//! Looking for a project's file, upwards from a directory, and reading it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::document::{Mistake, MistakeKind};
use super::file::Project;
use crate::shell::command::Shape;
use crate::text::{io_cause, quoted, without_bom};

/// The name of a project's file.
pub const FILE_NAME: &str = "plugsh.toml";
/// Largest file, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Most directories that are looked into, the first included.
pub const DIRECTORIES_MAX: usize = 64;

/// Why there is no project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoProject {
    /// Neither the working directory nor one above it has the file.
    NotFound,
    /// At least one mistake.
    Wrong(Vec<Mistake>),
}

/// The project's file: the given one, or the one that is found upwards from the working directory.
pub fn find(given: Option<&Path>) -> Option<PathBuf> {
    match given {
        Some(file) => Some(file.to_owned()),
        None => find_from(&std::env::current_dir().ok()?),
    }
}

fn find_from(dir: &Path) -> Option<PathBuf> {
    let dirs = dir.ancestors().take(DIRECTORIES_MAX);
    dirs.map(|dir| dir.join(FILE_NAME)).find(|file| file.is_file())
}

/// Finds and reads the project. `stub` has the options of the command of that name.
///
/// # Errors
/// There is no file, or it has mistakes.
pub fn read(given: Option<&Path>, stub: &Shape) -> Result<Project, NoProject> {
    let file = find(given).ok_or(NoProject::NotFound)?;
    let here = std::env::current_dir().unwrap_or_default();
    let name = quoted(&shown_from(&file, &here).to_string_lossy());
    let failed = |message: String| NoProject::Wrong(vec![Mistake::new(&name, None, MistakeKind::Missing, message)]);
    let text = text_of(&file).map_err(failed)?;
    let dir = file.parent().map(|dir| from_here(dir, &here)).unwrap_or_default();
    Project::parse(&text, &name, &dir, stub).map_err(NoProject::Wrong)
}

/// A path as it is written from the working directory; empty for that directory itself.
fn from_here(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// A file's name in messages: as written from the working directory, where it lies there, below it or above it.
fn shown_from(file: &Path, here: &Path) -> PathBuf {
    let above = file.parent().and_then(|dir| here.strip_prefix(dir).ok());
    match (above, file.file_name()) {
        (Some(below), Some(name)) => below.components().map(|_| Path::new("..")).collect::<PathBuf>().join(name),
        _ => from_here(file, here),
    }
}

fn text_of(file: &Path) -> Result<String, String> {
    let meta = file.metadata().map_err(|error| io_cause(&error))?;
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| io_cause(&error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err("it is larger than 1 MiB, the most a project's file may have".to_owned());
    }
    String::from_utf8(without_bom(&bytes).to_vec()).map_err(|_| "it is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_upwards_is_found() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("a/b/c");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(root.path().join("a").join(FILE_NAME), "").unwrap();
        std::fs::create_dir(below.join(FILE_NAME)).unwrap();
        assert_eq!(find_from(&below), Some(root.path().join("a").join(FILE_NAME)));
        assert_eq!(find(Some(Path::new("/x/y.toml"))), Some(PathBuf::from("/x/y.toml")));
        let deep: PathBuf = std::iter::repeat_n("d", DIRECTORIES_MAX).collect();
        assert_eq!(find_from(&root.path().join("a").join(deep)), None);
    }
}
