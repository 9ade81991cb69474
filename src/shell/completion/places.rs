//! Completion of places in plugins' source, for `break` and `until`, and of variables at a stop, for `print`.

use std::collections::BTreeSet;

use super::candidate::Candidate;
use crate::kernel::Kernel;
use crate::kernel::hooks::HeldView;
use crate::runtime::FrameRole;
use crate::runtime::source_lines::{SourceFunction, SourceLines};
use crate::runtime::variables::{Value, Variables};
use crate::shell::session::ChosenFrame;
use crate::shell::stopped::{StoppedFrame, frames_of, look_at_frame, shown_frame, source_file};

/// Most processes whose code is looked through.
const PROCESSES_MAX: usize = 256;
/// Most places that are offered.
const PLACES_MAX: usize = 2_000;
/// The end of a module's file name, before a function.
const MODULE_FILE: &str = ".wasm:";

/// Places whose text starts with `typed`: `FILE:` and its lines, `PLUGIN::` and `MODULE.wasm:` and their functions.
pub fn places(kernel: &Kernel, typed: &str) -> Vec<Candidate> {
    if let Some((plugin, function)) = typed.split_once("::") {
        let prefix = format!("{plugin}::");
        let found = functions(kernel, |code| code.process == plugin || code.stem == plugin);
        return whole(&prefix, found.iter().filter(|name| name.starts_with(function)));
    }
    if let Some((module, function)) = typed.split_once(MODULE_FILE) {
        let stem = module.rsplit('/').next().unwrap_or_default();
        let found = functions(kernel, |code| code.stem == stem);
        return whole(&format!("{module}{MODULE_FILE}"), found.iter().filter(|name| name.starts_with(function)));
    }
    if let Some((file, line)) = typed.rsplit_once(':') {
        let found = lines(kernel, file);
        let numbers: Vec<String> = found.iter().map(u32::to_string).filter(|number| number.starts_with(line)).collect();
        return whole(&format!("{file}:"), numbers.iter());
    }
    starts(kernel).into_iter().filter(|start| start.starts_with(typed)).take(PLACES_MAX).map(start_of_place).collect()
}

/// The lines of the file that a stop stands in which have code and start with `typed`.
pub fn lines_at_stop(kernel: &Kernel, chosen: Option<ChosenFrame>, typed: &str) -> Vec<Candidate> {
    let found = stopped(kernel, chosen).and_then(|(view, frame)| {
        let name = source_file(kernel, &view, &frame)?.name;
        Some(lines(kernel, &name))
    });
    let numbers: Vec<String> = found.unwrap_or_default().iter().map(u32::to_string).collect();
    whole("", numbers.iter().filter(|number| number.starts_with(typed)))
}

/// The variables of the chosen frame that start with `typed`; after a `.`, the parts of the value before it.
pub fn variables_at_stop(kernel: &Kernel, chosen: Option<ChosenFrame>, typed: &str) -> Vec<Candidate> {
    let Some((view, frame)) = stopped(kernel, chosen) else { return Vec::new() };
    let stars = typed.bytes().take_while(|byte| *byte == b'*').count();
    let (stars, path) = typed.split_at_checked(stars).unwrap_or(("", typed));
    let inlined = frame.inlined;
    let (before, part) = path.rsplit_once('.').map_or((None, path), |(before, part)| (Some(before.to_owned()), part));
    let prefix = before.as_ref().map_or_else(|| stars.to_owned(), |before| format!("{stars}{before}."));
    let names = look_at_frame(kernel, &view, &frame, move |module, point, frame| {
        let variables = Variables::of(&module.bytes);
        match before {
            Some(path) => variables.value(point.pc, inlined, &path, frame).map(parts_of).unwrap_or_default(),
            None => {
                let read = variables.in_scope(point.pc, inlined, frame).unwrap_or_default();
                read.into_iter().map(|variable| variable.name).collect()
            }
        }
    });
    whole(&prefix, names.unwrap_or_default().iter().filter(|name| name.starts_with(part)))
}

/// The names of the parts of a value, or of what it points to.
fn parts_of(value: Value) -> Vec<String> {
    match value {
        Value::Pointer { target: Some(target), .. } => parts_of(*target),
        Value::Struct { fields, .. } | Value::Variant { fields, .. } => {
            fields.into_iter().map(|field| field.name).collect()
        }
        _ => Vec::new(),
    }
}

/// The newest stop in a plugin's code, and the frame that commands look at.
fn stopped(kernel: &Kernel, chosen: Option<ChosenFrame>) -> Option<(HeldView, StoppedFrame)> {
    let view = kernel.held().into_iter().last().filter(|view| view.code.is_some())?;
    let frames = frames_of(&view);
    let number = chosen.filter(|chosen| (chosen.job, chosen.hold) == (view.job, view.number)).map(|at| at.frame);
    let frame = number.and_then(|number| frames.get(number)).or_else(|| shown_frame(&frames))?.clone();
    Some((view, frame))
}

/// The names of a process and of the file that its code came from.
struct CodeNames {
    process: String,
    stem: String,
}

/// Calls `look` with each module of the processes that can be stopped in their code.
fn each_module(kernel: &Kernel, mut look: impl FnMut(&CodeNames, &SourceLines)) {
    for (process, program) in kernel.programs_to_debug().into_iter().take(PROCESSES_MAX) {
        let names = CodeNames { process: process.name.to_string(), stem: program.stem.clone() };
        for module in &program.modules {
            look(&names, &kernel.line_tables().of(module));
        }
    }
}

/// The first parts of places: `FILE:`, `PLUGIN::`, `MODULE.wasm:`, of code with lines.
fn starts(kernel: &Kernel) -> BTreeSet<String> {
    let mut starts = BTreeSet::new();
    each_module(kernel, |names, lines| {
        if lines.has_lines() {
            starts.insert(format!("{}::", names.process));
            starts.insert(format!("{}{MODULE_FILE}", names.stem));
        }
        starts.extend(lines.own_files().map(|(index, _)| format!("{}:", lines.short_name(index))));
    });
    starts
}

/// The functions of the author's, by the ends of their names.
fn functions(kernel: &Kernel, is_wanted: impl Fn(&CodeNames) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_module(kernel, |names, lines| {
        if is_wanted(names) {
            let own = lines.functions().filter(|(_, function)| is_own(lines, function));
            found.extend(own.filter_map(|(_, function)| short_function(&function.name)));
        }
    });
    found
}

/// Whether a function's code is of the author's files, or nothing is known of files.
fn is_own(lines: &SourceLines, function: &SourceFunction) -> bool {
    let position = function.entry.and_then(|pc| lines.position(pc));
    let file = position.and_then(|position| lines.file(position.file));
    file.map_or(!lines.has_lines(), |file| file.role == FrameRole::Own)
}

/// The last part of a function's name; `None` for names with types in them.
fn short_function(name: &str) -> Option<String> {
    let last = name.rsplit("::").next().unwrap_or(name);
    let is_plain = !last.is_empty() && !last.contains(['<', '>', '{', ' ', '(']);
    is_plain.then(|| last.to_owned())
}

/// The lines with code of the files of this name.
fn lines(kernel: &Kernel, file: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    each_module(kernel, |_, lines| {
        if let Ok(index) = lines.find_file(file) {
            found.extend(lines.lines_of(index));
        }
    });
    found
}

fn whole<'a>(prefix: &str, names: impl Iterator<Item = &'a String>) -> Vec<Candidate> {
    names.take(PLACES_MAX).map(|name| Candidate::word(&format!("{prefix}{name}"))).collect()
}

/// A candidate that is typed on.
fn start_of_place(text: String) -> Candidate {
    Candidate::bare(&text, false)
}
