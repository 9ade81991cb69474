//! The descriptors of one instance with their kinds: files of the system, which count, and views of single files.
//! wasmtime-wasi has the descriptor table itself; functions that open, close or renumber update this one.

use std::collections::BTreeMap;

use crate::runtime::native::open_files::OpenFiles;

/// Standard input, output and error.
const STDIO: u32 = 3;

/// The kind of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FdKind {
    /// Standard input, output or error, without a system file of its own.
    Stdio,
    /// A file or directory; each counts in [`OpenFiles`].
    File,
    /// A view by its index: a directory with single files only.
    View(usize),
    /// The host's directory behind single files, out of the guest's reach.
    Hidden,
}

/// A directory on the guest's side that has single files only.
#[derive(Debug)]
pub struct View {
    pub files: Vec<ViewFile>,
}

/// One file of a [`View`].
#[derive(Debug, Clone)]
pub struct ViewFile {
    /// The file's name on the guest's side.
    pub guest: String,
    /// The descriptor of the host's directory, and the file's name there.
    pub dir: u32,
    pub host: String,
    pub read_only: bool,
}

/// The open descriptors: at most [`OpenFiles`]'s bound for an instance, and three for stdio.
#[derive(Debug)]
pub struct Fds {
    files: OpenFiles,
    open: BTreeMap<u32, FdKind>,
    views: Vec<View>,
}

impl Default for Fds {
    fn default() -> Self {
        let open = (0..STDIO).map(|fd| (fd, FdKind::Stdio)).collect();
        Fds { files: OpenFiles::default(), open, views: Vec::new() }
    }
}

impl Fds {
    /// The descriptor of the next preopened directory; preopens are numbered from 3.
    pub fn next_preopen(&self) -> u32 {
        self.open.len() as u32
    }

    /// Reserves a place for one more file; false at the bound. [`Fds::opened`] or [`Fds::not_opened`] must follow.
    pub fn take(&mut self) -> bool {
        self.files.take()
    }

    /// Reserves a place for standard input's file until the descriptor is closed or the instance dropped; false at the
    /// bound.
    pub fn take_stdin(&mut self) -> bool {
        let taken = self.files.take();
        if taken {
            self.open.insert(0, FdKind::File);
        }
        taken
    }

    /// Assigns the reserved place to a descriptor.
    pub fn opened(&mut self, fd: u32, kind: FdKind) {
        if self.open.insert(fd, kind).is_some_and(|old| old != FdKind::Stdio) {
            self.files.give_back();
        }
    }

    /// Gives the reserved place back.
    pub fn not_opened(&mut self) {
        self.files.give_back();
    }

    /// Frees the place of a closed descriptor, if it had one.
    pub fn closed(&mut self, fd: u32) {
        if self.open.remove(&fd).is_some_and(|kind| kind != FdKind::Stdio) {
            self.files.give_back();
        }
    }

    /// Moves a descriptor over another. The place of the replaced one stays taken, since wasmtime-wasi keeps its file
    /// open until the instance is dropped.
    pub fn renumbered(&mut self, from: u32, to: u32) {
        if from != to
            && let Some(kind) = self.open.remove(&from)
        {
            self.open.insert(to, kind);
        }
    }

    /// A descriptor's kind; `None` when it is not open.
    pub fn kind(&self, fd: u32) -> Option<FdKind> {
        self.open.get(&fd).copied()
    }

    /// Adds a view.
    pub fn add_view(&mut self, files: Vec<ViewFile>) -> FdKind {
        self.views.push(View { files });
        FdKind::View(self.views.len() - 1)
    }

    /// The file that a path names in a view: the file's exact name, with or without `./` before it.
    pub fn view_file(&self, view: usize, path: &[u8]) -> Option<&ViewFile> {
        let name = path.strip_prefix(b"./").unwrap_or(path);
        self.views.get(view)?.files.iter().find(|file| file.guest.as_bytes() == name)
    }

    /// The number of places taken.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.files.held()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(fds: &mut Fds, fd: u32) {
        assert!(fds.take());
        fds.opened(fd, FdKind::File);
    }

    #[test]
    fn places_are_given_back_as_often_as_they_were_taken() {
        let mut fds = Fds::default();
        for fd in 3..10 {
            open(&mut fds, fd);
        }
        assert_eq!(fds.held(), 7);
        // Standard output has no place, and a closed descriptor has none to free.
        for fd in [0, 1, 2, 9, 9, 77] {
            fds.closed(fd);
        }
        assert_eq!(fds.held(), 6);
        // The file that was 4 stays open and keeps its place; 3 is free.
        fds.renumbered(3, 4);
        assert_eq!((fds.kind(3), fds.kind(4), fds.held()), (None, Some(FdKind::File), 6));
        fds.closed(3);
        fds.closed(4);
        assert_eq!(fds.held(), 5);
        fds.renumbered(5, 5);
        fds.renumbered(99, 5);
        fds.closed(5);
        assert_eq!(fds.held(), 4);
        assert!(fds.take());
        fds.not_opened();
        assert_eq!(fds.held(), 4);
    }

    #[test]
    fn a_file_in_the_place_of_standard_output_counts() {
        let mut fds = Fds::default();
        open(&mut fds, 3);
        fds.renumbered(3, 1);
        assert_eq!((fds.kind(1), fds.held()), (Some(FdKind::File), 1));
        fds.closed(1);
        assert_eq!(fds.held(), 0);
    }

    #[test]
    fn only_its_name_names_a_single_file() {
        let mut fds = Fds::default();
        let file = ViewFile { guest: "a".into(), dir: 4, host: "b".into(), read_only: true };
        let FdKind::View(view) = fds.add_view(vec![file]) else { panic!("a view") };
        assert!(fds.view_file(view, b"a").is_some() && fds.view_file(view, b"./a").is_some());
        for other in [&b""[..], b".", b"b", b"..", b"a/", b"a/.", b"../x/a", b"/a", b"././a", b"a\0"] {
            assert!(fds.view_file(view, other).is_none(), "{other:?}");
        }
        assert!(fds.view_file(view + 1, b"a").is_none());
    }
}
