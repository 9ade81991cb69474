//! Types of imports and exports, for people.

use wasmtime::{ExternType, FuncType};

use crate::runtime::imports;

/// A type, for people.
pub fn describe(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => describe_function(ty),
        ExternType::Global(ty) => format!("global {}", ty.content()),
        ExternType::Table(ty) => format!("table of {}", ty.element()),
        ExternType::Memory(ty) if ty.is_shared() => imports::SHARED_MEMORY.into(),
        ExternType::Memory(_) => "memory".into(),
        ExternType::Tag(_) => "tag".into(),
    }
}

/// A function's type, for people.
pub fn describe_function(ty: &FuncType) -> String {
    imports::function_type(ty.params(), ty.results())
}
