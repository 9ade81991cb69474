//! The bulk instructions: their operators, operand and result types, and encoding.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{InstructionSink, RefType, StorageType, ValType};
use wasmparser::Operator;

use super::super::outline::Outline;
use super::chunks::Chunks;

/// The type of a length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Width {
    I32,
    I64,
}

impl From<Width> for ValType {
    fn from(width: Width) -> Self {
        match width {
            Width::I32 => ValType::I32,
            Width::I64 => ValType::I64,
        }
    }
}

/// A bulk instruction with its immediates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bulk {
    MemoryFill { memory: u32 },
    MemoryCopy { to: u32, from: u32 },
    MemoryInit { memory: u32, segment: u32 },
    TableFill { table: u32 },
    TableCopy { to: u32, from: u32 },
    TableInit { table: u32, segment: u32 },
    TableGrow { table: u32 },
    ArrayNew { ty: u32 },
    ArrayNewDefault { ty: u32 },
    ArrayNewData { ty: u32, segment: u32 },
    ArrayNewElem { ty: u32, segment: u32 },
    ArrayFill { ty: u32 },
    ArrayCopy { to: u32, from: u32 },
    ArrayInitData { ty: u32, segment: u32 },
    ArrayInitElem { ty: u32, segment: u32 },
}

impl Bulk {
    /// The bulk instruction of an operator, with the type of its length; `None` for any other operator.
    pub fn of(operator: &Operator<'_>, outline: &Outline) -> Option<(Self, Width)> {
        let memory = |index: u32| outline.memories.get(index as usize).map(|memory| width(memory.memory64));
        let table = |index: u32| outline.tables.get(index as usize).map(|table| width(table.table64));
        let least = |one: Width, other: Width| if one == other { one } else { Width::I32 };
        Some(match *operator {
            Operator::MemoryFill { mem } => (Bulk::MemoryFill { memory: mem }, memory(mem)?),
            Operator::MemoryCopy { dst_mem: to, src_mem: from } => {
                (Bulk::MemoryCopy { to, from }, least(memory(to)?, memory(from)?))
            }
            Operator::MemoryInit { data_index: segment, mem } => {
                (Bulk::MemoryInit { memory: mem, segment }, memory(mem).and(Some(Width::I32))?)
            }
            Operator::TableFill { table: index } => (Bulk::TableFill { table: index }, table(index)?),
            Operator::TableCopy { dst_table: to, src_table: from } => {
                (Bulk::TableCopy { to, from }, least(table(to)?, table(from)?))
            }
            Operator::TableInit { elem_index: segment, table: index } => {
                (Bulk::TableInit { table: index, segment }, table(index).and(Some(Width::I32))?)
            }
            Operator::TableGrow { table: index } => (Bulk::TableGrow { table: index }, table(index)?),
            Operator::ArrayNew { array_type_index: ty } => (Bulk::ArrayNew { ty }, Width::I32),
            Operator::ArrayNewDefault { array_type_index: ty } => (Bulk::ArrayNewDefault { ty }, Width::I32),
            Operator::ArrayNewData { array_type_index: ty, array_data_index: segment } => {
                (Bulk::ArrayNewData { ty, segment }, Width::I32)
            }
            Operator::ArrayNewElem { array_type_index: ty, array_elem_index: segment } => {
                (Bulk::ArrayNewElem { ty, segment }, Width::I32)
            }
            Operator::ArrayFill { array_type_index: ty } => (Bulk::ArrayFill { ty }, Width::I32),
            Operator::ArrayCopy { array_type_index_dst: to, array_type_index_src: from } => {
                (Bulk::ArrayCopy { to, from }, Width::I32)
            }
            Operator::ArrayInitData { array_type_index: ty, array_data_index: segment } => {
                (Bulk::ArrayInitData { ty, segment }, Width::I32)
            }
            Operator::ArrayInitElem { array_type_index: ty, array_elem_index: segment } => {
                (Bulk::ArrayInitElem { ty, segment }, Width::I32)
            }
            _ => return None,
        })
    }

    /// Whether its length is in bytes of a memory, not in elements.
    pub fn is_of_bytes(self) -> bool {
        matches!(self, Bulk::MemoryFill { .. } | Bulk::MemoryCopy { .. } | Bulk::MemoryInit { .. })
    }

    /// Whether a helper is needed. The growth of a table needs one only for fuel: the limiter checks it.
    pub fn is_wanted(self, chunks: Chunks) -> bool {
        chunks.fuel > 0 || !matches!(self, Bulk::TableGrow { .. })
    }

    /// Writes the instruction itself.
    pub fn emit(self, sink: &mut InstructionSink<'_>) {
        match self {
            Bulk::MemoryFill { memory } => sink.memory_fill(memory),
            Bulk::MemoryCopy { to, from } => sink.memory_copy(to, from),
            Bulk::MemoryInit { memory, segment } => sink.memory_init(memory, segment),
            Bulk::TableFill { table } => sink.table_fill(table),
            Bulk::TableCopy { to, from } => sink.table_copy(to, from),
            Bulk::TableInit { table, segment } => sink.table_init(table, segment),
            Bulk::TableGrow { table } => sink.table_grow(table),
            Bulk::ArrayNew { ty } => sink.array_new(ty),
            Bulk::ArrayNewDefault { ty } => sink.array_new_default(ty),
            Bulk::ArrayNewData { ty, segment } => sink.array_new_data(ty, segment),
            Bulk::ArrayNewElem { ty, segment } => sink.array_new_elem(ty, segment),
            Bulk::ArrayFill { ty } => sink.array_fill(ty),
            Bulk::ArrayCopy { to, from } => sink.array_copy(to, from),
            Bulk::ArrayInitData { ty, segment } => sink.array_init_data(ty, segment),
            Bulk::ArrayInitElem { ty, segment } => sink.array_init_elem(ty, segment),
        };
    }

    /// Operand and result types.
    pub fn signature(self, outline: &Outline) -> Option<(Vec<ValType>, Vec<ValType>)> {
        let memory = |index: u32| Some(ValType::from(width(outline.memories.get(index as usize)?.memory64)));
        let table = |index: u32| Some(ValType::from(width(outline.tables.get(index as usize)?.table64)));
        let least = |one: ValType, other: ValType| if one == other { one } else { ValType::I32 };
        let element = |index: u32| Some(ValType::Ref(RoundtripReencoder.ref_type(outline.table_element(index)?).ok()?));
        let array = |ty: u32| ValType::Ref(RefType { nullable: true, heap_type: wasm_encoder::HeapType::Concrete(ty) });
        let made = |ty: u32| ValType::Ref(RefType { nullable: false, heap_type: wasm_encoder::HeapType::Concrete(ty) });
        let value = |ty: u32| {
            let storage = RoundtripReencoder.storage_type(outline.array(ty)?.0).ok()?;
            Some(match storage {
                StorageType::Val(value) => value,
                StorageType::I8 | StorageType::I16 => ValType::I32,
            })
        };
        const I32: ValType = ValType::I32;
        let nothing = Vec::new();
        Some(match self {
            Bulk::MemoryFill { memory: at } => (vec![memory(at)?, I32, memory(at)?], nothing),
            Bulk::MemoryCopy { to, from } => {
                (vec![memory(to)?, memory(from)?, least(memory(to)?, memory(from)?)], nothing)
            }
            Bulk::MemoryInit { memory: at, .. } => (vec![memory(at)?, I32, I32], nothing),
            Bulk::TableFill { table: at } => (vec![table(at)?, element(at)?, table(at)?], nothing),
            Bulk::TableCopy { to, from } => (vec![table(to)?, table(from)?, least(table(to)?, table(from)?)], nothing),
            Bulk::TableInit { table: at, .. } => (vec![table(at)?, I32, I32], nothing),
            Bulk::TableGrow { table: at } => (vec![element(at)?, table(at)?], vec![table(at)?]),
            Bulk::ArrayNew { ty } => (vec![value(ty)?, I32], vec![made(ty)]),
            Bulk::ArrayNewDefault { ty } => (vec![I32], vec![made(ty)]),
            Bulk::ArrayNewData { ty, .. } | Bulk::ArrayNewElem { ty, .. } => (vec![I32, I32], vec![made(ty)]),
            Bulk::ArrayFill { ty } => (vec![array(ty), I32, value(ty)?, I32], nothing),
            Bulk::ArrayCopy { to, from } => (vec![array(to), I32, array(from), I32, I32], nothing),
            Bulk::ArrayInitData { ty, .. } | Bulk::ArrayInitElem { ty, .. } => {
                (vec![array(ty), I32, I32, I32], nothing)
            }
        })
    }
}

fn width(is_64: bool) -> Width {
    if is_64 { Width::I64 } else { Width::I32 }
}

/// Whether an array of this type can be made empty and written element by element.
pub fn can_be_written_later(outline: &Outline, ty: u32) -> bool {
    match outline.array(ty) {
        Some((element, mutable)) => mutable && element.unpack().is_defaultable(),
        None => false,
    }
}
