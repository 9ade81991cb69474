//! From captured frames to functions, files and lines. A module's bytes are looked into at its first failure; what is
//! kept of it are the positions of its functions and units, not its debug information.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

use super::backtrace::{Backtrace, CodePlace, RawFrame};
use super::frame::GuestFrame;
use super::language::{LanguageMarks, SourceLanguage};
use super::role::role_of;
use crate::runtime::dwarf::{Budget, DebugInfo, Located, Sections, demangled, shown_file};
use crate::runtime::lru::{LruCache, LruMax};
use crate::runtime::native::{BodyMap, moved_bodies};
use crate::runtime::program::{ModuleBytes, Program};
use crate::runtime::{Failure, FailureKind};
use crate::text::escape_control;

/// The bounds of modules whose positions are kept.
const MODULES_MAX: LruMax = LruMax { items: 16, bytes: 32 << 20 };
/// Most addresses of a module that are remembered with their lines.
const ADDRESSES_MAX: usize = 1024;
/// The work that finding the units of a module may take, and all its addresses together.
const UNITS_WORK_MAX: u64 = 256 << 20;
const ADDRESSES_WORK_MAX: u64 = 1 << 30;
/// The work that one address may take.
const ADDRESS_WORK_MAX: u64 = 64 << 20;
/// Most frames of one guest with symbols.
const FRAMES_MAX: usize = 256;
/// Most exports whose names are kept.
const EXPORTS_MAX: usize = 1024;

/// The symbols of the modules that failed last.
pub struct Symbols {
    modules: Mutex<LruCache<Key, ModuleSymbols>>,
}

/// A module by its SHA-256, and whether it was compiled to count fuel.
type Key = (String, bool);

impl Default for Symbols {
    fn default() -> Self {
        Symbols { modules: Mutex::new(LruCache::new(MODULES_MAX)) }
    }
}

impl Symbols {
    /// The frames of a backtrace in a program, the innermost first; inlined functions are frames too.
    pub fn frames(&self, program: &Program, backtrace: &Backtrace) -> Vec<GuestFrame> {
        let fuelled = program.spec.is_fuelled();
        let mut frames = Vec::new();
        for raw in &backtrace.frames {
            let Some(module) = program.modules.get(raw.module) else { continue };
            let link_name = (raw.module + 1 < program.modules.len()).then(|| escape_control(&module.name));
            let symbols = self.module(module, fuelled);
            if symbols.is_helper(raw) {
                continue;
            }
            let offset = symbols.offset(raw);
            let located = offset.map(|offset| symbols.locate(&module.bytes, offset)).unwrap_or_default();
            let export = || symbols.exports.get(&raw.function?).map(|name| demangled(name));
            let name = raw.name.as_deref().map(demangled);
            let is_export = name.is_none();
            let name = name.or_else(export);
            let outline = Outline { name, is_export, module: link_name.as_deref(), offset, language: symbols.language };
            push_frames(&mut frames, raw, outline, &located);
        }
        frames.truncate(FRAMES_MAX);
        frames
    }

    /// A failure whose message names the line that the plugin's author answers for.
    pub fn placed(&self, program: &Program, failure: Failure) -> Failure {
        match &failure.backtrace {
            Some(backtrace) if failure.kind == FailureKind::Trap => {
                // A call's line names its function already.
                let mut frames = self.frames(program, backtrace);
                frames.iter_mut().filter(|frame| frame.is_export).for_each(|frame| frame.function = None);
                failure.placed(&frames)
            }
            _ => failure,
        }
    }

    fn module(&self, module: &ModuleBytes, fuelled: bool) -> Arc<ModuleSymbols> {
        let key = (module.sha256.clone(), fuelled);
        if let Some(symbols) = self.modules.lock().get(&key) {
            return symbols;
        }
        // Bytes that a parser fails on with a panic have no symbols.
        let read = catch_unwind(AssertUnwindSafe(|| ModuleSymbols::read(&module.bytes, fuelled)));
        let symbols = Arc::new(read.unwrap_or_default());
        let bytes = symbols.bytes();
        let gone = self.modules.lock().put(key, symbols.clone(), bytes);
        drop(gone);
        symbols
    }
}

/// The frame without debug information.
struct Outline<'a> {
    name: Option<String>,
    is_export: bool,
    module: Option<&'a str>,
    offset: Option<u64>,
    language: Option<SourceLanguage>,
}

/// Adds the frames of one captured frame.
fn push_frames(frames: &mut Vec<GuestFrame>, raw: &RawFrame, outline: Outline<'_>, located: &[Located]) {
    let Outline { name: own_name, is_export, module, offset, language } = outline;
    let frame = |function: Option<String>, located: Option<&Located>, inlined: bool| GuestFrame {
        role: role_of(function.as_deref(), located.and_then(|located| located.file.as_deref())),
        function,
        is_export: is_export && located.is_none(),
        file: located.and_then(|located| located.file.as_deref()).map(shown_file),
        line: located.and_then(|located| located.line),
        column: located.and_then(|located| located.column),
        inlined,
        module: module.map(str::to_owned),
        function_index: raw.function,
        offset,
        language,
    };
    let Some((outermost, inlined)) = located.split_last() else {
        return frames.push(frame(own_name, None, false));
    };
    let name = |located: &Located| located.function.as_deref().map(demangled);
    let outer_name = name(outermost).or_else(|| own_name.clone());
    if raw.function.is_none() && own_name.is_some() && outer_name != own_name {
        // The address is one of another module, which the host did not name.
        return frames.push(frame(own_name, None, false));
    }
    frames.extend(inlined.iter().map(|located| frame(name(located), Some(located), true)));
    frames.push(frame(outer_name, Some(outermost), false));
}

/// The cached symbols of one module.
#[derive(Default)]
struct ModuleSymbols {
    imported_functions: u32,
    /// Names of exported functions, for modules without names.
    exports: HashMap<u32, Box<str>>,
    /// Where each body starts, in bytes from the start of the file.
    bodies: Vec<u32>,
    /// Where the contents of the code section start.
    code_start: u64,
    /// Bodies that the native host rewrote.
    moved: BodyMap,
    debug: Option<DebugInfo>,
    language: Option<SourceLanguage>,
    lookups: Mutex<Lookups>,
}

/// Addresses that were looked up, and the work that is left for others.
struct Lookups {
    known: HashMap<u64, Vec<Located>>,
    work_left: u64,
}

impl Default for Lookups {
    fn default() -> Self {
        Lookups { known: HashMap::new(), work_left: ADDRESSES_WORK_MAX }
    }
}

impl ModuleSymbols {
    /// Reads the positions in a module, which was compiled before: it is valid, its custom sections aside.
    fn read(bytes: &[u8], fuelled: bool) -> ModuleSymbols {
        let Ok(wasm) = wat::parse_bytes(bytes) else { return ModuleSymbols::default() };
        let mut symbols = ModuleSymbols { moved: moved_bodies(&wasm, fuelled), ..ModuleSymbols::default() };
        let (mut sections, mut code_bytes) = (Sections::default(), 0);
        let mut marks = LanguageMarks::default();
        for payload in Parser::new(0).parse_all(&wasm) {
            match payload {
                Ok(Payload::ImportSection(imports)) => {
                    let imports = imports.into_imports().filter_map(Result::ok);
                    symbols.imported_functions = imports
                        .filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)))
                        .count() as u32;
                }
                Ok(Payload::ExportSection(exports)) => {
                    let exports = exports.into_iter().filter_map(Result::ok);
                    let functions = exports.filter(|export| matches!(export.kind, ExternalKind::Func));
                    let named = functions.map(|export| (export.index, RawFrame::bounded_name(export.name)));
                    symbols.exports = named.take(EXPORTS_MAX).collect();
                }
                Ok(Payload::CodeSectionStart { range, .. }) => {
                    symbols.code_start = range.start as u64;
                    code_bytes = range.len() as u64;
                }
                Ok(Payload::CodeSectionEntry(body)) => symbols.bodies.push(body.range().start as u32),
                Ok(Payload::CustomSection(custom)) => {
                    sections.add(custom.name(), custom.data_offset()..custom.range().end);
                    marks.add_custom(custom.name(), custom.data());
                }
                Ok(Payload::DataSection(data)) => marks.add_data(wasm.get(data.range()).unwrap_or_default()),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        symbols.language = marks.language();
        if sections.is_readable() && matches!(wasm, std::borrow::Cow::Borrowed(_)) {
            let mut budget = Budget::new(UNITS_WORK_MAX);
            symbols.debug = Some(DebugInfo::read(&wasm, sections, code_bytes, &mut budget));
        }
        symbols
    }

    fn bytes(&self) -> u64 {
        let debug = self.debug.as_ref().map_or(0, DebugInfo::bytes);
        self.bodies.len() as u64 * 4 + self.moved.bytes() + debug
    }

    /// Whether a frame is of a function that the native host added.
    fn is_helper(&self, raw: &RawFrame) -> bool {
        let functions = self.imported_functions as usize + self.bodies.len();
        !self.bodies.is_empty() && raw.function.is_some_and(|function| function as usize >= functions)
    }

    /// A frame's position in the file.
    fn offset(&self, raw: &RawFrame) -> Option<u64> {
        match raw.place {
            CodePlace::Module(offset) => Some(offset),
            CodePlace::Unknown => None,
            CodePlace::Body(offset) => {
                let defined = raw.function?.checked_sub(self.imported_functions)?;
                let body = *self.bodies.get(defined as usize)?;
                Some(u64::from(body) + u64::from(self.moved.original(defined, offset)))
            }
        }
    }

    /// The functions and lines at a position in the file.
    fn locate(&self, wasm: &[u8], offset: u64) -> Vec<Located> {
        let (Some(debug), Some(address)) = (&self.debug, offset.checked_sub(self.code_start)) else {
            return Vec::new();
        };
        let mut lookups = self.lookups.lock();
        if let Some(known) = lookups.known.get(&address) {
            return known.clone();
        }
        let work = ADDRESS_WORK_MAX.min(lookups.work_left);
        let mut budget = Budget::new(work);
        let located = catch_unwind(AssertUnwindSafe(|| debug.locate(wasm, address, &mut budget))).unwrap_or_default();
        lookups.work_left -= work - budget.left();
        if lookups.known.len() < ADDRESSES_MAX {
            lookups.known.insert(address, located.clone());
        }
        located
    }
}
