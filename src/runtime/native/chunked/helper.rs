//! The helper functions, one for each kind of bulk instruction, with their types and code.
//!
//! A helper takes its instruction's operands. It checks bounds before it writes, as the instruction would; to trap, it
//! runs the original instruction.

use wasm_encoder::{BlockType, Encode, Function, TypeSection};

use super::array;
use super::helper_set::HelperSet;
use super::instruction::Bulk;
use super::writer::{Room, Writer};

/// Most elements charged before a table or array is made; more can never exist.
const MADE_ELEMENTS_MAX: i64 = 64 << 20;

/// The types of the helpers, encoded one after the other.
pub fn types(helpers: &HelperSet<'_>) -> Option<Vec<u8>> {
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
pub fn function(bulk: Bulk, helpers: &HelperSet<'_>) -> Option<Function> {
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

impl Writer<'_> {
    /// `(at, value, length)`.
    fn fill(&mut self, room: Room) {
        let (at, value, length) = (0, 1, 2);
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.emit_is_outside(room, at, length);
        self.original_if();
        self.upward(&[at, value], &[(at, 1)], length);
        self.sink.end();
        self.original();
    }

    /// `(to, from, length)`.
    fn copy(&mut self, to_room: Room, from_room: Room) {
        let (to, from, length) = (0, 1, 2);
        let chunk = self.chunk();
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.emit_is_outside(to_room, to, length);
        self.emit_is_outside(from_room, from, length);
        self.sink.i32_or();
        self.original_if();
        // Copies upward start at the end, copies downward at the start: the ranges may overlap.
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
        self.upward(&[to, from], &[(to, 1), (from, 1)], length);
        self.sink.end().end();
        self.original();
    }

    /// `(to, from, length)` from a segment.
    fn init(&mut self, room: Room) {
        let (to, from, length) = (0, 1, 2);
        self.emit_is_long(length);
        self.sink.if_(BlockType::Empty);
        self.emit_is_outside(room, to, length);
        self.emit_overflows(from, length, 1);
        self.sink.i32_or();
        self.original_if();
        // An empty read at the offset traps where the segment is shorter or was dropped.
        self.constant(0, to);
        self.sink.local_get(from).local_get(length).i32_add().i32_const(0);
        self.bulk.emit(&mut self.sink);
        self.upward(&[to, from], &[(to, 1), (from, 1)], length);
        self.sink.end();
        self.original();
    }

    /// The instruction in one step, after its fuel is charged: the size of its result is bounded elsewhere. The last
    /// parameter is the length; an impossible one costs nothing and fails.
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
