//! The modules of a program whose instances a debugger stops.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use wasmparser::ValType;
use wasmtime::Module;

use super::code_map::{CodeMap, instructions, locals};
use crate::runtime::program::ModuleBytes;

/// A program's modules with what a debugger needs of them.
pub struct DebugImage {
    /// All modules of the program, in its order.
    pub bytes: Vec<ModuleBytes>,
    modules: Vec<DebugModule>,
}

/// One module.
pub struct DebugModule {
    /// Position among the program's.
    pub position: usize,
    pub module: Arc<Module>,
    pub map: CodeMap,
}

impl DebugImage {
    /// The modules of a program as they were linked, by their names.
    pub fn new<'a>(
        program: &[ModuleBytes],
        linked: impl Iterator<Item = (&'a str, &'a Arc<Module>)>,
        fuelled: bool,
    ) -> DebugImage {
        let module = |(name, module): (&str, &Arc<Module>)| {
            let position = program.iter().position(|module| module.name == name)?;
            let original = binary(program.get(position)?);
            let map = CodeMap::new(&original, module.debug_bytecode().unwrap_or(&original), fuelled);
            Some(DebugModule { position, module: module.clone(), map })
        };
        DebugImage { modules: linked.filter_map(module).collect(), bytes: program.to_vec() }
    }

    /// The module at a position among the program's.
    pub fn at(&self, position: usize) -> Option<&DebugModule> {
        self.modules.iter().find(|module| module.position == position)
    }

    /// The module of compiled code; `None` for the arena's.
    pub fn of(&self, module: &Module) -> Option<&DebugModule> {
        let start = module.image_range().start;
        self.modules.iter().find(|known| known.module.image_range().start == start)
    }

    /// The modules with their bytes.
    pub fn modules(&self) -> impl Iterator<Item = (&DebugModule, &ModuleBytes)> {
        self.modules.iter().filter_map(|module| Some((module, self.bytes.get(module.position)?)))
    }

    /// The types of the locals of a function with code, parameters first.
    pub fn locals(&self, position: usize, defined: u32) -> Vec<ValType> {
        self.bytes.get(position).map_or_else(Vec::new, |module| locals(&binary(module), defined))
    }

    /// The addresses of the instructions of a body.
    pub fn instructions(&self, position: usize, body: &Range<u32>) -> Vec<u32> {
        self.bytes.get(position).map_or_else(Vec::new, |module| instructions(&binary(module), body))
    }
}

/// The module in binary form; what is no module is given back as it is.
fn binary(module: &ModuleBytes) -> Cow<'_, [u8]> {
    wat::parse_bytes(&module.bytes).unwrap_or(Cow::Borrowed(&module.bytes))
}
