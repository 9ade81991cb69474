//! Looking into an instance that stands still: its variables and its linear memory. A host may offer it; the kernel
//! says when an instance stands still.

use std::sync::Arc;

use super::Failure;

/// Most bytes of memory that are read at once.
pub const READ_BYTES_MAX: u64 = 1 << 20;

/// A variable of an instance: its key and its value.
pub type Variable = (String, Arc<Vec<u8>>);

/// An instance that can be looked into.
pub trait Inspect {
    /// All variables, in the order of their keys. Together they have at most the bytes that the plugin's limit allows.
    ///
    /// # Errors
    ///
    /// The machine that has the instance does not answer.
    fn variables(&mut self) -> Result<Vec<Variable>, Failure>;

    /// Sets a variable, under the limits that the plugin itself has; `None` removes it.
    ///
    /// # Errors
    ///
    /// Variables are turned off for the plugin, a limit refuses the value, or the instance's machine does not answer.
    fn set_variable(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), Failure>;

    /// A copy of a part of the exported linear memory.
    ///
    /// # Errors
    ///
    /// The plugin exports no memory, the part does not lie in it whole, or the instance's machine does not answer.
    fn read_memory(&mut self, offset: u64, length: u64) -> Result<MemoryPart, InspectError>;
}

/// A part of a linear memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryPart {
    /// At most [`READ_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// The size of the whole memory, in bytes.
    pub memory_bytes: u64,
}

/// Why an instance's memory is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InspectError {
    Memory(MemoryError),
    /// The machine that has the instance does not answer.
    Unanswered(Box<Failure>),
}

impl From<MemoryError> for InspectError {
    fn from(error: MemoryError) -> InspectError {
        InspectError::Memory(error)
    }
}

impl From<Failure> for InspectError {
    fn from(failure: Failure) -> InspectError {
        InspectError::Unanswered(Box::new(failure))
    }
}

/// Why a part of a memory cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryError {
    /// The plugin exports none.
    NotExported,
    /// The part ends behind the memory, which has so many bytes.
    Beyond { memory_bytes: u64 },
    /// More than [`READ_BYTES_MAX`] are asked for.
    TooLong,
}

impl MemoryPart {
    /// Copies a part of `memory`.
    ///
    /// # Errors
    ///
    /// [`MemoryError::TooLong`] and [`MemoryError::Beyond`].
    pub fn of(memory: &[u8], offset: u64, length: u64) -> Result<MemoryPart, MemoryError> {
        if length > READ_BYTES_MAX {
            return Err(MemoryError::TooLong);
        }
        let memory_bytes = memory.len() as u64;
        let end = offset.checked_add(length).filter(|end| *end <= memory_bytes);
        let part = end.and_then(|end| memory.get(offset as usize..end as usize));
        let bytes = part.ok_or(MemoryError::Beyond { memory_bytes })?.to_vec();
        Ok(MemoryPart { bytes, memory_bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_in_the_memory_whole_or_is_refused() {
        let memory = [1, 2, 3, 4];
        let read = |offset, length| MemoryPart::of(&memory, offset, length).map(|part| part.bytes);
        assert_eq!(read(1, 2), Ok(vec![2, 3]));
        assert_eq!(read(4, 0), Ok(vec![]));
        for (offset, length) in [(3, 2), (5, 0), (u64::MAX, 1), (1, READ_BYTES_MAX)] {
            assert_eq!(read(offset, length), Err(MemoryError::Beyond { memory_bytes: 4 }), "{offset} {length}");
        }
        assert_eq!(read(0, READ_BYTES_MAX + 1), Err(MemoryError::TooLong));
    }
}
