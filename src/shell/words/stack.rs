//! Stacks through plugins in words: frames under the plugin that they are of, those of runtimes folded; and as rows of
//! JSON.

use serde::Serialize;

use crate::kernel::{PluginStack, StackView};
use crate::runtime::{FrameRole, GuestFrame, SourceLanguage};
use crate::shell::reply::{Line, Role};
use crate::text::counted;

/// Whether frames of panics, allocators and runtimes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Runtime,
    Nothing,
}

/// Text in the place of folded frames.
const RUNTIME: &str = "of its runtime; `--all` shows them";

/// A stack, a line for each frame, below the plugin that it is of.
pub fn stack_lines(stack: &StackView, fold: Fold) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut number = 0;
    for (depth, plugin) in stack.plugins.iter().enumerate() {
        lines.push(Line::new().plain("    ").with(Role::Name, format!("{}.{}", plugin.process, plugin.function)));
        if plugin.frames.is_empty() {
            let why = if depth == 0 { "it returned its error" } else { "where it stood is not known" };
            lines.push(Line::new().with(Role::Dim, format!("      {why}")));
        }
        push_frames(&mut lines, &plugin.frames, &mut number, fold);
        if plugin.cut {
            lines.push(Line::new().with(Role::Dim, "      … and more frames"));
        }
    }
    if stack.cut {
        lines.push(Line::new().with(Role::Dim, "    … and more plugins"));
    }
    lines.extend(hint(stack).map(|hint| Line::new().with(Role::Dim, format!("    {hint}"))));
    lines
}

fn push_frames(lines: &mut Vec<Line>, frames: &[GuestFrame], number: &mut usize, fold: Fold) {
    let mut folded = 0;
    // A plugin whose frames are all of its runtime shows them.
    let folds = fold == Fold::Runtime && frames.iter().any(|frame| frame.role != FrameRole::Runtime);
    let mut last: Option<&GuestFrame> = None;
    let mut repeated = 0;
    for frame in frames {
        if last == Some(frame) {
            (repeated, *number) = (repeated + 1, *number + 1);
            continue;
        }
        push_count(lines, &mut repeated, "more like it");
        last = Some(frame);
        if folds && frame.role == FrameRole::Runtime {
            folded += 1;
        } else {
            push_count(lines, &mut folded, RUNTIME);
            lines.push(frame_line(frame, *number));
        }
        *number += 1;
    }
    push_count(lines, &mut repeated, "more like it");
    push_count(lines, &mut folded, RUNTIME);
}

/// A line for frames that are not shown, if there are any.
fn push_count(lines: &mut Vec<Line>, count: &mut u64, what: &str) {
    if *count > 0 {
        lines.push(Line::new().with(Role::Dim, format!("      … {} {what}", counted(*count, "frame"))));
    }
    *count = 0;
}

/// `#3  tax::rate at src/lib.rs:8:5`.
pub fn frame_line(frame: &GuestFrame, number: usize) -> Line {
    let line = Line::new().with(Role::Dim, format!("      #{number:<4}"));
    let line = match (&frame.function, frame.function_index) {
        (Some(function), _) => line.plain(function.clone()),
        (None, Some(index)) => line.plain(format!("function {index}")),
        (None, None) => line.plain("?"),
    };
    let module = frame.module.as_ref().map(|module| format!(" of module `{module}`")).unwrap_or_default();
    let column = frame.column.map(|column| format!(":{column}")).unwrap_or_default();
    let line = match (frame.place(), frame.offset) {
        (Some(place), _) => line.plain(" at ").with(Role::Strong, format!("{place}{column}")),
        (None, Some(offset)) if frame.function.is_none() => line.plain(format!(" at offset {offset:#x}")),
        _ => line,
    };
    line.with(Role::Dim, format!("{module}{}", if frame.inlined { " (inlined)" } else { "" }))
}

/// Advice to build the innermost plugin with the debug information that its frames lack.
fn hint(stack: &StackView) -> Option<String> {
    let plugin = stack.plugins.first()?;
    let (process, language) = (&plugin.process, plugin.frames.first()?.language);
    if plugin.frames.iter().any(|frame| frame.function.is_none()) {
        return Some(format!("`{process}` has no function names: {}", names_by(language)));
    }
    let has_lines = plugin.frames.iter().any(|frame| frame.line.is_some());
    (!has_lines).then(|| format!("`{process}` has no line numbers: {}", lines_by(language)))
}

/// The flags that give a module of a language its functions' names.
fn names_by(language: Option<SourceLanguage>) -> &'static str {
    match language {
        Some(SourceLanguage::Rust) => {
            "build it with them (Rust: `strip = false` in the profile; lines with `debug = true`)"
        }
        Some(SourceLanguage::C) => "build it with them (C and C++: without `-s`; lines with `-g`)",
        Some(SourceLanguage::Zig) => "build it with them, and lines (Zig: without `-fstrip`)",
        Some(SourceLanguage::AssemblyScript) => "build it with them (AssemblyScript: `--debug`)",
        Some(SourceLanguage::Go) => "build it with them (Go: no `-s` in `-ldflags`)",
        Some(SourceLanguage::TinyGo) => "build it with them, and lines (TinyGo: without `-no-debug`)",
        None => {
            "build it with them (Rust: `strip = false` in the profile; C and C++: without `-s`; Zig: without `-fstrip`; \
             AssemblyScript: `--debug`; Go: no `-s` in `-ldflags`)"
        }
    }
}

/// The flags that give a module of a language the lines of its functions.
fn lines_by(language: Option<SourceLanguage>) -> &'static str {
    match language {
        Some(SourceLanguage::Rust) => "build it with debug information (Rust: `debug = true` in the profile)",
        Some(SourceLanguage::C) => "build it with debug information (C and C++: `-g`)",
        Some(SourceLanguage::Zig) => "build it with debug information (Zig: without `-fstrip`, or by `-ODebug`)",
        Some(SourceLanguage::TinyGo) => "build it with debug information (TinyGo: without `-no-debug`)",
        Some(SourceLanguage::AssemblyScript) => {
            "AssemblyScript writes none for functions; what `abort` is told names its line (`--use abort=FILE/FUNCTION`)"
        }
        Some(SourceLanguage::Go) => "Go writes none into wasm; a panic that the plugin catches can name its line",
        None => {
            "build it with debug information (Rust: `debug = true` in the profile; C and C++: `-g`; Zig: without \
             `-fstrip`; TinyGo: without `-no-debug`)"
        }
    }
}

/// One frame in JSON.
#[derive(Serialize)]
pub struct StackRow<'a> {
    /// The call's number in the trace; null for the start of an instance.
    seq: Option<u64>,
    id: u32,
    name: &'a str,
    /// The plugin's function that was called.
    called: &'a str,
    function: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    inlined: bool,
    role: Option<FrameRole>,
    module: Option<&'a str>,
    function_index: Option<u32>,
    offset: Option<u64>,
}

/// A stack in JSON: a row for each frame, the innermost first, and one for a plugin without frames.
pub fn stack_rows(stack: &StackView) -> Vec<StackRow<'_>> {
    let mut rows = Vec::new();
    for plugin in &stack.plugins {
        match plugin.frames.is_empty() {
            true => rows.push(row(plugin, None)),
            false => rows.extend(plugin.frames.iter().map(|frame| row(plugin, Some(frame)))),
        }
    }
    rows
}

fn row<'a>(plugin: &'a PluginStack, frame: Option<&'a GuestFrame>) -> StackRow<'a> {
    StackRow {
        seq: plugin.seq,
        id: plugin.process.id,
        name: &plugin.process.name,
        called: &plugin.function,
        function: frame.and_then(|frame| frame.function.as_deref()),
        file: frame.and_then(|frame| frame.file.as_deref()),
        line: frame.and_then(|frame| frame.line),
        column: frame.and_then(|frame| frame.column),
        inlined: frame.is_some_and(|frame| frame.inlined),
        role: frame.map(|frame| frame.role),
        module: frame.and_then(|frame| frame.module.as_deref()),
        function_index: frame.and_then(|frame| frame.function_index),
        offset: frame.and_then(|frame| frame.offset),
    }
}
