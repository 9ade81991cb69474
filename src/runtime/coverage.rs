//! Which lines of plugins' sources ran, over all instances of many kernels.
//!
//! Each start of a line is a place at which an instance stops once: it is noted here, and later instances run through.
//! Only the lines of the plugins' authors count, of modules that have debug information.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use parking_lot::Mutex;

use super::program::{ModuleBytes, Program};
use super::source_lines::{FunctionIndex, LineTables, SourceLines, SourcePosition};

/// Most modules whose lines are counted; others run without being looked at.
const MODULES_MAX: usize = 1 << 10;

/// The lines that ran.
#[derive(Default)]
pub struct Coverage {
    tables: LineTables,
    /// By the SHA-256 of their bytes.
    modules: Mutex<BTreeMap<String, ModuleCoverage>>,
}

impl fmt::Debug for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coverage").field("modules", &self.modules.lock().len()).finish_non_exhaustive()
    }
}

struct ModuleCoverage {
    module: ModuleBytes,
    /// Starts of lines that have not run.
    left: BTreeSet<u32>,
    ran: BTreeSet<u32>,
}

/// The lines of one source file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// The path as the compiler noted it, mostly absolute.
    pub path: String,
    /// The path relative to the directory that it was compiled in.
    pub name: String,
    /// The lines that have code, and whether each ran.
    pub lines: BTreeMap<u32, bool>,
    /// The functions by their first line and name, and whether each ran.
    pub functions: BTreeMap<(u32, String), bool>,
}

impl FileCoverage {
    /// Count of the lines that ran.
    pub fn ran(&self) -> usize {
        self.lines.values().filter(|ran| **ran).count()
    }
}

/// All that is known of what ran.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoverageReport {
    /// By their paths.
    pub files: Vec<FileCoverage>,
    /// Modules without debug information of their authors' code, by name.
    pub without_lines: Vec<String>,
}

impl Coverage {
    /// Whether instances of a program have lines to look at: not, once all of them ran.
    pub fn wants(&self, program: &Program) -> bool {
        // Each module is asked, so that the report names those without lines.
        program.modules.iter().filter(|module| !self.left_of(module).is_empty()).count() > 0
    }

    /// The starts of a module's lines that have not run, in their order.
    pub fn left_of(&self, module: &ModuleBytes) -> Vec<u32> {
        if let Some(known) = self.modules.lock().get(&module.sha256) {
            return known.left.iter().copied().collect();
        }
        let left: BTreeSet<u32> = own_starts(&self.tables.of(module)).collect();
        let mut modules = self.modules.lock();
        if modules.len() >= MODULES_MAX {
            return Vec::new();
        }
        let new = || ModuleCoverage { module: module.clone(), left, ran: BTreeSet::new() };
        let known = modules.entry(module.sha256.clone()).or_insert_with(new);
        known.left.iter().copied().collect()
    }

    /// Notes that the code at the start of a line ran.
    pub fn note(&self, module: &ModuleBytes, pc: u32) {
        if let Some(known) = self.modules.lock().get_mut(&module.sha256)
            && known.left.remove(&pc)
        {
            known.ran.insert(pc);
        }
    }

    /// The lines until now. A file of several modules stands there once.
    pub fn report(&self) -> CoverageReport {
        let modules = self.modules.lock();
        let (mut files, mut without_lines) = (BTreeMap::new(), BTreeSet::new());
        for known in modules.values() {
            let lines = self.tables.of(&known.module);
            if known.left.is_empty() && known.ran.is_empty() {
                without_lines.insert(known.module.name.clone());
            }
            add_lines(&mut files, &lines, &known.ran);
            add_functions(&mut files, &lines, &known.ran);
        }
        CoverageReport { files: files.into_values().collect(), without_lines: without_lines.into_iter().collect() }
    }
}

/// The starts of all lines of the author's.
fn own_starts(lines: &SourceLines) -> impl Iterator<Item = u32> {
    let own = lines.own_files().flat_map(|(file, _)| lines.lines_of(file).into_iter().map(move |line| (file, line)));
    own.flat_map(|(file, line)| lines.starts_of(file, line))
}

/// Files by their paths.
type Files = BTreeMap<String, FileCoverage>;

fn add_lines(files: &mut Files, lines: &SourceLines, ran: &BTreeSet<u32>) {
    for (index, file) in lines.own_files() {
        let new = || FileCoverage { path: file.path.clone(), name: file.name.clone(), ..FileCoverage::default() };
        let known = files.entry(file.path.clone()).or_insert_with(new);
        for line in lines.lines_of(index) {
            let has_run = lines.starts_of(index, line).iter().any(|pc| ran.contains(pc));
            *known.lines.entry(line).or_default() |= has_run;
        }
    }
}

/// Adds the functions that lines of the author's are directly in.
fn add_functions(files: &mut Files, lines: &SourceLines, ran: &BTreeSet<u32>) {
    let mut found: BTreeMap<FunctionIndex, (SourcePosition, bool)> = BTreeMap::new();
    for pc in own_starts(lines) {
        if let (Some((function, _)), Some(position)) = (lines.function_at(pc), lines.position(pc)) {
            let known = found.entry(function).or_insert((position, false));
            known.0.line = known.0.line.min(position.line);
            known.1 |= ran.contains(&pc);
        }
    }
    for (index, (position, has_run)) in found {
        let file = lines.file(position.file).and_then(|file| files.get_mut(&file.path));
        if let (Some(file), Some(function)) = (file, lines.function(index)) {
            *file.functions.entry((position.line, function.name.to_string())).or_default() |= has_run;
        }
    }
}
