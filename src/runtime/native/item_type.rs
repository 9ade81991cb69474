//! Types of imports and exports, as values.

use wasmtime::{ExternType, FuncType, ValType};

use crate::runtime::stand_in_types::NumberType;
use crate::runtime::{FunctionType, ItemType, ValueType};

/// The type of an import or export.
pub fn item_type(ty: &ExternType) -> ItemType {
    match ty {
        ExternType::Func(ty) => ItemType::Function(Some(function_type(ty))),
        ExternType::Global(ty) => ItemType::Global(Some(value_type(ty.content()))),
        ExternType::Table(ty) => ItemType::Table(Some(ValueType::Other(ty.element().to_string().into()))),
        ExternType::Memory(ty) => ItemType::Memory { shared: ty.is_shared() },
        ExternType::Tag(_) => ItemType::Tag,
    }
}

/// The type of a function.
pub fn function_type(ty: &FuncType) -> FunctionType {
    FunctionType::new(ty.params().map(|ty| value_type(&ty)), ty.results().map(|ty| value_type(&ty)))
}

/// The number type that a type is; `None` for references.
pub fn number_type(ty: &ValType) -> Option<NumberType> {
    match ty {
        ValType::I32 => Some(NumberType::I32),
        ValType::I64 => Some(NumberType::I64),
        ValType::F32 => Some(NumberType::F32),
        ValType::F64 => Some(NumberType::F64),
        ValType::V128 => Some(NumberType::V128),
        ValType::Ref(_) => None,
    }
}

/// The type of a number.
pub fn val_type(ty: NumberType) -> ValType {
    match ty {
        NumberType::I32 => ValType::I32,
        NumberType::I64 => ValType::I64,
        NumberType::F32 => ValType::F32,
        NumberType::F64 => ValType::F64,
        NumberType::V128 => ValType::V128,
    }
}

fn value_type(ty: &ValType) -> ValueType {
    number_type(ty).map_or_else(|| ValueType::Other(ty.to_string().into()), ValueType::Number)
}
