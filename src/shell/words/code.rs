//! Places in plugins' source in words: where a breakpoint is, and why it is nowhere.

use crate::kernel::hooks::{BreakpointView, CodeInProcess, CodeTarget, NoPlace, SourcePlace};
use crate::runtime::source_lines::{LineError, SourceFunction, SourceLines};
use crate::runtime::stopping::CodePoint;
use crate::runtime::{FrameRole, LineTables, ModuleBytes};
use crate::text::{closest, counted, quoted};

/// A breakpoint's place and expression, as they are written in `break`.
pub fn what_text(breakpoint: &BreakpointView) -> String {
    match (&breakpoint.at, &breakpoint.filter) {
        (None, filter) => filter.clone().unwrap_or_default(),
        (Some(at), None) => at.clone(),
        (Some(at), Some(filter)) => format!("{at} -e {filter}"),
    }
}

/// `cart::total at src/lib.rs:42`, with what is known of it.
pub fn point_text(tables: &LineTables, modules: &[ModuleBytes], point: CodePoint) -> String {
    let Some(module) = modules.get(point.module) else { return String::new() };
    let lines = tables.of(module);
    let is_around = |function: &SourceFunction| function.ranges.iter().any(|range| range.contains(&point.pc));
    let function = lines.functions().find(|(_, function)| !function.is_inlined && is_around(function));
    let function = function.map(|(_, function)| function.name.to_string());
    let place = place_text(&lines, point.pc);
    match (function, place) {
        (Some(function), Some(place)) => format!("{function} at {place}"),
        (Some(known), None) | (None, Some(known)) => known,
        (None, None) => format!("offset {:#x}", point.pc),
    }
}

/// `src/lib.rs:42`; `None` without a line of the author's.
fn place_text(lines: &SourceLines, pc: u32) -> Option<String> {
    let position = lines.position(pc)?;
    let file = lines.file(position.file).filter(|file| file.role == FrameRole::Own)?;
    Some(format!("{}:{}", file.name, position.line))
}

/// The places of a breakpoint in one process.
pub fn places_text(tables: &LineTables, code: &CodeInProcess, points: &[CodePoint]) -> String {
    let first = points.first().map(|point| point_text(tables, &code.program.modules, *point)).unwrap_or_default();
    match points.len() {
        0 | 1 => format!("{first} in {}", code.process),
        count => format!("{first} and {} in {}", counted(count as u64 - 1, "more place"), code.process),
    }
}

/// Why no loaded plugin has code of a place.
pub fn no_place_text(tables: &LineTables, target: &CodeTarget, looked_at: &[CodeInProcess]) -> String {
    const PENDING: &str = "`--pending` waits for a plugin that has it";
    let (has_a, has) = match (&target.plugin, looked_at) {
        (Some(plugin), _) => has_no(&quoted(plugin)),
        (None, []) => {
            return format!("no process is loaded that could be stopped at `{target}`; `load` one, or {PENDING}");
        }
        (None, [only]) => has_no(&only.process),
        (None, _) => ("no loaded plugin has a".to_owned(), "no loaded plugin has".to_owned()),
    };
    let reasons = looked_at.iter().filter_map(|code| code.points.as_ref().err());
    let reason = reasons.max_by_key(|why| why.closeness());
    match (&target.place, reason) {
        (SourcePlace::Line { file, line } | SourcePlace::NearLine { file, line }, Some(NoPlace::Line(why))) => {
            let file = quoted(file);
            match why {
                LineError::NoLines => format!(
                    "{has} lines: build it with debug information, or break at a function, as \
                     `PLUGIN::FUNCTION`"
                ),
                LineError::NoFile { closest: Some(closest) } => {
                    format!("{has_a} file `{file}`; did you mean `{closest}:{line}`?")
                }
                LineError::NoFile { closest: None } => format!("{has_a} file `{file}`; {PENDING}"),
                LineError::Ambiguous { files } => {
                    format!("`{file}` is the end of several files; write one of `{}`", files.join("`, `"))
                }
                LineError::NoCode { file: name, nearest: Some(near) } => {
                    format!("line {line} of `{file}` has no code; the nearest that has is `{}:{near}`", quoted(name))
                }
                LineError::NoCode { nearest: None, .. } => format!("no line of `{file}` has code"),
            }
        }
        (SourcePlace::Function(name), _) => {
            let names: Vec<String> = looked_at.iter().flat_map(|code| function_names(tables, code)).collect();
            let near = closest(name, names.iter().map(String::as_str));
            let near = near.map_or_else(|| PENDING.to_owned(), |near| format!("did you mean `{near}`?"));
            format!("{has_a} function `{}`; {near}", quoted(name))
        }
        (SourcePlace::Line { .. } | SourcePlace::NearLine { .. }, _) => format!("{has} code of `{target}`; {PENDING}"),
    }
}

/// `X has no`, before a thing and before things.
fn has_no(whose: &dyn std::fmt::Display) -> (String, String) {
    let text = format!("`{whose}` has no");
    (text.clone(), text)
}

/// The last parts of the names of a program's functions.
fn function_names(tables: &LineTables, code: &CodeInProcess) -> Vec<String> {
    let of_module = |module: &ModuleBytes| {
        let lines = tables.of(module);
        let names = lines.functions().map(|(_, function)| function.name.rsplit("::").next().unwrap_or_default());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    code.program.modules.iter().flat_map(of_module).collect()
}

/// Why a line is in several plugins at once.
pub fn several_text(target: &CodeTarget, names: &[String]) -> String {
    let first = names.first().map(String::as_str).unwrap_or_default();
    format!("`{target}` is in `{}`; write `{first}::{target}` for one of them", names.join("` and `"))
}
