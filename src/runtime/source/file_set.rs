//! The files that a program was read from, and whether they have changed since.

use std::path::{Path, PathBuf};

use super::file::Stamp;

/// Files as they were at one moment; bounded by what a manifest may name.
#[derive(Debug, Clone)]
pub struct FileSet(Vec<(PathBuf, Option<Stamp>)>);

impl FileSet {
    /// Files as they were when they were read.
    pub(super) fn read(stamps: &[(PathBuf, Stamp)]) -> Self {
        FileSet(stamps.iter().map(|(path, stamp)| (path.clone(), Some(stamp.clone()))).collect())
    }

    /// One file of unknown state.
    pub(super) fn unknown(path: &Path) -> Self {
        FileSet(vec![(path.to_owned(), None)])
    }

    /// The current state of these files, by a `stat` of each.
    pub fn now(&self) -> FileSet {
        FileSet(self.0.iter().map(|(path, _)| (path.clone(), Stamp::of(path))).collect())
    }

    /// Whether they are as they were at that other moment.
    pub fn are_as(&self, other: &FileSet) -> bool {
        let same = |one: &Option<Stamp>, other: &Option<Stamp>| match (one, other) {
            (Some(one), Some(other)) => one.is_same_state(other),
            (None, None) => true,
            _ => false,
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| same(&one.1, &other.1))
    }

    /// False when one was so young that it may have changed again without a trace, or was not there.
    pub fn are_settled(&self) -> bool {
        self.0.iter().all(|(_, stamp)| stamp.as_ref().is_some_and(Stamp::is_settled))
    }
}

#[cfg(test)]
mod tests {
    use super::FileSet;

    #[test]
    fn a_file_that_was_changed_made_or_taken_away_is_not_as_it_was() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x");
        let none = FileSet::unknown(&path).now();
        assert!(none.are_as(&none.now()) && !none.are_settled());
        std::fs::write(&path, "one").expect("written");
        let first = none.now();
        assert!(!first.are_as(&none) && first.are_as(&first.now()));
        std::fs::write(&path, "other").expect("written");
        assert!(!first.now().are_as(&first));
        std::fs::remove_file(&path).expect("removed");
        assert!(!first.now().are_as(&first) && first.now().are_as(&none));
    }
}
