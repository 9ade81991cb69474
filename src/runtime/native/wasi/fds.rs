//! The descriptors of one instance as plugsh counts them: which of them hold a file of the system, and which give access to
//! single files. wasmtime-wasi has the table itself; what opens, closes or renumbers one tells this one.

use std::collections::BTreeMap;

use crate::runtime::native::open_files::OpenFiles;

/// Standard input, output and error.
const STDIO: u32 = 3;

/// The kind of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Standard input, output or error: no file of the system's own.
    Stdio,
    /// A file or directory; each has its place among [`OpenFiles`].
    File,
    /// A directory of which the guest has only single files, by its place among the views.
    View(usize),
    /// The directory on the host's side of single files. A guest does not see it.
    Hidden,
}

/// A directory as the guest sees it that holds single files only.
#[derive(Debug)]
pub struct View {
    pub files: Vec<ViewFile>,
}

/// One file of a [`View`].
#[derive(Debug, Clone)]
pub struct ViewFile {
    /// Its name in the guest's directory.
    pub guest: String,
    /// The descriptor of the host's directory that has it, and its name there.
    pub dir: u32,
    pub host: String,
    pub read_only: bool,
}

/// The open descriptors. As many as [`OpenFiles`] lets an instance have, and three.
#[derive(Debug)]
pub struct Fds {
    files: OpenFiles,
    open: BTreeMap<u32, Kind>,
    views: Vec<View>,
}

impl Default for Fds {
    fn default() -> Self {
        let open = (0..STDIO).map(|fd| (fd, Kind::Stdio)).collect();
        Fds { files: OpenFiles::default(), open, views: Vec::new() }
    }
}

impl Fds {
    /// The number that the next preopened directory gets: they come one after the other behind standard error.
    pub fn next_preopen(&self) -> u32 {
        self.open.len() as u32
    }

    /// A place for one more file; false when there may be no more. To be followed by [`Fds::opened`] or
    /// [`Fds::not_opened`].
    pub fn take(&mut self) -> bool {
        self.files.take()
    }

    /// A place for the file that standard input reads; given back when that is closed, or with the instance.
    pub fn take_stdin(&mut self) -> bool {
        let taken = self.files.take();
        if taken {
            self.open.insert(0, Kind::File);
        }
        taken
    }

    /// The place that was taken is a descriptor's.
    pub fn opened(&mut self, fd: u32, kind: Kind) {
        if self.open.insert(fd, kind).is_some_and(|old| old != Kind::Stdio) {
            self.files.give_back();
        }
    }

    /// The place that was taken is not needed.
    pub fn not_opened(&mut self) {
        self.files.give_back();
    }

    /// A descriptor was closed: its place is free, if it had one.
    pub fn closed(&mut self, fd: u32) {
        if self.open.remove(&fd).is_some_and(|kind| kind != Kind::Stdio) {
            self.files.give_back();
        }
    }

    /// A descriptor was put in the place of another. wasmtime-wasi keeps that other one's file open for as long as the
    /// instance lives: so its place stays taken.
    pub fn renumbered(&mut self, from: u32, to: u32) {
        if from != to
            && let Some(kind) = self.open.remove(&from)
        {
            self.open.insert(to, kind);
        }
    }

    /// What a descriptor is; `None` for one that is not open.
    pub fn kind(&self, fd: u32) -> Option<Kind> {
        self.open.get(&fd).copied()
    }

    /// Adds a directory of single files.
    pub fn add_view(&mut self, files: Vec<ViewFile>) -> Kind {
        self.views.push(View { files });
        Kind::View(self.views.len() - 1)
    }

    /// The file that a path names in a directory of single files. Only its very name does, and `./` before it.
    pub fn view_file(&self, view: usize, path: &[u8]) -> Option<&ViewFile> {
        let name = path.strip_prefix(b"./").unwrap_or(path);
        self.views.get(view)?.files.iter().find(|file| file.guest.as_bytes() == name)
    }

    /// How many places are taken.
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
        fds.opened(fd, Kind::File);
    }

    #[test]
    fn places_are_given_back_as_often_as_they_were_taken() {
        let mut fds = Fds::default();
        for fd in 3..10 {
            open(&mut fds, fd);
        }
        assert_eq!(fds.held(), 7);
        // Standard output has no place, nor has what is closed twice.
        for fd in [0, 1, 2, 9, 9, 77] {
            fds.closed(fd);
        }
        assert_eq!(fds.held(), 6);
        // What stood at 4 stays open, out of reach; 3 is gone.
        fds.renumbered(3, 4);
        assert_eq!((fds.kind(3), fds.kind(4), fds.held()), (None, Some(Kind::File), 6));
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
        assert_eq!((fds.kind(1), fds.held()), (Some(Kind::File), 1));
        fds.closed(1);
        assert_eq!(fds.held(), 0);
    }

    #[test]
    fn only_its_name_names_a_single_file() {
        let mut fds = Fds::default();
        let file = ViewFile { guest: "a".into(), dir: 4, host: "b".into(), read_only: true };
        let Kind::View(view) = fds.add_view(vec![file]) else { panic!("a view") };
        assert!(fds.view_file(view, b"a").is_some() && fds.view_file(view, b"./a").is_some());
        for other in [&b""[..], b".", b"b", b"..", b"a/", b"a/.", b"../x/a", b"/a", b"././a", b"a\0"] {
            assert!(fds.view_file(view, other).is_none(), "{other:?}");
        }
        assert!(fds.view_file(view + 1, b"a").is_none());
    }
}
