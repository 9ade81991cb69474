//! The registers and memory that a stopped frame gives to the reader of variables.

/// A stopped frame of a guest: the values of its function, and the memory of its instance.
pub trait FrameState {
    /// The bits of a local of the wasm function; `None` where there is none.
    fn local(&mut self, index: u32) -> Option<u64>;
    /// The bits of a global of the instance.
    fn global(&mut self, index: u32) -> Option<u64>;
    /// The bits of a value on the operand stack, from its bottom.
    fn operand(&mut self, index: u32) -> Option<u64>;
    /// A copy of a part of the linear memory; `None` where it does not lie there whole.
    fn memory(&mut self, address: u64, length: usize) -> Option<Vec<u8>>;
}
