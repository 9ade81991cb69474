//! Stopping an instance in its own code: what a debugger wants of it, and what it shows at a stop. Instances of
//! programs with [`Spec::debugged`](super::Spec::debugged) can be stopped.
//!
//! The kernel says where to stop, as a [`StopPlan`]; the instance stops there and hands itself to the kernel as a
//! [`StoppedGuest`] until the kernel lets it go on.

use std::fmt;

use serde::{Serialize, Serializer};

use super::inspect::{MemoryError, MemoryPart};
use super::source_lines::FileIndex;

/// A place in the code of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodePoint {
    /// Position of the module among the program's.
    pub module: usize,
    /// Bytes from the start of the module's file: the address of an instruction.
    pub pc: u32,
}

/// A line of a program's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceLine {
    /// Position of the module among the program's.
    pub module: usize,
    pub file: FileIndex,
    pub line: u32,
}

/// The depth of a guest's frames: of two, the one with less is further out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameDepth {
    /// Count of frames.
    pub calls: usize,
    /// Count of the functions that were inlined around the innermost frame's place.
    pub inlined: usize,
}

/// Distance that a guest runs from a stop in its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeStep {
    /// To the next line, also of a function that is called.
    Into,
    /// To the next line of the function, or of one that called it.
    Over,
    /// To the return from the function.
    Out,
    /// To a line of the function, or to the return from it.
    Until(u32),
}

/// The call that a step began in, as seen by a running one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOrigin {
    /// This call, at this depth of its guest's frames, at this line.
    Here { frames: FrameDepth, line: Option<SourceLine> },
    /// A caller of this call.
    Caller,
    /// A call that has ended, which this one made, or one that this one made.
    Callee,
}

/// A step that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUnderWay {
    pub step: CodeStep,
    pub origin: StepOrigin,
}

impl StepUnderWay {
    /// Whether the step ends at an instruction, at this depth. `line`: the line whose code starts there.
    pub fn ends(self, frames: FrameDepth, line: Option<SourceLine>) -> bool {
        match (self.step, self.origin) {
            (CodeStep::Into, StepOrigin::Here { frames: from, line: left }) => {
                line.is_some() && (frames != from || line != left)
            }
            (CodeStep::Into, StepOrigin::Caller | StepOrigin::Callee) => line.is_some(),
            (CodeStep::Over, StepOrigin::Here { frames: from, line: left }) => {
                line.is_some() && (frames < from || (frames == from && line != left))
            }
            (CodeStep::Over, StepOrigin::Callee) => line.is_some(),
            (CodeStep::Out, StepOrigin::Here { frames: from, .. }) => frames < from,
            (CodeStep::Out | CodeStep::Until(_), StepOrigin::Callee) => true,
            (CodeStep::Until(wanted), StepOrigin::Here { frames: from, line: left }) => {
                let is_there =
                    line.is_some_and(|line| line.line == wanted && Some(line.file) == left.map(|left| left.file));
                frames < from || (frames == from && is_there)
            }
            (CodeStep::Over | CodeStep::Out | CodeStep::Until(_), StepOrigin::Caller) => false,
        }
    }
}

/// Where an instance is to stop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopPlan {
    /// Changes with the plan.
    pub version: u64,
    pub breakpoints: Vec<CodePoint>,
    /// Whether it stops where it traps.
    pub traps: bool,
    pub step: Option<StepUnderWay>,
}

/// Why a guest stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopCause {
    /// A place of the plan.
    Point,
    /// The end of a step, maybe at a breakpoint too.
    Step,
    /// A trap, or a host function's error that ends the call.
    Trap(String),
    /// A person asked for it.
    Asked,
}

impl StopCause {
    /// The trap that the guest stops at.
    pub fn trap(&self) -> Option<&str> {
        match self {
            StopCause::Trap(trap) => Some(trap),
            StopCause::Point | StopCause::Step | StopCause::Asked => None,
        }
    }
}

/// A stop in a guest's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeStop {
    pub cause: StopCause,
    pub point: CodePoint,
    pub frames: FrameDepth,
    pub line: Option<SourceLine>,
}

/// A value of the engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WasmValue {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    V128(u128),
    /// A reference, which has no form outside of the engine.
    Reference,
    /// The engine does not give the value.
    Unread,
}

impl WasmValue {
    /// `i32` and so on.
    pub fn type_name(self) -> &'static str {
        match self {
            WasmValue::I32(_) => "i32",
            WasmValue::I64(_) => "i64",
            WasmValue::F32(_) => "f32",
            WasmValue::F64(_) => "f64",
            WasmValue::V128(_) => "v128",
            WasmValue::Reference => "ref",
            WasmValue::Unread => "?",
        }
    }
}

impl fmt::Display for WasmValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WasmValue::I32(value) => write!(f, "{value}"),
            WasmValue::I64(value) => write!(f, "{value}"),
            WasmValue::F32(value) => write!(f, "{value}"),
            WasmValue::F64(value) => write!(f, "{value}"),
            WasmValue::V128(value) => write!(f, "{value:#034x}"),
            WasmValue::Reference | WasmValue::Unread => f.write_str("…"),
        }
    }
}

impl Serialize for WasmValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            WasmValue::I32(value) => serializer.serialize_i32(*value),
            WasmValue::I64(value) => serializer.serialize_i64(*value),
            WasmValue::F32(value) => serializer.serialize_f32(*value),
            WasmValue::F64(value) => serializer.serialize_f64(*value),
            WasmValue::V128(_) => serializer.collect_str(self),
            WasmValue::Reference | WasmValue::Unread => serializer.serialize_none(),
        }
    }
}

/// The engine's values of one frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrameValues {
    /// Parameters first.
    pub locals: Vec<WasmValue>,
    /// The top last.
    pub operands: Vec<WasmValue>,
}

/// A frame of a stopped guest: `guest` counts the plugins outwards, from 0, the one that stopped; `frame` the frames of
/// that plugin, from 0, the innermost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameAt {
    pub guest: usize,
    pub frame: usize,
}

/// A guest that stands still in its code, and its callers on the same thread.
pub trait StoppedGuest {
    /// The place of a frame; `None` where there is no such frame, or its plugin cannot be looked into.
    fn point(&mut self, at: FrameAt) -> Option<CodePoint>;
    /// The engine's values of a frame; `None` as of [`StoppedGuest::point`].
    fn values(&mut self, at: FrameAt) -> Option<FrameValues>;
    /// A global of the frame's module; `None` where there is none.
    fn global(&mut self, at: FrameAt, index: u32) -> Option<WasmValue>;
    /// A part of the memory of the frame's module.
    ///
    /// # Errors
    /// The module has no memory, or the part does not lie in it whole.
    fn read_memory(&mut self, at: FrameAt, offset: u64, length: u64) -> Result<MemoryPart, MemoryError>;
}

/// A guest at a stop, as it is handed to the kernel.
pub struct Stopped<'a> {
    pub at: CodeStop,
    pub guest: &'a mut dyn StoppedGuest,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn depth(calls: usize, inlined: usize) -> FrameDepth {
        FrameDepth { calls, inlined }
    }

    const fn line(line: u32) -> Option<SourceLine> {
        Some(SourceLine { module: 0, file: FileIndex(0), line })
    }

    #[test]
    fn steps_end_where_their_names_say() {
        let from = StepOrigin::Here { frames: depth(2, 0), line: line(7) };
        // So many frames, at the start of a line or within one.
        let places = [(2, line(7)), (2, line(8)), (2, None), (3, line(1)), (1, line(20)), (1, None)];
        let ends = |step| {
            let step = StepUnderWay { step, origin: from };
            places.map(|(frames, line)| step.ends(depth(frames, 0), line))
        };
        assert_eq!(ends(CodeStep::Into), [false, true, false, true, true, false]);
        assert_eq!(ends(CodeStep::Over), [false, true, false, false, true, false]);
        assert_eq!(ends(CodeStep::Out), [false, false, false, false, true, true]);
        assert_eq!(ends(CodeStep::Until(8)), [false, true, false, false, true, true]);
        assert_eq!(ends(CodeStep::Until(9)), [false, false, false, false, true, true]);
    }

    #[test]
    fn inlined_functions_are_stepped_over_and_out_of() {
        let from = StepOrigin::Here { frames: depth(2, 1), line: line(7) };
        let ends = |step, inlined, at| StepUnderWay { step, origin: from }.ends(depth(2, inlined), line(at));
        assert!(ends(CodeStep::Into, 2, 1) && !ends(CodeStep::Over, 2, 1));
        assert!(ends(CodeStep::Over, 1, 8) && ends(CodeStep::Over, 0, 20));
        assert!(ends(CodeStep::Out, 0, 20) && !ends(CodeStep::Out, 1, 8));
    }

    #[test]
    fn steps_pass_from_plugin_to_plugin() {
        let ends = |step, origin, line| StepUnderWay { step, origin }.ends(depth(1, 0), line);
        assert!(ends(CodeStep::Into, StepOrigin::Caller, line(1)), "into the next plugin's code");
        for step in [CodeStep::Over, CodeStep::Out, CodeStep::Until(1)] {
            assert!(!ends(step, StepOrigin::Caller, line(1)), "{step:?} does not go into another plugin");
        }
        assert!(ends(CodeStep::Out, StepOrigin::Callee, None), "back in the caller");
        for step in [CodeStep::Into, CodeStep::Over] {
            assert!(!ends(step, StepOrigin::Callee, None), "{step:?} ends the line that made the call first");
            assert!(ends(step, StepOrigin::Callee, line(3)));
        }
    }
}
