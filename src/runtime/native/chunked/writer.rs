//! Writes the code of one helper: lengths, bounds and loops over chunks.

use wasm_encoder::{BlockType, InstructionSink, ValType};

use super::chunks::{Chunks, PAGE_SIZE_LOG2};
use super::instruction::Bulk;
use crate::runtime::native::outline::Outline;

/// A memory or a table.
#[derive(Clone, Copy)]
pub enum Room {
    Memory(u32),
    Table(u32),
}

/// Writes one helper. Its parameters are its first locals.
pub struct Writer<'a> {
    pub sink: InstructionSink<'a>,
    pub bulk: Bulk,
    pub chunks: Chunks,
    pub outline: &'a Outline,
    pub parameters: Vec<ValType>,
}

impl Writer<'_> {
    /// The work between two checks of the epoch.
    pub fn chunk(&self) -> u32 {
        if self.bulk.is_of_bytes() { self.chunks.bytes } else { self.chunks.elements }
    }

    /// Whether a parameter is 64 bits wide.
    pub fn is_64(&self, local: u32) -> bool {
        self.parameters.get(local as usize) == Some(&ValType::I64)
    }

    /// A parameter, widened to 64 bits.
    pub fn get_wide(&mut self, local: u32) {
        self.sink.local_get(local);
        if !self.is_64(local) {
            self.sink.i64_extend_i32_u();
        }
    }

    /// A constant in the width of a parameter.
    pub fn constant(&mut self, value: u32, like: u32) {
        if self.is_64(like) {
            self.sink.i64_const(i64::from(value));
        } else {
            self.sink.i32_const(value as i32);
        }
    }

    /// An addition in the width of a parameter.
    pub fn add_op(&mut self, like: u32) {
        if self.is_64(like) {
            self.sink.i64_add()
        } else {
            self.sink.i32_add()
        };
    }

    /// A subtraction in the width of a parameter.
    pub fn sub_op(&mut self, like: u32) {
        if self.is_64(like) {
            self.sink.i64_sub()
        } else {
            self.sink.i32_sub()
        };
    }

    /// `local += value`.
    pub fn advance(&mut self, local: u32, value: u32) {
        self.sink.local_get(local);
        self.constant(value, local);
        self.add_op(local);
        self.sink.local_set(local);
    }

    /// `local -= value`.
    pub fn recede(&mut self, local: u32, value: u32) {
        self.sink.local_get(local);
        self.constant(value, local);
        self.sub_op(local);
        self.sink.local_set(local);
    }

    /// Emits whether a length is above one chunk.
    pub fn emit_is_long(&mut self, length: u32) {
        self.sink.local_get(length);
        self.constant(self.chunk(), length);
        if self.is_64(length) {
            self.sink.i64_gt_u()
        } else {
            self.sink.i32_gt_u()
        };
    }

    /// Fuel for one chunk: no-op instructions that cost a unit each.
    pub fn pay(&mut self) {
        for _ in 0..self.chunks.fuel {
            self.sink.local_get(0).drop();
        }
    }

    /// Runs the instruction itself on the parameters as they are.
    pub fn original(&mut self) {
        for local in 0..self.parameters.len() as u32 {
            self.sink.local_get(local);
        }
        self.bulk.emit(&mut self.sink);
    }

    /// Takes a condition from the stack. Where it holds, the original instruction runs, and traps.
    pub fn original_if(&mut self) {
        self.sink.if_(BlockType::Empty);
        self.original();
        self.sink.return_().end();
    }

    /// The size of a memory or table, in 64 bits.
    pub fn size(&mut self, room: Room) {
        match room {
            Room::Memory(index) => {
                let memory = self.outline.memories.get(index as usize);
                self.sink.memory_size(index);
                if !memory.is_some_and(|memory| memory.memory64) {
                    self.sink.i64_extend_i32_u();
                }
                let log2 = memory.and_then(|memory| memory.page_size_log2).unwrap_or(PAGE_SIZE_LOG2);
                self.sink.i64_const(i64::from(log2)).i64_shl();
            }
            Room::Table(index) => {
                self.sink.table_size(index);
                if !self.outline.tables.get(index as usize).is_some_and(|table| table.table64) {
                    self.sink.i64_extend_i32_u();
                }
            }
        }
    }

    /// Emits whether a range lies outside: `length > size || at > size - length`.
    pub fn emit_is_outside(&mut self, room: Room, at: u32, length: u32) {
        self.get_wide(length);
        self.size(room);
        self.sink.i64_gt_u();
        self.get_wide(at);
        self.size(room);
        self.get_wide(length);
        self.sink.i64_sub().i64_gt_u().i32_or();
    }

    /// Emits whether the sum of two 32-bit parameters needs more bits.
    pub fn emit_overflows(&mut self, one: u32, other: u32, times: u32) {
        self.get_wide(one);
        self.get_wide(other);
        self.sink.i64_const(i64::from(times)).i64_mul().i64_add();
        self.sink.i64_const(i64::from(u32::MAX)).i64_gt_u();
    }

    /// `while length > chunk`. The code that `each` writes does one chunk and shortens the length.
    pub fn while_long(&mut self, length: u32, each: impl FnOnce(&mut Self)) {
        self.sink.loop_(BlockType::Empty);
        each(self);
        self.pay();
        self.emit_is_long(length);
        self.sink.br_if(0).end();
    }

    /// Runs the instruction a chunk at a time from the start on, with `operands` and the length of a chunk. Each of
    /// `moving` advances by so many of its units for each element.
    pub fn upward(&mut self, operands: &[u32], moving: &[(u32, u32)], length: u32) {
        let chunk = self.chunk();
        self.while_long(length, |writer| {
            for operand in operands {
                writer.sink.local_get(*operand);
            }
            writer.constant(chunk, length);
            writer.bulk.emit(&mut writer.sink);
            for (local, units) in moving {
                writer.advance(*local, chunk * units);
            }
            writer.recede(length, chunk);
        });
    }
}
