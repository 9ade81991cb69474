//! Frames of one guest as its host captured them: cheap to take, and bounded.

use crate::text::bounded;

/// Most frames of one guest, the innermost first. The native host captures no more.
pub const FRAMES_MAX: usize = 64;
/// Most bytes of a function's name, as the module has it.
pub const NAME_BYTES_MAX: usize = 1024;

/// The cause that stopped the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum StoppedBy {
    /// The `unreachable` instruction, which panics and aborts of most languages end with.
    Unreachable,
    /// Another trap.
    Trap,
    /// A host function that failed, or the host itself: a kill, a deadline, a nested call's failure.
    Host,
}

/// Where a guest stood, the innermost frame first; at most [`FRAMES_MAX`] frames.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Backtrace {
    pub stopped_by: StoppedBy,
    pub frames: Vec<RawFrame>,
    /// True when frames beyond [`FRAMES_MAX`] may be missing.
    pub cut: bool,
}

/// The position in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum CodePlace {
    /// Bytes from the start of the module's file.
    Module(u64),
    /// Bytes from the start of the function's body as it was compiled: its bulk instructions may have been rewritten.
    Body(u32),
    Unknown,
}

/// One frame without symbols.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct RawFrame {
    /// Position of the module among the program's.
    pub module: usize,
    /// The function's index; `None` where only its name is known.
    pub function: Option<u32>,
    /// The function's name in the module, mangled or not, cut to [`NAME_BYTES_MAX`].
    pub name: Option<Box<str>>,
    pub place: CodePlace,
}

impl RawFrame {
    /// A name within its bound.
    pub fn bounded_name(name: &str) -> Box<str> {
        bounded(name, NAME_BYTES_MAX).into()
    }
}

impl Backtrace {
    /// A backtrace of at most [`FRAMES_MAX`] frames.
    pub fn new(stopped_by: StoppedBy, frames: impl Iterator<Item = RawFrame>) -> Backtrace {
        let frames: Vec<RawFrame> = frames.take(FRAMES_MAX).collect();
        Backtrace { stopped_by, cut: frames.len() == FRAMES_MAX, frames }
    }

    /// Brings a backtrace from another machine into the bounds.
    pub fn bound(&mut self) {
        self.cut |= self.frames.len() > FRAMES_MAX;
        self.frames.truncate(FRAMES_MAX);
        for name in self.frames.iter_mut().filter_map(|frame| frame.name.as_mut()) {
            *name = RawFrame::bounded_name(name);
        }
    }
}
