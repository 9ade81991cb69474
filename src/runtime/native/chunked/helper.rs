//! The helper functions: what each kind of bulk instruction becomes, with its type and its code.
//!
//! Each takes what its instruction takes. A helper checks bounds by itself, so that nothing is written where the instruction
//! would trap; to trap, it runs the instruction as it was.

use wasm_encoder::{BlockType, Encode, Function, InstructionSink, TypeSection, ValType};

use super::super::outline::Outline;
use super::instruction::Bulk;
use super::{Chunks, Helpers, PAGE_SIZE_LOG2, array};

/// Most elements of a table or array that are paid for before it is made: no more can be had.
const MADE_ELEMENTS_MAX: i64 = 64 << 20;

/// The types of the helpers, encoded one after the other.
pub fn types(helpers: &Helpers<'_>) -> Option<Vec<u8>> {
    let mut section = TypeSection::new();
    for bulk in &helpers.wanted {
        let (parameters, results) = bulk.signature(helpers.outline)?;
        section.ty().function(parameters, results);
    }
    // The section begins with its size and its count.
    let mut encoded = Vec::new();
    section.encode(&mut encoded);
    let mut reader = wasmparser::BinaryReader::new(&encoded, 0);
    reader.read_var_u32().ok()?;
    reader.read_var_u32().ok()?;
    encoded.get(reader.original_position()..).map(<[u8]>::to_vec)
}

/// The code of a helper.
pub fn function(bulk: Bulk, helpers: &Helpers<'_>) -> Option<Function> {
    let (parameters, _) = bulk.signature(helpers.outline)?;
    let mut function = Function::new_with_locals_types(array::locals(bulk, helpers.outline));
    let mut writer =
        Writer { sink: function.instructions(), bulk, chunks: helpers.chunks, outline: helpers.outline, parameters };
    match bulk {
        Bulk::MemoryFill { memory } => writer.fill(Room::Memory(memory)),
        Bulk::TableFill { table } => writer.fill(Room::Table(table)),
        Bulk::MemoryCopy { to, from } => writer.copy(Room::Memory(to), Room::Memory(from)),
        Bulk::TableCopy { to, from } => writer.copy(Room::Table(to), Room::Table(from)),
        Bulk::MemoryInit { memory, .. } => writer.init(Room::Memory(memory)),
        Bulk::TableInit { table, .. } => writer.init(Room::Table(table)),
        Bulk::TableGrow { .. } | Bulk::ArrayNew { .. } | Bulk::ArrayNewDefault { .. } | Bulk::ArrayNewData { .. } => {
            writer.paid_for();
        }
        Bulk::ArrayNewElem { ty, segment } => writer.array_new_elem(ty, segment),
        Bulk::ArrayFill { .. } => writer.array_fill(),
        Bulk::ArrayCopy { .. } => writer.array_copy(),
        Bulk::ArrayInitData { ty, .. } => writer.array_init(array::data_bytes(helpers.outline, ty)?),
        Bulk::ArrayInitElem { .. } => writer.array_init(1),
    }
    writer.sink.end();
    Some(function)
}

/// What has a size: a memory or a table.
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
    /// How much is done at once.
    pub fn chunk(&self) -> u32 {
        if self.bulk.is_of_bytes() { self.chunks.bytes } else { self.chunks.elements }
    }

    fn is_64(&self, local: u32) -> bool {
        self.parameters.get(local as usize) == Some(&ValType::I64)
    }

    /// A parameter, as 64 bits.
    pub fn get_wide(&mut self, local: u32) {
        self.sink.local_get(local);
        if !self.is_64(local) {
            self.sink.i64_extend_i32_u();
        }
    }

    /// The same number as wide as a parameter is.
    pub fn constant(&mut self, value: u32, like: u32) {
        if self.is_64(like) {
            self.sink.i64_const(i64::from(value));
        } else {
            self.sink.i32_const(value as i32);
        }
    }

    fn add_op(&mut self, like: u32) {
        if self.is_64(like) {
            self.sink.i64_add()
        } else {
            self.sink.i32_add()
        };
    }

    fn sub_op(&mut self, like: u32) {
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

    /// Whether a length is more than a chunk.
    pub fn is_long(&mut self, length: u32) {
        self.sink.local_get(length);
        self.constant(self.chunk(), length);
        if self.is_64(length) {
            self.sink.i64_gt_u()
        } else {
            self.sink.i32_gt_u()
        };
    }

    /// Fuel for one chunk: instructions that do nothing and cost a unit each.
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

    /// With a condition on the stack: where it holds, the instruction itself runs, which traps, and that is all.
    pub fn original_if(&mut self) {
        self.sink.if_(BlockType::Empty);
        self.original();
        self.sink.return_().end();
    }

    /// The size of a memory or table, in 64 bits.
    fn size(&mut self, room: Room) {
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

    /// Whether a stretch lies outside: `length > size || at > size - length`.
    fn is_outside(&mut self, room: Room, at: u32, length: u32) {
        self.get_wide(length);
        self.size(room);
        self.sink.i64_gt_u();
        self.get_wide(at);
        self.size(room);
        self.get_wide(length);
        self.sink.i64_sub().i64_gt_u().i32_or();
    }

    /// Whether two 32-bit parameters have a sum of more bits.
    pub fn overflows(&mut self, one: u32, other: u32, times: u32) {
        self.get_wide(one);
        self.get_wide(other);
        self.sink.i64_const(i64::from(times)).i64_mul().i64_add();
        self.sink.i64_const(i64::from(u32::MAX)).i64_gt_u();
    }

    /// `while length > chunk`, where it is to begin with: what `each` writes does one chunk and shortens the length.
    pub fn while_long(&mut self, length: u32, each: impl FnOnce(&mut Self)) {
        self.sink.loop_(BlockType::Empty);
        each(self);
        self.pay();
        self.is_long(length);
        self.sink.br_if(0).end();
    }

    /// `(at, value, length)`.
    fn fill(&mut self, room: Room) {
        let (at, value, length) = (0, 1, 2);
        let chunk = self.chunk();
        self.is_long(length);
        self.sink.if_(BlockType::Empty);
        self.is_outside(room, at, length);
        self.original_if();
        self.while_long(length, |writer| {
            writer.sink.local_get(at).local_get(value);
            writer.constant(chunk, length);
            writer.bulk.emit(&mut writer.sink);
            writer.advance(at, chunk);
            writer.recede(length, chunk);
        });
        self.sink.end();
        self.original();
    }

    /// `(to, from, length)`.
    fn copy(&mut self, to_room: Room, from_room: Room) {
        let (to, from, length) = (0, 1, 2);
        let chunk = self.chunk();
        self.is_long(length);
        self.sink.if_(BlockType::Empty);
        self.is_outside(to_room, to, length);
        self.is_outside(from_room, from, length);
        self.sink.i32_or();
        self.original_if();
        // To a higher place from the end, to a lower from the start: a stretch may overlap itself, by whatever names.
        self.get_wide(to);
        self.get_wide(from);
        self.sink.i64_gt_u().if_(BlockType::Empty);
        self.while_long(length, |writer| {
            writer.recede(length, chunk);
            for local in [to, from] {
                writer.sink.local_get(local).local_get(length);
                if writer.is_64(local) && !writer.is_64(length) {
                    writer.sink.i64_extend_i32_u();
                }
                writer.add_op(local);
            }
            writer.constant(chunk, length);
            writer.bulk.emit(&mut writer.sink);
        });
        self.sink.else_();
        self.while_long(length, |writer| {
            writer.sink.local_get(to).local_get(from);
            writer.constant(chunk, length);
            writer.bulk.emit(&mut writer.sink);
            writer.advance(to, chunk);
            writer.advance(from, chunk);
            writer.recede(length, chunk);
        });
        self.sink.end().end();
        self.original();
    }

    /// `(to, from, length)` out of a segment.
    fn init(&mut self, room: Room) {
        let (to, from, length) = (0, 1, 2);
        let chunk = self.chunk();
        self.is_long(length);
        self.sink.if_(BlockType::Empty);
        self.is_outside(room, to, length);
        self.overflows(from, length, 1);
        self.sink.i32_or();
        self.original_if();
        // Nothing out of the segment's end traps where the segment ends before it, or was dropped.
        self.constant(0, to);
        self.sink.local_get(from).local_get(length).i32_add().i32_const(0);
        self.bulk.emit(&mut self.sink);
        self.while_long(length, |writer| {
            writer.sink.local_get(to).local_get(from);
            writer.constant(chunk, length);
            writer.bulk.emit(&mut writer.sink);
            writer.advance(to, chunk);
            writer.advance(from, chunk);
            writer.recede(length, chunk);
        });
        self.sink.end();
        self.original();
    }

    /// The instruction at once, after its fuel: what it makes is bounded elsewhere. The last parameter is the length; what is
    /// longer than anything can be is not paid for, and fails.
    fn paid_for(&mut self) {
        let length = self.parameters.len() as u32 - 1;
        if self.chunks.fuel > 0 {
            let unpaid = self.parameters.len() as u32;
            self.get_wide(length);
            let chunk = i64::from(self.chunk());
            self.sink.local_tee(unpaid).i64_const(MADE_ELEMENTS_MAX).i64_le_u().if_(BlockType::Empty);
            self.sink.block(BlockType::Empty).loop_(BlockType::Empty);
            self.sink.local_get(unpaid).i64_const(chunk).i64_le_u().br_if(1);
            self.pay();
            self.sink.local_get(unpaid).i64_const(chunk).i64_sub().local_set(unpaid);
            self.sink.br(0).end().end().end();
        }
        self.original();
    }
}
