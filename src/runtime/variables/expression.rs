//! DWARF expressions: where a variable is, by the values of a stopped frame.

use gimli::{Encoding, EndianSlice, LittleEndian, Operation, Reader, Unit, constants};

use super::frame_state::FrameState;
use crate::runtime::dwarf::{Budget, OutOfBudget, Slice};

/// Most operations of one expression; a branch back makes more of them.
const OPERATIONS_MAX: usize = 1_000;
/// Most values on an expression's stack.
const VALUES_MAX: usize = 64;
/// Most bytes of a value that is in pieces.
const PIECES_BYTES_MAX: usize = 1 << 14;
/// The work of one operation.
const OPERATION_WORK: u64 = 4;

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Memory(u64),
    /// The bytes themselves; `None` for those that the compiler keeps nowhere.
    Bytes(Vec<Option<u8>>),
}

impl Place {
    /// The bytes themselves.
    pub fn of_bytes(bytes: &[u8]) -> Place {
        Place::Bytes(bytes.iter().copied().map(Some).collect())
    }

    /// The place of a part, from an offset on.
    pub fn part(&self, offset: u64) -> Option<Place> {
        match self {
            Place::Memory(address) => Some(Place::Memory(address.checked_add(offset)?)),
            Place::Bytes(bytes) => {
                let at = usize::try_from(offset).ok()?;
                Some(Place::Bytes(bytes.get(at..)?.to_vec()))
            }
        }
    }
}

/// A frame in which expressions are evaluated.
pub struct Evaluator<'f, 'u, 'a> {
    pub frame: &'f mut dyn FrameState,
    pub unit: &'u Unit<Slice<'a>>,
    /// The expression of the function's frame base.
    pub frame_base: Option<Slice<'a>>,
}

/// The state of one expression.
#[derive(Default)]
struct Machine {
    values: Vec<u64>,
    /// Whether the top is the value itself and not its address.
    is_value: bool,
    pieces: Vec<Option<u8>>,
    has_pieces: bool,
}

impl Evaluator<'_, '_, '_> {
    /// Where an expression says that a value is; `None` where the frame cannot tell.
    ///
    /// # Errors
    /// The budget is used up, or the expression is damaged.
    pub fn place(&mut self, expression: Slice<'_>, budget: &mut Budget) -> Result<Option<Place>, OutOfBudget> {
        let mut machine = Machine::default();
        let is_known = self.run(&mut machine, expression, true, budget)?;
        Ok(machine.place().filter(|_| is_known))
    }

    /// The value of the frame base: an address.
    fn frame_base(&mut self, budget: &mut Budget) -> Result<Option<u64>, OutOfBudget> {
        let Some(expression) = self.frame_base else { return Ok(None) };
        let mut machine = Machine::default();
        // The frame base refers to no frame base.
        let is_known = self.run(&mut machine, expression, false, budget)?;
        Ok(machine.values.pop().filter(|_| is_known))
    }

    /// Runs an expression; false where a value that it needs is not known.
    fn run(
        &mut self,
        machine: &mut Machine,
        expression: Slice<'_>,
        has_base: bool,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        let mut rest = expression;
        for _ in 0..OPERATIONS_MAX {
            if rest.is_empty() {
                return Ok(true);
            }
            budget.take(OPERATION_WORK)?;
            let operation = Operation::parse(&mut rest, self.unit.encoding())?;
            if let Operation::Bra { target } | Operation::Skip { target } = operation {
                let is_taken = matches!(operation, Operation::Skip { .. }) || machine.pop()? != 0;
                if is_taken {
                    rest = branch(expression, rest, target)?;
                }
                continue;
            }
            let known = match self.load(&operation, has_base, budget)? {
                Load::Value(value) => machine.push(value)?,
                Load::Unknown => false,
                Load::None => self.compute(machine, operation, budget)?,
            };
            if !known {
                return Ok(false);
            }
        }
        Err(OutOfBudget)
    }

    /// The value that an operation takes from the frame or from itself.
    fn load(
        &mut self,
        operation: &Operation<Slice<'_>>,
        has_base: bool,
        budget: &mut Budget,
    ) -> Result<Load, OutOfBudget> {
        let value = match *operation {
            Operation::WasmLocal { index } => self.frame.local(index),
            Operation::WasmGlobal { index } => self.frame.global(index),
            Operation::WasmStack { index } => self.frame.operand(index),
            Operation::FrameOffset { offset } if has_base => self
                .frame_base(budget)?
                .map(|base| base.wrapping_add_signed(offset) & address_mask(self.unit.encoding())),
            Operation::UnsignedConstant { value } => Some(value),
            Operation::SignedConstant { value } => Some(value as u64),
            Operation::Address { address } => Some(address),
            _ => return Ok(Load::None),
        };
        Ok(value.map_or(Load::Unknown, Load::Value))
    }

    fn compute(
        &mut self,
        machine: &mut Machine,
        operation: Operation<Slice<'_>>,
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        match operation {
            Operation::Deref { size, space: false, .. } => {
                let address = machine.pop()?;
                let Some(bytes) = self.frame.memory(address, usize::from(size.min(8))) else { return Ok(false) };
                return machine.push(little_endian(&bytes));
            }
            Operation::Piece { size_in_bits, bit_offset: None } if size_in_bits % 8 == 0 => {
                return self.piece(machine, size_in_bits / 8, budget);
            }
            Operation::ImplicitValue { data } => {
                machine.pieces.extend(data.slice().iter().take(PIECES_BYTES_MAX).copied().map(Some));
                machine.has_pieces = true;
            }
            Operation::StackValue => machine.is_value = true,
            Operation::Convert { base_type } => {
                let top = machine.pop()?;
                return machine.push(self.converted(top, base_type)?);
            }
            Operation::Reinterpret { .. } | Operation::Nop => {}
            other => return machine.arithmetic(&other),
        }
        Ok(true)
    }

    /// A value as a base type has it, its sign extended.
    fn converted(&self, value: u64, base_type: gimli::UnitOffset) -> Result<u64, OutOfBudget> {
        if base_type.0 == 0 {
            return Ok(value & address_mask(self.unit.encoding()));
        }
        let entry = self.unit.entry(base_type)?;
        let bytes = entry.attr_value(constants::DW_AT_byte_size).and_then(|size| size.udata_value()).unwrap_or(8);
        let is_signed = matches!(
            entry.attr_value(constants::DW_AT_encoding),
            Some(gimli::AttributeValue::Encoding(constants::DW_ATE_signed | constants::DW_ATE_signed_char))
        );
        let unused = 64 - 8 * bytes.clamp(1, 8) as u32;
        let shifted = value << unused;
        Ok(if is_signed { ((shifted as i64) >> unused) as u64 } else { shifted >> unused })
    }

    fn piece(&mut self, machine: &mut Machine, bytes: u64, budget: &mut Budget) -> Result<bool, OutOfBudget> {
        let bytes = usize::try_from(bytes).ok().filter(|bytes| machine.pieces.len() + bytes <= PIECES_BYTES_MAX);
        let bytes = bytes.ok_or(OutOfBudget)?;
        budget.take(bytes as u64)?;
        let piece = match (machine.values.pop(), machine.is_value) {
            (None, _) => vec![None; bytes],
            (Some(value), true) => value_bytes(value, bytes),
            (Some(address), false) => match self.frame.memory(address, bytes) {
                Some(read) => read.into_iter().map(Some).collect(),
                None => vec![None; bytes],
            },
        };
        machine.pieces.extend(piece);
        (machine.is_value, machine.has_pieces) = (false, true);
        machine.values.clear();
        Ok(true)
    }
}

/// A value for the stack.
enum Load {
    Value(u64),
    /// The frame does not have it.
    Unknown,
    /// The operation is one on values that are there.
    None,
}

impl Machine {
    fn push(&mut self, value: u64) -> Result<bool, OutOfBudget> {
        if self.values.len() >= VALUES_MAX {
            return Err(OutOfBudget);
        }
        self.values.push(value);
        Ok(true)
    }

    fn pop(&mut self) -> Result<u64, OutOfBudget> {
        self.values.pop().ok_or(OutOfBudget)
    }

    fn place(self) -> Option<Place> {
        if self.has_pieces {
            return Some(Place::Bytes(self.pieces));
        }
        let top = *self.values.last()?;
        Some(if self.is_value { Place::Bytes(value_bytes(top, 8)) } else { Place::Memory(top) })
    }

    /// An operation on the stack alone; false for one that no frame of wasm has an answer to.
    fn arithmetic(&mut self, operation: &Operation<Slice<'_>>) -> Result<bool, OutOfBudget> {
        match *operation {
            Operation::Drop => {
                self.pop()?;
                return Ok(true);
            }
            Operation::Pick { index } => {
                let at = self.values.len().checked_sub(1 + usize::from(index)).ok_or(OutOfBudget)?;
                return self.push(*self.values.get(at).ok_or(OutOfBudget)?);
            }
            Operation::Swap => {
                let (top, below) = (self.pop()?, self.pop()?);
                self.push(top)?;
                return self.push(below);
            }
            Operation::PlusConstant { value } => {
                let top = self.pop()?;
                return self.push(top.wrapping_add(value));
            }
            Operation::Abs => {
                let top = self.pop()?;
                return self.push((top as i64).unsigned_abs());
            }
            Operation::Neg => {
                let top = self.pop()?;
                return self.push(top.wrapping_neg());
            }
            Operation::Not => {
                let top = self.pop()?;
                return self.push(!top);
            }
            _ => {}
        }
        self.binary(operation)
    }

    fn binary(&mut self, operation: &Operation<Slice<'_>>) -> Result<bool, OutOfBudget> {
        let (Some(right), Some(left)) = (self.values.pop(), self.values.pop()) else { return Ok(false) };
        let shift = |by: u64| u32::try_from(by).unwrap_or(u32::MAX);
        let (signed_left, signed_right) = (left as i64, right as i64);
        let result = match *operation {
            Operation::And => left & right,
            Operation::Or => left | right,
            Operation::Xor => left ^ right,
            Operation::Plus => left.wrapping_add(right),
            Operation::Minus => left.wrapping_sub(right),
            Operation::Mul => left.wrapping_mul(right),
            Operation::Div if right != 0 => signed_left.wrapping_div(signed_right) as u64,
            Operation::Mod if right != 0 => left % right,
            Operation::Shl => left.checked_shl(shift(right)).unwrap_or(0),
            Operation::Shr => left.checked_shr(shift(right)).unwrap_or(0),
            Operation::Shra => (signed_left >> shift(right).min(63)) as u64,
            Operation::Eq => u64::from(left == right),
            Operation::Ne => u64::from(left != right),
            Operation::Lt => u64::from(signed_left < signed_right),
            Operation::Le => u64::from(signed_left <= signed_right),
            Operation::Gt => u64::from(signed_left > signed_right),
            Operation::Ge => u64::from(signed_left >= signed_right),
            _ => return Ok(false),
        };
        self.push(result)
    }
}

/// The rest of an expression after a branch.
fn branch<'a>(whole: Slice<'a>, rest: Slice<'a>, target: i16) -> Result<Slice<'a>, OutOfBudget> {
    let at = (whole.len() - rest.len()).checked_add_signed(isize::from(target)).ok_or(OutOfBudget)?;
    Ok(EndianSlice::new(whole.slice().get(at..).ok_or(OutOfBudget)?, LittleEndian))
}

fn address_mask(encoding: Encoding) -> u64 {
    if encoding.address_size >= 8 { u64::MAX } else { u64::from(u32::MAX) }
}

/// The bytes of a value, as many as its type has.
fn value_bytes(value: u64, bytes: usize) -> Vec<Option<u8>> {
    let all = value.to_le_bytes().into_iter().map(Some).chain(std::iter::repeat(Some(0)));
    all.take(bytes).collect()
}

/// The unsigned number of at most eight bytes.
pub fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
