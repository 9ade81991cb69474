//! Where the guest of a store stands, as wasmtime tells it.

use std::sync::Arc;

use wasmtime::{AsContext, FrameInfo, Store, Trap, WasmBacktrace, WasmCoreDump};

use crate::runtime::stack::{Backtrace, CodePlace, RawFrame, StoppedBy};

/// Largest memories that a core dump is made of, in bytes.
const CORE_DUMP_BYTES_MAX: usize = 256 << 20;

/// The modules of an image by the start of their code, each with its position among the program's.
pub type ModulePlaces = Arc<[(usize, usize)]>;

/// The frames that an error came through; `None` where it came from no guest code.
pub fn of_error(error: &wasmtime::Error, places: &ModulePlaces) -> Option<Box<Backtrace>> {
    let captured = error.downcast_ref::<WasmBacktrace>()?;
    let stopped_by = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => StoppedBy::Unreachable,
        Some(_) => StoppedBy::Trap,
        None => StoppedBy::Host,
    };
    Some(Box::new(frames(captured, stopped_by, places)))
}

/// The core dump of a trap: the memories and globals of its instances, and the frames. `None` where dumps are not
/// wanted, for other errors, and for memories of more than [`CORE_DUMP_BYTES_MAX`].
pub fn core_dump<T: 'static>(store: &mut Store<T>, error: &wasmtime::Error) -> Option<Arc<Vec<u8>>> {
    let dump = error.downcast_ref::<WasmCoreDump>().filter(|_| error.is::<Trap>())?;
    let bytes: usize = dump.memories().iter().map(|memory| memory.data_size(&*store)).sum();
    (bytes <= CORE_DUMP_BYTES_MAX).then(|| Arc::new(dump.serialize(store, "plugin")))
}

/// The frames of a guest that waits in a host function or in the epoch callback.
pub fn now(store: impl AsContext, places: &ModulePlaces) -> Backtrace {
    frames(&WasmBacktrace::force_capture(store), StoppedBy::Host, places)
}

fn frames(captured: &WasmBacktrace, stopped_by: StoppedBy, places: &ModulePlaces) -> Backtrace {
    Backtrace::new(stopped_by, captured.frames().iter().filter_map(|frame| raw(frame, places)))
}

/// `None` for a frame of the arena, which is the host's.
fn raw(frame: &FrameInfo, places: &ModulePlaces) -> Option<RawFrame> {
    let start = frame.module().image_range().start as usize;
    let (_, module) = places.iter().find(|(at, _)| *at == start)?;
    // Checks of the stack, of fuel and of the epoch where a function begins have no instruction.
    let offset = frame.func_offset().map_or(Some(0), |offset| u32::try_from(offset).ok());
    Some(RawFrame {
        module: *module,
        function: Some(frame.func_index()),
        name: frame.func_name().map(RawFrame::bounded_name),
        place: offset.map_or(CodePlace::Unknown, CodePlace::Body),
    })
}
