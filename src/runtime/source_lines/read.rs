//! A module's lines and functions, from its bytes.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef};

use super::functions::Functions;
use super::opcodes::Opcodes;
use super::rows::Rows;
use super::table::SourceLines;
use crate::runtime::dwarf::{Budget, Sections, Units};

/// The work that reading a module's debug information may take, about a byte each.
const WORK_MAX: u64 = 1 << 30;
/// Most names of functions without debug information.
const NAMES_MAX: usize = 1 << 16;

/// The parts of a module that tell of its source.
#[derive(Default)]
struct Parts<'a> {
    sections: Sections,
    imported_functions: u32,
    /// Where each body is, its declarations of locals included.
    bodies: Vec<Range<u32>>,
    opcodes: Opcodes,
    /// Where the contents of the code section start, and their length.
    code: (u64, u64),
    /// Names of functions: those of the name section, else exports.
    names: HashMap<u32, &'a str>,
}

impl SourceLines {
    /// The lines and functions of a module, wasm or text. Damaged debug information ends where it is damaged.
    pub fn read(module: &[u8]) -> SourceLines {
        let Ok(wasm) = wat::parse_bytes(module) else { return SourceLines::default() };
        let parts = Parts::read(&wasm);
        let mut budget = Budget::new(WORK_MAX);
        let (mut rows, mut functions) = (Rows::default(), Functions::default());
        if parts.sections.is_readable() {
            let units = Units::new(&wasm, &parts.sections, &mut budget);
            for at in 0..units.len() {
                // A damaged unit is left out from where it is damaged.
                if let Ok(unit) = units.unit(at, &mut budget) {
                    let _ = rows.add(&units, unit, parts.code, &mut budget);
                    let _ = functions.add(&units, at, parts.code, &mut budget);
                }
            }
        }
        parts.add_unknown(&mut functions);
        let (rows, files) = rows.finish(&parts.opcodes);
        let mut lines = SourceLines::new(files, rows, functions.functions);
        lines.set_entries(|range| parts.opcodes.first_in(range.clone()));
        lines
    }
}

impl<'a> Parts<'a> {
    fn read(wasm: &'a [u8]) -> Parts<'a> {
        let mut parts = Parts::default();
        let mut exports = HashMap::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload {
                Ok(Payload::ImportSection(imports)) => {
                    let imports = imports.into_imports().filter_map(Result::ok);
                    let is_function = |ty| matches!(ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                    parts.imported_functions = imports.filter(|import| is_function(import.ty)).count() as u32;
                }
                Ok(Payload::ExportSection(section)) => {
                    let functions = section.into_iter().filter_map(Result::ok);
                    let functions = functions.filter(|export| matches!(export.kind, ExternalKind::Func));
                    exports.extend(functions.take(NAMES_MAX).map(|export| (export.index, export.name)));
                }
                Ok(Payload::CodeSectionStart { range, .. }) => {
                    parts.code = (range.start as u64, range.len() as u64);
                }
                Ok(Payload::CodeSectionEntry(body)) => {
                    let range = body.range();
                    parts.bodies.push(range.start as u32..range.end as u32);
                    parts.opcodes.add(&body);
                }
                Ok(Payload::CustomSection(custom)) => {
                    parts.sections.add(custom.name(), custom.data_offset()..custom.range().end);
                    if let KnownCustom::Name(names) = custom.as_known() {
                        parts.add_names(names.into_iter().map_while(Result::ok));
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        for (function, name) in exports {
            parts.names.entry(function).or_insert(name);
        }
        parts
    }

    fn add_names(&mut self, names: impl Iterator<Item = Name<'a>>) {
        for name in names {
            if let Name::Function(functions) = name {
                let named = functions.into_iter().take(NAMES_MAX).map_while(Result::ok);
                self.names.extend(named.map(|naming| (naming.index, naming.name)));
            }
        }
    }

    /// Adds the functions that the debug information does not know.
    fn add_unknown(&self, functions: &mut Functions) {
        let known = |range: &Range<u32>| range.start;
        let mut starts: Vec<u32> = functions
            .functions
            .iter()
            .filter(|function| !function.is_inlined)
            .flat_map(|function| function.ranges.iter().map(known))
            .collect();
        starts.sort_unstable();
        for (index, body) in (self.imported_functions..).zip(&self.bodies) {
            let at = starts.partition_point(|start| *start < body.start.saturating_sub(SIZE_BYTES_MAX));
            let is_known = starts.get(at).is_some_and(|start| *start < body.end);
            if let (false, Some(name)) = (is_known, self.names.get(&index)) {
                functions.add_body(name, body.clone());
            }
        }
    }
}

/// Most bytes of the size that stands before a body, at which some compilers let the function start.
const SIZE_BYTES_MAX: u32 = 5;
