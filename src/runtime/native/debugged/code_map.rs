//! Places in a module's file and in the code that was compiled: chunks of bulk instructions move what follows them.

use std::ops::Range;

use wasmparser::{CompositeInnerType, FunctionBody, Parser, Payload, RecGroup, ValType};

use crate::runtime::native::chunked::BodyMap;
use crate::runtime::native::codegen::moved_bodies;

/// Most locals of a function, as wasm allows them.
const LOCALS_MAX: usize = 50_000;

/// The bodies of a module's functions, in its file and as they were compiled.
#[derive(Default)]
pub struct CodeMap {
    original: Vec<Range<u32>>,
    compiled: Vec<Range<u32>>,
    moved: BodyMap,
}

impl CodeMap {
    /// The map of a module: as it was read, and as it was compiled.
    pub fn new(original: &[u8], compiled: &[u8], fuelled: bool) -> CodeMap {
        let moved = moved_bodies(original, fuelled);
        CodeMap { original: bodies(original), compiled: bodies(compiled), moved }
    }

    /// Where a function's body is in the file.
    pub fn body(&self, defined: u32) -> Option<Range<u32>> {
        self.original.get(defined as usize).cloned()
    }

    /// The place in the compiled code for one in the file.
    pub fn to_compiled(&self, pc: u32) -> Option<u32> {
        let defined = self.original.partition_point(|body| body.start <= pc).checked_sub(1)?;
        let body = self.original.get(defined).filter(|body| body.contains(&pc))?;
        let offset = self.moved.compiled(defined as u32, pc - body.start);
        Some(self.compiled.get(defined)?.start + offset)
    }

    /// The place in the file for one in the compiled code of a function; `None` in a function that was added.
    pub fn to_original(&self, defined: u32, pc: u32) -> Option<u32> {
        let body = self.original.get(defined as usize)?;
        let offset = pc.checked_sub(self.compiled.get(defined as usize)?.start)?;
        Some(body.start + self.moved.original(defined, offset))
    }
}

/// Where the body of each function with code is.
fn bodies(wasm: &[u8]) -> Vec<Range<u32>> {
    let bodies = Parser::new(0).parse_all(wasm).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body.range()),
        _ => None,
    });
    bodies.map(|body| body.start as u32..body.end as u32).collect()
}

/// The addresses of the instructions of the body at `range`.
pub fn instructions(wasm: &[u8], range: &Range<u32>) -> Vec<u32> {
    let is_it = |body: &FunctionBody<'_>| body.range().start == range.start as usize;
    let bodies = Parser::new(0).parse_all(wasm).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    });
    let operators = bodies.filter(is_it).filter_map(|body| body.get_operators_reader().ok());
    let addresses = operators.flat_map(|operators| operators.into_iter_with_offsets().map_while(Result::ok));
    addresses.map(|(_, address)| address as u32).collect()
}

/// The types of the locals of a function with code, parameters first; fewer where the module is damaged.
pub fn locals(wasm: &[u8], defined: u32) -> Vec<ValType> {
    let (mut parameters, mut type_index, mut locals) = (Vec::new(), None, Vec::new());
    let mut body = 0;
    for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
        match payload {
            Payload::TypeSection(types) => {
                let types = types.into_iter().map_while(Result::ok).flat_map(RecGroup::into_types);
                parameters = types
                    .map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(function) => function.params().to_vec(),
                        _ => Vec::new(),
                    })
                    .collect();
            }
            Payload::FunctionSection(functions) => {
                type_index = functions.into_iter().map_while(Result::ok).nth(defined as usize);
            }
            Payload::CodeSectionEntry(code) => {
                if body == defined
                    && let Ok(declared) = code.get_locals_reader()
                {
                    for (count, ty) in declared.into_iter().map_while(Result::ok) {
                        locals.resize(locals.len() + (count as usize).min(LOCALS_MAX), ty);
                    }
                }
                body += 1;
            }
            _ => {}
        }
    }
    let mut all = type_index.and_then(|index| parameters.get(index as usize).cloned()).unwrap_or_default();
    all.append(&mut locals);
    all
}
