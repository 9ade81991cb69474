//! A job that is held in a plugin's code: its frames, the one that commands look at, and its variables.

use std::sync::Arc;

use parking_lot::Mutex;

use super::lookup::ended;
use super::reply::ShellError;
use super::session::{ChosenFrame, Session};
use super::words::hold_error::hold_error;
use crate::kernel::Kernel;
use crate::kernel::hooks::{HeldView, HoldError};
use crate::runtime::source_lines::SourceFile;
use crate::runtime::stopping::{CodePoint, FrameAt, StoppedGuest, WasmValue};
use crate::runtime::variables::FrameState;
use crate::runtime::{FrameRole, GuestFrame, ModuleBytes};

/// A frame of a held job, as `bt` numbers them.
#[derive(Debug, Clone)]
pub struct StoppedFrame {
    pub number: usize,
    /// Position of its plugin in the stack.
    pub plugin: usize,
    /// The frame of the engine.
    pub at: FrameAt,
    /// Count of the functions that are inlined into this one there.
    pub inlined: usize,
    pub guest: GuestFrame,
}

/// The frames of a held job, the innermost first.
pub fn frames_of(view: &HeldView) -> Vec<StoppedFrame> {
    let mut frames = Vec::new();
    let mut guest = 0;
    for (plugin, stack) in view.stack.plugins.iter().enumerate() {
        let (mut frame, mut inlined) = (0, 0);
        for of in &stack.frames {
            let (number, at) = (frames.len(), FrameAt { guest, frame });
            frames.push(StoppedFrame { number, plugin, at, inlined, guest: of.clone() });
            (frame, inlined) = if of.inlined { (frame, inlined + 1) } else { (frame + 1, 0) };
        }
        // A plugin without frames is not on the list of those that can be looked into.
        guest += usize::from(!stack.frames.is_empty());
    }
    frames
}

/// The frame that a stop is shown at: the first of the author's, not one of a runtime that panics.
pub fn shown_frame(frames: &[StoppedFrame]) -> Option<&StoppedFrame> {
    let innermost = frames.iter().filter(|frame| frame.plugin == 0);
    innermost.clone().find(|frame| frame.guest.role == FrameRole::Own).or(innermost.min_by_key(|frame| frame.number))
}

impl Session {
    /// The frame of a held job that commands look at.
    ///
    /// # Errors
    /// The job is not held in a plugin's code.
    pub fn chosen_frame(&mut self, view: &HeldView) -> Result<StoppedFrame, ShellError> {
        let mut frames = frames_of(view);
        let chosen = self.jobs().chosen_frame(view.job, view.number);
        let chosen = chosen.or_else(|| shown_frame(&frames).map(|frame| frame.number));
        match chosen.filter(|number| *number < frames.len()) {
            Some(number) => Ok(frames.swap_remove(number)),
            None => Err(hold_error(HoldError::NotInCode(view.job))),
        }
    }

    /// Runs `look` on a frame, with the module of its code and its place there.
    ///
    /// # Errors
    /// As of [`look_at_frame`].
    pub fn look_at_frame<T: Send + 'static>(
        &self,
        view: &HeldView,
        frame: &StoppedFrame,
        look: impl FnOnce(&ModuleBytes, CodePoint, &mut FrameOf<'_>) -> T + Send + 'static,
    ) -> Result<T, ShellError> {
        look_at_frame(self.kernel(), view, frame, look)
    }

    /// The frame that is chosen, as it is from now on.
    pub fn chosen_frames(&mut self) -> Arc<Mutex<Option<ChosenFrame>>> {
        self.jobs().chosen()
    }

    /// Chooses the frame that commands look at, at a hold of a job.
    pub fn choose_frame(&mut self, view: &HeldView, number: usize) {
        self.jobs().choose_frame(view.job, view.number, number);
    }
}

/// Runs `look` on a frame of a held job, with the module of its code and its place there.
///
/// # Errors
/// The job is not held in a plugin's code, or the frame's plugin cannot be looked into.
pub fn look_at_frame<T: Send + 'static>(
    kernel: &Kernel,
    view: &HeldView,
    frame: &StoppedFrame,
    look: impl FnOnce(&ModuleBytes, CodePoint, &mut FrameOf<'_>) -> T + Send + 'static,
) -> Result<T, ShellError> {
    let plugin = view.stack.plugins.get(frame.plugin).ok_or_else(|| hold_error(HoldError::NotInCode(view.job)))?;
    if kernel.process(plugin.process.id).is_some_and(|detail| detail.spec.private) {
        return Err(ShellError::failed(format!("`{}` is private: its memory is not shown", plugin.process)));
    }
    let program = kernel.program_of(plugin.process.id).ok_or_else(|| ended(&plugin.process))?;
    let at = frame.at;
    let looked = kernel.look_into(view.job, move |guest| {
        let point = guest.point(at)?;
        let module = program.modules.get(point.module)?;
        Some(look(module, point, &mut FrameOf { guest, at, values: None }))
    });
    let process = &plugin.process;
    let closed = || {
        ShellError::failed(format!(
            "`{process}` cannot be looked into where it waits; `load --debug` or a breakpoint in it makes it so"
        ))
    };
    looked.map_err(hold_error)?.ok_or_else(closed)
}

/// The source file of a frame, as its plugin's compiler noted it.
pub fn source_file(kernel: &Kernel, view: &HeldView, frame: &StoppedFrame) -> Option<SourceFile> {
    let name = frame.guest.file.as_ref()?;
    let program = kernel.program_of(view.stack.plugins.get(frame.plugin)?.process.id)?;
    let link_name = frame.guest.module.as_deref();
    let module = program.modules.iter().rev().find(|module| link_name.is_none_or(|name| module.name == name))?;
    let lines = kernel.line_tables().of(module);
    let file = lines.files().find(|(_, file)| file.name == *name || file.path.ends_with(name.as_str()));
    file.map(|(_, file)| file.clone())
}

/// One frame of a stopped guest, for the reader of variables.
pub struct FrameOf<'a> {
    guest: &'a mut dyn StoppedGuest,
    at: FrameAt,
    /// The engine's values as bits: locals and operands.
    values: Option<(Vec<WasmValue>, Vec<WasmValue>)>,
}

impl FrameOf<'_> {
    /// The engine's locals and operands.
    pub fn values(&mut self) -> &(Vec<WasmValue>, Vec<WasmValue>) {
        let (guest, at) = (&mut *self.guest, self.at);
        self.values
            .get_or_insert_with(|| guest.values(at).map(|values| (values.locals, values.operands)).unwrap_or_default())
    }
}

impl FrameState for FrameOf<'_> {
    fn local(&mut self, index: u32) -> Option<u64> {
        self.values().0.get(index as usize).and_then(|value| bits(*value))
    }

    fn global(&mut self, index: u32) -> Option<u64> {
        self.guest.global(self.at, index).and_then(bits)
    }

    fn operand(&mut self, index: u32) -> Option<u64> {
        self.values().1.get(index as usize).and_then(|value| bits(*value))
    }

    fn memory(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        self.guest.read_memory(self.at, address, length as u64).ok().map(|part| part.bytes)
    }
}

/// The bits of a value of at most 64.
fn bits(value: WasmValue) -> Option<u64> {
    match value {
        WasmValue::I32(value) => Some(u64::from(value as u32)),
        WasmValue::I64(value) => Some(value as u64),
        WasmValue::F32(value) => Some(u64::from(value.to_bits())),
        WasmValue::F64(value) => Some(value.to_bits()),
        WasmValue::V128(_) | WasmValue::Reference | WasmValue::Unread => None,
    }
}
