//! Files, lines and functions as people name them.

use std::path::Path;

use super::line_row::{FileIndex, SourceFile};
use super::table::{FunctionIndex, SourceFunction, SourceLines};
use crate::runtime::stack::FrameRole;
use crate::text::closest;

/// Most files that an error names.
const NAMED_MAX: usize = 4;
/// Functions are compared without the arguments of their types.
const GENERICS: [char; 2] = ['<', '>'];

/// A line that has code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlace {
    pub file: FileIndex,
    pub line: u32,
    /// Positions to stop at: one for each function that has code of the line; not empty.
    pub stops: Vec<u32>,
}

/// Why a line cannot be stopped at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineError {
    /// The module has no debug information.
    NoLines,
    /// No file has such a path.
    NoFile { closest: Option<String> },
    /// The paths of several files end so: some of them, each by its shortest name.
    Ambiguous { files: Vec<String> },
    /// No code was made of the line of this file, by its shortest name.
    NoCode { file: String, nearest: Option<u32> },
}

/// The file and line of `FILE:LINE`; `None` for other words.
pub fn line_query(word: &str) -> Option<(&str, u32)> {
    let (file, line) = word.rsplit_once(':')?;
    let line = line.parse().ok().filter(|line| *line > 0)?;
    (!file.is_empty() && !file.ends_with(':')).then_some((file, line))
}

impl SourceLines {
    /// A line of a file, which is named by the end of its path.
    ///
    /// # Errors
    /// The name is of no file or of several, or the line has no code.
    pub fn find_line(&self, file: &str, line: u32) -> Result<LinePlace, LineError> {
        let file = self.find_file(file)?;
        let stops = self.stops_of(file, line);
        if stops.is_empty() {
            return Err(LineError::NoCode { file: self.short_name(file), nearest: self.nearest(file, line) });
        }
        Ok(LinePlace { file, line, stops })
    }

    /// A file by the end of its path. Files of the plugin's author come before those of libraries. An absolute path is
    /// also that of a file whose noted path is the end of it: a compiler on another machine noted it, or only a part.
    ///
    /// # Errors
    /// [`LineError::NoLines`], [`LineError::NoFile`] and [`LineError::Ambiguous`].
    pub fn find_file(&self, name: &str) -> Result<FileIndex, LineError> {
        if !self.has_lines() {
            return Err(LineError::NoLines);
        }
        let mut found: Vec<_> = self.files().filter(|(_, file)| file.is_named(name)).collect();
        if found.is_empty() && Path::new(name).is_absolute() {
            found = self.files().filter(|(_, file)| file.is_end_of(name)).collect();
        }
        if found.iter().any(|(_, file)| file.role == FrameRole::Own) {
            found.retain(|(_, file)| file.role == FrameRole::Own);
        }
        // A whole path is no end of another.
        if let Some(whole) = found.iter().position(|(_, file)| file.path == name || file.name == name) {
            found = vec![found.swap_remove(whole)];
        }
        match found.as_slice() {
            [(index, _)] => Ok(*index),
            [] => {
                let names: Vec<String> = self.own_files().map(|(index, _)| self.short_name(index)).collect();
                let closest = closest(name, names.iter().map(String::as_str)).map(str::to_owned);
                Err(LineError::NoFile { closest })
            }
            several => {
                let files = several.iter().take(NAMED_MAX).map(|(index, _)| self.short_name(*index)).collect();
                Err(LineError::Ambiguous { files })
            }
        }
    }

    /// The files of the plugin's author.
    pub fn own_files(&self) -> impl Iterator<Item = (FileIndex, &SourceFile)> {
        self.files().filter(|(_, file)| file.role == FrameRole::Own)
    }

    /// The shortest end of a file's path by which [`SourceLines::find_file`] finds it: at least the name itself.
    pub fn short_name(&self, index: FileIndex) -> String {
        let Some(file) = self.file(index) else { return String::new() };
        let is_unique = |name: &str| self.find_file_quietly(name) == Some(index);
        let mut starts: Vec<usize> = file.path.match_indices('/').map(|(at, _)| at + 1).collect();
        starts.insert(0, 0);
        let ends = starts.iter().rev().filter_map(|start| file.path.get(*start..)).filter(|end| !end.is_empty());
        ends.into_iter().find(|end| is_unique(end)).unwrap_or(&file.path).to_owned()
    }

    /// The only file with such a path, by the rules of [`SourceLines::find_file`].
    fn find_file_quietly(&self, name: &str) -> Option<FileIndex> {
        let named = || self.files().filter(|(_, file)| file.is_named(name));
        let has_own = named().any(|(_, file)| file.role == FrameRole::Own);
        let mut found = named().filter(|(_, file)| !has_own || file.role == FrameRole::Own).map(|(index, _)| index);
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    /// The functions whose path ends so: `total`, `cart::total`, and each place where one was inlined.
    pub fn functions_matching(&self, name: &str) -> Vec<(FunctionIndex, &SourceFunction)> {
        let name = without_generics(name);
        self.functions().filter(|(_, function)| !name.is_empty() && function.is_named(&name)).collect()
    }
}

impl SourceFile {
    /// Whether its path ends with these parts.
    fn is_named(&self, name: &str) -> bool {
        let is_end = |path: &str| {
            path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')) && !name.is_empty()
        };
        is_end(&self.path) || is_end(&self.name)
    }

    /// Whether its own name is the end of a path. A file that is on this machine has no other path than its own.
    fn is_end_of(&self, path: &str) -> bool {
        let rest = path.strip_suffix(self.name.as_str()).filter(|_| !self.name.is_empty());
        rest.is_some_and(|rest| rest.ends_with('/')) && !Path::new(&self.path).exists()
    }
}

impl SourceFunction {
    /// Whether its path ends with these parts.
    fn is_named(&self, name: &str) -> bool {
        let own = without_generics(&self.name);
        own.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with([':', '.', '/', '#']))
    }
}

/// A function's path without what stands in angle brackets; a type in place of a path keeps its name.
fn without_generics(name: &str) -> String {
    let mut depth = 0usize;
    let mut plain = String::new();
    for c in name.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    // `total::<u32>` and `<Cart as Total>::of`.
    let plain = plain.replace("::::", "::");
    plain.trim_end_matches(GENERICS).trim_end_matches("::").trim_start_matches("::").to_owned()
}
