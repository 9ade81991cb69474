//! A module's declarations, read without its code, for the rewrite of bulk instructions and an instance's accounting.
//!
//! wasmtime validates the module. A module that cannot be read is an error here, and the caller passes it to wasmtime
//! unchanged for the message.

use std::collections::HashSet;
use std::ops::Range;

use wasmparser::{
    CompositeInnerType, ConstExpr, ElementItems, ExternalKind, MemoryType, Operator, Parser, Payload, RefType, Result,
    StorageType, SubType, TableInit, TableType, TypeRef,
};

/// A global's size in an instance, in bytes.
const GLOBAL_BYTES: u64 = 16;
/// The largest size in an instance of an import, memory, table, tag or referable function, in bytes.
const ENTRY_BYTES: u64 = 32;

/// Tables with room for this many elements have a memory map of their own.
const LARGE_TABLE_ELEMENTS: u64 = 16_384;

/// The resources of a module's instance at its start.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Memories and large tables that the module defines.
    pub memories: usize,
    pub large_tables: usize,
    /// Whether the module can allocate structs, arrays or exceptions.
    pub has_heap: bool,
    /// Whether a start function runs while the module is instantiated.
    pub has_start: bool,
    /// Bytes of globals, imports and references to functions.
    pub instance_bytes: u64,
}

/// A module's declarations.
#[derive(Default)]
pub struct Outline {
    /// Types by index.
    pub types: Vec<SubType>,
    pub imported_functions: u32,
    /// Type indices of the functions that have code.
    pub functions: Vec<u32>,
    /// Memories and tables, imported ones first.
    pub memories: Vec<MemoryType>,
    pub imported_memories: usize,
    pub tables: Vec<TableType>,
    pub imported_tables: usize,
    /// The number of items of each element segment.
    pub elements: Vec<u32>,
    /// The length of each array that a constant expression makes; `None` unless a constant precedes the instruction.
    pub constant_arrays: Vec<Option<u32>>,
    pub has_tags: bool,
    pub has_start: bool,
    /// Sections in order: id and contents.
    pub sections: Vec<(u8, Range<usize>)>,
    imports: u64,
    globals: u64,
    /// Functions named by exports, segments and globals; each has a reference in the instance.
    referred: HashSet<u32>,
}

impl Outline {
    /// Reads a module's declarations. Takes memory in proportion to the module.
    ///
    /// # Errors
    /// The bytes are no module.
    pub fn read(wasm: &[u8]) -> Result<Self> {
        let mut outline = Outline::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            outline.take(&payload)?;
            // The function bodies are part of the code section.
            if let Some(section) = payload.as_section() {
                outline.sections.push(section);
            }
        }
        Ok(outline)
    }

    /// Whether instances have a garbage-collected heap, for structs, arrays and exceptions.
    pub fn has_heap(&self) -> bool {
        self.has_tags
            || self.types.iter().any(|ty| {
                matches!(ty.composite_type.inner, CompositeInnerType::Array(_) | CompositeInnerType::Struct(_))
            })
    }

    /// The size of an instance without memories and tables, in bytes: globals, imports, references to functions.
    pub fn instance_bytes(&self) -> u64 {
        let entries = self.imports + (self.memories.len() + self.tables.len()) as u64 + self.referred.len() as u64;
        self.globals.saturating_mul(GLOBAL_BYTES).saturating_add(entries.saturating_mul(ENTRY_BYTES))
    }

    /// The resources of an instance at its start.
    pub fn holdings(&self) -> Holdings {
        let tables = self.tables.iter().skip(self.imported_tables);
        let is_large = |table: &&TableType| table.maximum.is_none_or(|maximum| maximum >= LARGE_TABLE_ELEMENTS);
        Holdings {
            memories: self.memories.len() - self.imported_memories,
            large_tables: tables.filter(is_large).count(),
            has_heap: self.has_heap(),
            has_start: self.has_start,
            instance_bytes: self.instance_bytes(),
        }
    }

    /// The element type of the array type at `index`, and whether elements are mutable.
    pub fn array(&self, index: u32) -> Option<(StorageType, bool)> {
        match &self.types.get(index as usize)?.composite_type.inner {
            CompositeInnerType::Array(array) => Some((array.0.element_type, array.0.mutable)),
            _ => None,
        }
    }

    /// The number of parameters of a function with code, by its index among those.
    pub fn parameters(&self, defined: usize) -> Option<usize> {
        match &self.types.get(*self.functions.get(defined)? as usize)?.composite_type.inner {
            CompositeInnerType::Func(function) => Some(function.params().len()),
            _ => None,
        }
    }

    /// The element type of a table by its index.
    pub fn table_element(&self, index: u32) -> Option<RefType> {
        self.tables.get(index as usize).map(|table| table.element_type)
    }

    fn take(&mut self, payload: &Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    self.types.extend(group?.into_types());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    self.take_import(import?.ty);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section.clone() {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    let table = table?;
                    self.tables.push(table.ty);
                    if let TableInit::Expr(expression) = &table.init {
                        self.take_constant(expression)?;
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                self.globals += u64::from(section.count());
                for global in section.clone() {
                    self.take_constant(&global?.init_expr)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.referred.insert(export.index);
                    }
                }
            }
            Payload::ElementSection(section) => {
                for segment in section.clone() {
                    self.take_elements(segment?.items)?;
                }
            }
            Payload::TagSection(section) => {
                self.has_tags = true;
                self.imports += u64::from(section.count());
            }
            Payload::StartSection { .. } => self.has_start = true,
            _ => {}
        }
        Ok(())
    }

    fn take_import(&mut self, ty: TypeRef) {
        self.imports += 1;
        match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported_functions += 1,
            TypeRef::Memory(memory) => {
                self.memories.push(memory);
                self.imported_memories += 1;
            }
            TypeRef::Table(table) => {
                self.tables.push(table);
                self.imported_tables += 1;
            }
            TypeRef::Tag(_) => self.has_tags = true,
            TypeRef::Global(_) => {}
        }
    }

    fn take_elements(&mut self, items: ElementItems<'_>) -> Result<()> {
        match items {
            ElementItems::Functions(functions) => {
                self.elements.push(functions.count());
                for function in functions {
                    self.referred.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                self.elements.push(expressions.count());
                for expression in expressions {
                    self.take_constant(&expression?)?;
                }
            }
        }
        Ok(())
    }

    fn take_constant(&mut self, expression: &ConstExpr<'_>) -> Result<()> {
        let mut before = None;
        for operator in expression.get_operators_reader() {
            let operator = operator?;
            match operator {
                Operator::RefFunc { function_index } => {
                    self.referred.insert(function_index);
                }
                Operator::ArrayNew { .. } | Operator::ArrayNewDefault { .. } => self.constant_arrays.push(before),
                _ => {}
            }
            before = match operator {
                Operator::I32Const { value } => Some(value as u32),
                _ => None,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(wat: &str) -> Outline {
        Outline::read(&wat::parse_str(wat).unwrap()).unwrap()
    }

    #[test]
    fn declarations_are_counted_with_imports_first() {
        let outline = outline(
            r#"(module
              (import "a" "f" (func)) (import "a" "m" (memory 3)) (import "a" "t" (table 1 funcref))
              (memory i64 1) (table 2 externref) (global i32 (i32.const 1)) (global v128 (v128.const i64x2 0 0))
              (func $g (param i32 i64)) (func) (func (export "h"))
              (elem funcref (ref.func $g) (ref.func $g) (ref.null func)))"#,
        );
        assert_eq!((outline.imported_functions, outline.functions.len()), (1, 3));
        let initial: Vec<u64> = outline.memories.iter().map(|memory| memory.initial).collect();
        assert_eq!((initial, outline.imported_memories, outline.imported_tables), (vec![3, 1], 1, 1));
        assert_eq!((outline.parameters(0), outline.parameters(1), outline.parameters(3)), (Some(2), Some(0), None));
        assert_eq!(outline.elements, [3]);
        // Two globals; three imports, two memories, two tables, two functions that can be referred to.
        assert_eq!(outline.instance_bytes(), 2 * GLOBAL_BYTES + 9 * ENTRY_BYTES);
        assert!(!outline.has_heap());
    }

    #[test]
    fn heaps_and_the_arrays_of_constants_are_seen() {
        let made = outline(
            "(module (type $a (array i8)) (global (ref $a) (array.new_default $a (i32.const 70)))
              (global $n i32 (i32.const 5)) (global (ref $a) (array.new $a (i32.const 1) (global.get $n))))",
        );
        assert_eq!(made.constant_arrays, [Some(70), None]);
        assert!(made.has_heap() && made.array(0).is_some());
        assert!(outline("(module (tag))").has_heap());
        let started = |wat| outline(wat).holdings().has_start;
        assert!(started("(module (func $s) (start $s))") && !started("(module (func))"));
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        let wasm = wat::parse_str("(module (func) (memory 1))").unwrap();
        assert!((9..wasm.len()).any(|length| Outline::read(&wasm[..length]).is_err()));
        assert!(Outline::read(b"(module)").is_err());
    }
}
