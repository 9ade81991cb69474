//! The addresses of a module's instructions, as far as control can reach them: the places that an engine can stop at.

use std::ops::Range;

use wasmparser::{Catch, FunctionBody, Operator};

/// Most instructions of a module; functions after them have no places to stop at.
const OPCODES_MAX: usize = 1 << 25;
/// Deepest nesting of blocks of a function that is read.
const BLOCKS_MAX: usize = 1 << 16;

/// Addresses of instructions, in their order.
#[derive(Debug, Default)]
pub struct Opcodes(Vec<u32>);

impl Opcodes {
    /// Adds the instructions of the next body. A damaged one ends where it is damaged.
    pub fn add(&mut self, body: &FunctionBody<'_>) {
        let Ok(mut operators) = body.get_operators_reader() else { return };
        let mut reach = Reach::default();
        while !operators.eof() && self.0.len() < OPCODES_MAX {
            let Ok((operator, offset)) = operators.read_with_offset() else { return };
            let Ok(offset) = u32::try_from(offset) else { return };
            // The engine makes no code for what nothing reaches.
            if !reach.is_dead {
                self.0.push(offset);
            }
            if !reach.after(&operator) {
                return;
            }
        }
    }

    /// The first instruction in a range.
    pub fn first_in(&self, range: Range<u32>) -> Option<u32> {
        let at = self.0.partition_point(|pc| *pc < range.start);
        self.0.get(at).copied().filter(|pc| range.contains(pc))
    }
}

/// Which instructions of a body control can reach, as a compiler in one pass sees it: code behind an unconditional
/// branch is dead until its block ends.
#[derive(Default)]
struct Reach {
    /// Blocks around the instruction.
    blocks: Vec<Block>,
    is_dead: bool,
}

struct Block {
    kind: BlockKind,
    /// Whether the block itself was dead.
    was_dead: bool,
    /// Whether an instruction of it branches to its end.
    is_target: bool,
}

#[derive(PartialEq, Eq)]
enum BlockKind {
    /// A block, or the `else` of an `if`.
    Plain,
    /// Branches to it go to its start.
    Loop,
    /// The condition may skip the instruction.
    If,
}

fn label_of(catch: &Catch) -> u32 {
    match *catch {
        Catch::One { label, .. } | Catch::OneRef { label, .. } | Catch::All { label } | Catch::AllRef { label } => {
            label
        }
    }
}

impl Reach {
    /// Notes what the instruction does to control; false where blocks are too deep.
    fn after(&mut self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Block { .. } => self.enter(BlockKind::Plain),
            Operator::TryTable { try_table } => {
                try_table.catches.iter().for_each(|catch| self.branch(label_of(catch)));
                self.enter(BlockKind::Plain);
            }
            Operator::Loop { .. } => self.enter(BlockKind::Loop),
            Operator::If { .. } => self.enter(BlockKind::If),
            Operator::Else => self.enter_else(),
            Operator::End => self.leave(),
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.branch(*relative_depth),
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth);
                self.is_dead = true;
            }
            Operator::BrTable { targets } => {
                targets.targets().map_while(Result::ok).for_each(|depth| self.branch(depth));
                self.branch(targets.default());
                self.is_dead = true;
            }
            Operator::Unreachable
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef => self.is_dead = true,
            _ => {}
        }
        self.blocks.len() <= BLOCKS_MAX
    }

    fn enter(&mut self, kind: BlockKind) {
        self.blocks.push(Block { kind, was_dead: self.is_dead, is_target: false });
    }

    fn enter_else(&mut self) {
        let Some(block) = self.blocks.last_mut() else { return };
        block.kind = BlockKind::Plain;
        block.is_target |= !self.is_dead;
        self.is_dead = block.was_dead;
    }

    fn branch(&mut self, depth: u32) {
        if self.is_dead {
            return;
        }
        let at = self.blocks.len().checked_sub(1 + depth as usize);
        if let Some(block) = at.and_then(|at| self.blocks.get_mut(at)) {
            block.is_target |= block.kind != BlockKind::Loop;
        }
    }

    fn leave(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        let is_reached = block.is_target || block.kind == BlockKind::If || !self.is_dead;
        self.is_dead = block.was_dead || !is_reached;
    }
}
