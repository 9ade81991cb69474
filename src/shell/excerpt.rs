//! The source around a place where a plugin stands.

use serde::{Deserialize, Serialize};

use super::source_text::{SourcePaths, lines_of};
use super::stopped::{StoppedFrame, frames_of, shown_frame, source_file};
use crate::kernel::Kernel;
use crate::kernel::hooks::HeldView;

/// Lines before the place, and as many after it.
const AROUND: usize = 5;

/// Some lines of a source file. They are a plugin's: to be made safe before they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The file as its compiler named it.
    pub file: String,
    /// The number of the line at which the plugin stands, from 1.
    pub line: u32,
    /// The number of the first of `lines`.
    pub first_line: u32,
    pub lines: Vec<String>,
}

impl Excerpt {
    /// The lines around the place of a frame of a held job; `None` where it has no line, or its file is not found.
    pub fn around(kernel: &Kernel, view: &HeldView, frame: &StoppedFrame, paths: &SourcePaths) -> Option<Excerpt> {
        let (file, line) = (source_file(kernel, view, frame)?, frame.guest.line?);
        let all = lines_of(&file, paths)?;
        let at = line as usize;
        let (first, last) = (at.saturating_sub(AROUND).max(1), (at + AROUND).min(all.len()));
        let lines = all.get(first - 1..last)?.to_vec();
        Some(Excerpt { file: file.name, line, first_line: u32::try_from(first).unwrap_or(u32::MAX), lines })
    }

    /// The lines around the place that a held job is shown at, of a file that is where its compiler noted it or below
    /// the working directory.
    pub fn of_held(kernel: &Kernel, view: &HeldView) -> Option<Excerpt> {
        let paths = SourcePaths { dirs: std::env::current_dir().into_iter().collect(), ..SourcePaths::default() };
        Excerpt::around(kernel, view, shown_frame(&frames_of(view))?, &paths)
    }

    /// Each line with its number, and whether the plugin stands there.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &str, bool)> {
        let numbers = self.first_line..=u32::MAX;
        numbers.zip(&self.lines).map(|(number, text)| (number, text.as_str(), number == self.line))
    }

    /// The line at which the plugin stands.
    pub fn here(&self) -> Option<&str> {
        self.numbered().find(|(.., is_here)| *is_here).map(|(_, text, _)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_numbers() {
        let lines = ["a", "b", "c"].map(str::to_owned).to_vec();
        let excerpt = Excerpt { file: "src/lib.rs".to_owned(), line: 8, first_line: 7, lines };
        let numbered: Vec<_> = excerpt.numbered().collect();
        assert_eq!(numbered, [(7, "a", false), (8, "b", true), (9, "c", false)]);
        assert_eq!(excerpt.here(), Some("b"));
    }
}
