//! The exports and imports of a module, read from its sections: the SDK does not expose them.

use std::fmt::Display;

use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, Import, Parser, Payload, RefType, TableType, TypeRef, ValType,
};

use crate::runtime::host_functions::{EXTISM, WASI};
use crate::runtime::stand_in_types::NumberType;
use crate::runtime::{Export, Failure, FailureKind, FunctionType, ItemType, ValueType, wasm_words};

/// Namespaces of the SDK's own, whose missing functions it reports itself.
pub const SDK_MODULES: [&str; 2] = [EXTISM, WASI];

/// The interface of one module.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Exports that take nothing and give nothing or an `i32`.
    pub functions: Vec<String>,
    /// Every export.
    pub exports: Vec<Export>,
    pub imports: Vec<ImportedItem>,
}

/// One import.
#[derive(Debug)]
pub struct ImportedItem {
    pub module: String,
    pub name: String,
    pub ty: ItemType,
    /// Type of a function that the SDK can define; `None` for any other import.
    pub signature: Option<Signature>,
}

/// A function's type in the SDK's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub params: Vec<extism::ValType>,
    pub results: Vec<extism::ValType>,
}

/// The index spaces, as far as exports refer to them.
#[derive(Default)]
struct Spaces {
    types: Vec<Option<FuncType>>,
    /// Index of each function's type.
    functions: Vec<u32>,
    tables: Vec<TableType>,
    globals: Vec<ValType>,
}

/// Reads wasm or wat.
///
/// # Errors
/// The bytes are neither.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, Failure> {
    let wasm = wat::parse_bytes(bytes).map_err(invalid)?;
    read(&wasm).map_err(invalid)
}

fn invalid(error: impl Display) -> Failure {
    Failure::new(FailureKind::Load, wasm_words::invalid(&[error.to_string()]))
}

fn read(wasm: &[u8]) -> Result<Inspection, wasmparser::BinaryReaderError> {
    let mut spaces = Spaces::default();
    let mut inspection = Inspection::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(reader) => {
                for group in reader {
                    let types = group?.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(ty) => Some(ty),
                        _ => None,
                    });
                    spaces.types.extend(types);
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import?;
                    inspection.imports.push(spaces.imported(&import));
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    spaces.functions.push(ty?);
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    spaces.tables.push(table?.ty);
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader {
                    spaces.globals.push(global?.ty.content_type);
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    let (ty, callable) = spaces.exported(export.kind, export.index);
                    if callable {
                        inspection.functions.push(export.name.to_owned());
                    }
                    inspection.exports.push(Export { name: export.name.to_owned(), ty });
                }
            }
            _ => {}
        }
    }
    Ok(inspection)
}

impl Spaces {
    fn signature(&self, ty: u32) -> Option<&FuncType> {
        self.types.get(ty as usize)?.as_ref()
    }

    fn imported(&mut self, import: &Import<'_>) -> ImportedItem {
        let mut signature = None;
        let ty = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                signature = self.signature(ty).and_then(sdk_signature);
                ItemType::Function(self.signature(ty).map(function_type))
            }
            TypeRef::Table(ty) => {
                self.tables.push(ty);
                ItemType::Table(Some(ValueType::Other(ref_name(ty.element_type).into())))
            }
            TypeRef::Global(ty) => {
                self.globals.push(ty.content_type);
                ItemType::Global(Some(value_type(ty.content_type)))
            }
            TypeRef::Memory(ty) => ItemType::Memory { shared: ty.shared },
            TypeRef::Tag(_) => ItemType::Tag,
        };
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        ImportedItem { module, name, ty, signature }
    }

    /// An export's type, and whether it is a function that can be called.
    fn exported(&self, kind: ExternalKind, index: u32) -> (ItemType, bool) {
        let at = index as usize;
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                let ty = self.functions.get(at).and_then(|ty| self.signature(*ty));
                (ItemType::Function(ty.map(function_type)), ty.is_some_and(is_callable))
            }
            ExternalKind::Table => {
                let element = self.tables.get(at).map(|ty| ValueType::Other(ref_name(ty.element_type).into()));
                (ItemType::Table(element), false)
            }
            ExternalKind::Global => (ItemType::Global(self.globals.get(at).map(|ty| value_type(*ty))), false),
            ExternalKind::Memory => (ItemType::Memory { shared: false }, false),
            ExternalKind::Tag => (ItemType::Tag, false),
        }
    }
}

fn is_callable(ty: &FuncType) -> bool {
    ty.params().is_empty() && matches!(ty.results(), [] | [ValType::I32])
}

fn function_type(ty: &FuncType) -> FunctionType {
    FunctionType::new(ty.params().iter().map(|ty| value_type(*ty)), ty.results().iter().map(|ty| value_type(*ty)))
}

fn value_type(ty: ValType) -> ValueType {
    match ty {
        ValType::I32 => NumberType::I32.into(),
        ValType::I64 => NumberType::I64.into(),
        ValType::F32 => NumberType::F32.into(),
        ValType::F64 => NumberType::F64.into(),
        ValType::V128 => ValueType::Other(ty.to_string().into()),
        ValType::Ref(ty) => ValueType::Other(ref_name(ty).into()),
    }
}

/// A reference type as the native host writes it, without the short forms.
fn ref_name(ty: RefType) -> String {
    match ty {
        RefType::FUNCREF => "(ref null func)".to_owned(),
        RefType::EXTERNREF => "(ref null extern)".to_owned(),
        other => other.to_string(),
    }
}

fn sdk_signature(ty: &FuncType) -> Option<Signature> {
    let all = |types: &[ValType]| types.iter().map(|ty| sdk_type(*ty)).collect::<Option<Vec<_>>>();
    Some(Signature { params: all(ty.params())?, results: all(ty.results())? })
}

fn sdk_type(ty: ValType) -> Option<extism::ValType> {
    Some(match ty {
        ValType::I32 => extism::ValType::I32,
        ValType::I64 => extism::ValType::I64,
        ValType::F32 => extism::ValType::F32,
        ValType::F64 => extism::ValType::F64,
        ValType::V128 => extism::ValType::V128,
        ValType::Ref(RefType::FUNCREF) => extism::ValType::FuncRef,
        ValType::Ref(RefType::EXTERNREF) => extism::ValType::ExternRef,
        ValType::Ref(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Signature, inspect};
    use extism::ValType;

    #[test]
    fn exports_and_imports_are_found_behind_imported_indices() {
        let inspection = inspect(
            br#"(module
                (import "a" "f" (func (param i32 i64) (result f32)))
                (import "a" "g" (global i64))
                (import "a" "t" (table 1 funcref))
                (func (export "run") (result i32) (i32.const 0))
                (func (export "unit"))
                (func (export "add") (param i32 i32) (result i32) (local.get 0))
                (func (export "wide") (result i64) (i64.const 0))
                (memory (export "memory") 1)
                (global (export "here") f64 (f64.const 0))
                (export "there" (global 0))
                (table (export "own") 1 externref)
                (export "table" (table 0))
                (export "f" (func 0)))"#,
        )
        .expect("valid");
        assert_eq!(inspection.functions, ["run", "unit"]);
        let exports: Vec<String> = inspection.exports.iter().map(ToString::to_string).collect();
        assert_eq!(
            exports,
            [
                "run: function () -> (i32)",
                "unit: function () -> ()",
                "add: function (i32 i32) -> (i32)",
                "wide: function () -> (i64)",
                "memory: memory",
                "here: global f64",
                "there: global i64",
                "own: table of (ref null extern)",
                "table: table of (ref null func)",
                "f: function (i32 i64) -> (f32)",
            ]
        );
        let names: Vec<_> = inspection.imports.iter().map(|i| format!("{}.{}", i.module, i.name)).collect();
        assert_eq!(names, ["a.f", "a.g", "a.t"]);
        let signature = Signature { params: vec![ValType::I32, ValType::I64], results: vec![ValType::F32] };
        assert_eq!(inspection.imports[0].signature, Some(signature));
        assert_eq!(inspection.imports[1].signature, None);
    }

    #[test]
    fn what_is_no_module_is_one_line() {
        for bytes in [&b"(module (func (bogus)))"[..], b"\0asm\x01\0\0\0\x01", b"hello"] {
            let message = inspect(bytes).expect_err("refused").message;
            assert!(message.starts_with("not a valid wasm module: ") && !message.contains('\n'), "{message}");
        }
    }
}
