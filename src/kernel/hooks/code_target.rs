//! Places in plugins' source that breakpoints are at, and their places in code.

use std::fmt;

use crate::runtime::source_lines::LineError;
use crate::runtime::stopping::CodePoint;
use crate::runtime::{LineTables, ModuleBytes};

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcePlace {
    /// A line of a file, which is named by the end of its path.
    Line { file: String, line: u32 },
    /// The line of a file that has code and is nearest.
    NearLine { file: String, line: u32 },
    /// A function by the end of its path.
    Function(String),
}

/// A place in the source of plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTarget {
    /// The name of a process, or of what it was loaded from; `None`: any plugin.
    pub plugin: Option<String>,
    pub place: SourcePlace,
}

/// Why a place is not in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlace {
    Line(LineError),
    /// No function has such a path.
    Function,
}

impl CodeTarget {
    /// Whether the place may be in a process, by the process's and its plugin's name.
    pub fn is_of(&self, process: &str, plugin: &str) -> bool {
        self.plugin.as_ref().is_none_or(|name| name == process || name == plugin)
    }

    /// The places of its code in the modules of a program; not empty.
    ///
    /// # Errors
    /// No module has code of the place. Of several reasons, the one of the module that came closest.
    pub fn points(&self, tables: &LineTables, modules: &[ModuleBytes]) -> Result<Vec<CodePoint>, NoPlace> {
        let mut points = Vec::new();
        let mut refusal = None;
        for (module, bytes) in modules.iter().enumerate() {
            match self.stops(tables, bytes) {
                Ok(stops) => points.extend(stops.into_iter().map(|pc| CodePoint { module, pc })),
                Err(why) if refusal.as_ref().is_none_or(|other: &NoPlace| why.closeness() > other.closeness()) => {
                    refusal = Some(why);
                }
                Err(_) => {}
            }
        }
        if points.is_empty() { Err(refusal.unwrap_or(NoPlace::Function)) } else { Ok(points) }
    }

    fn stops(&self, tables: &LineTables, module: &ModuleBytes) -> Result<Vec<u32>, NoPlace> {
        let lines = tables.of(module);
        match &self.place {
            SourcePlace::Line { file, line } => {
                lines.find_line(file, *line).map(|place| place.stops).map_err(NoPlace::Line)
            }
            SourcePlace::NearLine { file, line } => {
                let file = lines.find_file(file).map_err(NoPlace::Line)?;
                let name = || lines.short_name(file);
                let near = match lines.stops_of(file, *line) {
                    stops if stops.is_empty() => lines.nearest(file, *line).map(|line| lines.stops_of(file, line)),
                    stops => Some(stops),
                };
                near.ok_or_else(|| NoPlace::Line(LineError::NoCode { file: name(), nearest: None }))
            }
            SourcePlace::Function(name) => {
                let found = lines.functions_matching(name);
                let entries: Vec<u32> = found.into_iter().filter_map(|(_, function)| function.entry).collect();
                if entries.is_empty() { Err(NoPlace::Function) } else { Ok(entries) }
            }
        }
    }
}

impl NoPlace {
    /// How much of a place was found: more for what is closer.
    pub fn closeness(&self) -> u8 {
        match self {
            NoPlace::Line(LineError::NoCode { .. }) => 4,
            NoPlace::Line(LineError::Ambiguous { .. }) => 3,
            NoPlace::Line(LineError::NoFile { closest: Some(_) }) => 2,
            NoPlace::Line(LineError::NoFile { closest: None }) => 1,
            NoPlace::Line(LineError::NoLines) | NoPlace::Function => 0,
        }
    }
}

/// As it is written: `cart::src/lib.rs:42`, `cart::total`.
impl fmt::Display for CodeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plugin) = &self.plugin {
            write!(f, "{plugin}::")?;
        }
        match &self.place {
            SourcePlace::Line { file, line } | SourcePlace::NearLine { file, line } => write!(f, "{file}:{line}"),
            SourcePlace::Function(name) => f.write_str(name),
        }
    }
}
