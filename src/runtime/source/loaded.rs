//! The result of reading a source: the program, and the state of the files behind it.

use std::path::PathBuf;

use super::file::Stamp;
use crate::runtime::Program;

/// A program with the files that it was read from.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) program: Program,
    /// The files it came from, as they were.
    pub(super) stamps: Vec<(PathBuf, Stamp)>,
    /// True when a part of it came over the network without a hash: it may have changed there.
    pub(super) fetched: bool,
}
