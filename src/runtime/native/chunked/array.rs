//! The helpers for arrays of the collected heap.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, HeapType, RefType, StorageType, ValType};

use super::super::outline::Outline;
use super::instruction::{Bulk, can_be_written_later};
use super::writer::Writer;

/// The locals of a helper, without its parameters.
pub fn locals(bulk: Bulk, outline: &Outline) -> Vec<ValType> {
    match bulk {
        Bulk::TableGrow { .. } | Bulk::ArrayNew { .. } | Bulk::ArrayNewDefault { .. } | Bulk::ArrayNewData { .. } => {
            vec![ValType::I64]
        }
        // The array, and the index of the next chunk.
        Bulk::ArrayNewElem { ty, .. } if can_be_written_later(outline, ty) => {
            vec![ValType::Ref(RefType { nullable: true, heap_type: HeapType::Concrete(ty) }), ValType::I32]
        }
        _ => Vec::new(),
    }
}

/// The size of an array's element in a data segment, in bytes; `None` for a reference.
pub fn data_bytes(outline: &Outline, ty: u32) -> Option<u32> {
    Some(match RoundtripReencoder.storage_type(outline.array(ty)?.0).ok()? {
        StorageType::I8 => 1,
        StorageType::I16 => 2,
        StorageType::Val(ValType::I32 | ValType::F32) => 4,
        StorageType::Val(ValType::I64 | ValType::F64) => 8,
        StorageType::Val(ValType::V128) => 16,
        StorageType::Val(ValType::Ref(_)) => return None,
    })
}

impl Writer<'_> {
    /// Emits whether a range lies outside of a non-null array.
    fn emit_is_outside_array(&mut self, array: u32, at: u32, length: u32) {
        self.get_wide(at);
        self.get_wide(length);
        self.sink.i64_add().local_get(array).array_len().i64_extend_i32_u().i64_gt_u();
    }

    /// `(array, at, value, length)`.
    pub fn array_fill(&mut self) {
        let (array, at, value, length) = (0, 1, 2, 3);
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.sink.local_get(array).ref_is_null();
        self.original_if();
        self.emit_is_outside_array(array, at, length);
        self.original_if();
        self.upward(&[array, at, value], &[(at, 1)], length);
        self.sink.end();
        self.original();
    }

    /// `(to, at, from, from_at, length)`.
    pub fn array_copy(&mut self) {
        let (to, at, from, from_at, length) = (0, 1, 2, 3, 4);
        let chunk = self.chunk();
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.sink.local_get(to).ref_is_null().local_get(from).ref_is_null().i32_or();
        self.original_if();
        self.emit_is_outside_array(to, at, length);
        self.emit_is_outside_array(from, from_at, length);
        self.sink.i32_or();
        self.original_if();
        self.sink.local_get(at).local_get(from_at).i32_gt_u().if_(BlockType::Empty);
        self.while_long(length, |writer| {
            writer.recede(length, chunk);
            writer.sink.local_get(to).local_get(at).local_get(length).i32_add();
            writer.sink.local_get(from).local_get(from_at).local_get(length).i32_add();
            writer.constant(chunk, length);
            writer.bulk.emit(&mut writer.sink);
        });
        self.sink.else_();
        self.upward(&[to, at, from, from_at], &[(at, 1), (from_at, 1)], length);
        self.sink.end().end();
        self.original();
    }

    /// `(array, at, from, length)` from a segment, where an element takes `unit` bytes or items.
    pub fn array_init(&mut self, unit: u32) {
        let (array, at, from, length) = (0, 1, 2, 3);
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.sink.local_get(array).ref_is_null();
        self.original_if();
        self.emit_is_outside_array(array, at, length);
        self.emit_overflows(from, length, unit);
        self.sink.i32_or();
        self.original_if();
        // The read traps where the segment ends earlier or was dropped.
        self.sink.local_get(array).i32_const(0);
        self.sink.local_get(from).local_get(length).i32_const(unit as i32).i32_mul().i32_add().i32_const(0);
        self.bulk.emit(&mut self.sink);
        self.upward(&[array, at, from], &[(at, 1), (from, unit)], length);
        self.sink.end();
        self.original();
    }

    /// `(from, length)` from a segment: a zeroed array, written afterwards, where its type allows that.
    pub fn array_new_elem(&mut self, ty: u32, segment: u32) {
        let (from, length, array, at) = (0, 1, 2, 3);
        let chunk = self.chunk();
        if !can_be_written_later(self.outline, ty) {
            self.original();
            return;
        }
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.emit_overflows(from, length, 1);
        self.original_if();
        self.sink.local_get(from).local_get(length).i32_add().i32_const(0).array_new_elem(ty, segment).drop();
        self.sink.local_get(length).array_new_default(ty).local_set(array);
        self.while_long(length, |writer| {
            writer.sink.local_get(array).local_get(at).local_get(from);
            writer.sink.i32_const(chunk as i32).array_init_elem(ty, segment);
            writer.advance_local(at, chunk);
            writer.advance(from, chunk);
            writer.recede(length, chunk);
        });
        self.sink.local_get(array).local_get(at).local_get(from).local_get(length).array_init_elem(ty, segment);
        self.sink.local_get(array).ref_as_non_null().return_().end();
        self.original();
    }

    /// `local += value` for a 32-bit local that is no parameter.
    fn advance_local(&mut self, local: u32, value: u32) {
        self.sink.local_get(local).i32_const(value as i32).i32_add().local_set(local);
    }
}
