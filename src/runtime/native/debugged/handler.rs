//! The events of a store: breakpoints and traps.

use wasmtime::{DebugEvent, DebugHandler, Store, StoreContextMut, Trap};

use super::frames::{levels, point_of};
use super::guest::StoppedStore;
use super::plan::{follow_plan, note_covered};
use crate::runtime::native::ctx::Ctx;
use crate::runtime::native::standing;
use crate::runtime::source_lines::SourceLines;
use crate::runtime::stopping::{CodePoint, CodeStop, FrameDepth, SourceLine, StopCause, Stopped};
use crate::runtime::{Failure, FailureKind, Upcalls};

/// The handler of a store's events.
#[derive(Clone)]
struct Handler;

/// Makes a store call back at breakpoints and traps.
pub fn attach(store: &mut Store<Ctx>) {
    store.set_debug_handler(Handler);
}

impl DebugHandler for Handler {
    type Data = Ctx;

    fn handle(&self, store: StoreContextMut<'_, Ctx>, event: DebugEvent<'_>) -> impl Future<Output = ()> + Send {
        match event {
            DebugEvent::Breakpoint => at_point(store),
            DebugEvent::Trap(Trap::Interrupt | Trap::OutOfFuel) => {}
            DebugEvent::Trap(trap) => {
                let trap = trap.to_string();
                at_trap(store, format!("trap: {}", trap.strip_prefix("wasm trap: ").unwrap_or(&trap)));
            }
            DebugEvent::HostcallError(error) => {
                // A nested call's failure, a limit and a kill are no traps of this guest.
                if let Some(failure) = error.downcast_ref::<Failure>().filter(|why| why.kind == FailureKind::Trap) {
                    at_trap(store, failure.message.clone());
                }
            }
            DebugEvent::CaughtExceptionThrown(_) | DebugEvent::UncaughtExceptionThrown(_) | DebugEvent::EpochYield => {}
        }
        std::future::ready(())
    }
}

fn at_point(mut store: StoreContextMut<'_, Ctx>) {
    if let Some(point) = innermost(&mut store) {
        note_covered(&mut store, point);
    }
    let Some((at, is_met)) = place(&mut store, StopCause::Point) else { return };
    let Some(debugger) = store.data().debugger.as_deref() else { return };
    let start = debugger.start(at.point);
    let ends_step = debugger.plan.step.is_some_and(|step| step.ends(at.frames, start));
    if ends_step || is_met {
        let cause = if ends_step { StopCause::Step } else { StopCause::Point };
        stop(store, CodeStop { cause, ..at });
    }
}

/// Where the guest stands; `None` in code that is not the program's.
fn innermost(store: &mut StoreContextMut<'_, Ctx>) -> Option<CodePoint> {
    let image = store.data().debugger.as_deref()?.image.clone();
    let handle = store.debug_exit_frames().next()?;
    point_of(store, &image, &handle)
}

fn at_trap(mut store: StoreContextMut<'_, Ctx>, trap: String) {
    if store.data().debugger.as_deref().is_some_and(|debugger| debugger.plan.traps)
        && let Some((at, _)) = place(&mut store, StopCause::Trap(trap))
    {
        stop(store, at);
    }
}

/// Stops a running guest because a person asked for it.
///
/// # Errors
/// The call is to end.
pub fn stopped_by_request(mut store: StoreContextMut<'_, Ctx>, up: &dyn Upcalls) -> Result<(), Failure> {
    let stands = standing::stands(&store);
    let Some((at, _)) = place(&mut store, StopCause::Asked) else { return up.stop(stands, None) };
    let stopped = up.stop(stands, Some(Stopped { at, guest: &mut StoppedStore::new(&mut store) }));
    follow_plan(&mut store, false);
    stopped
}

/// Where the guest stands, and whether a breakpoint of the plan is there; `None` where the call is to end.
fn place(store: &mut StoreContextMut<'_, Ctx>, cause: StopCause) -> Option<(CodeStop, bool)> {
    let up = store.data().up.clone().filter(|up| !up.interrupted())?;
    let image = store.data().debugger.as_deref()?.image.clone();
    let stack = levels(&mut *store, &image);
    let point = stack.first()?.point;
    let lines = up.source_lines(image.bytes.get(point.module)?);
    let line = line_at(&lines, point);
    let is_met = store.data().debugger.as_deref()?.plan.breakpoints.contains(&point);
    let frames = FrameDepth { calls: stack.len(), inlined: inlined_at(&lines, point.pc) };
    Some((CodeStop { cause, point, frames, line }, is_met))
}

fn line_at(lines: &SourceLines, point: CodePoint) -> Option<SourceLine> {
    let position = lines.position(point.pc)?;
    Some(SourceLine { module: point.module, file: position.file, line: position.line })
}

/// Count of the inlined functions around an instruction.
fn inlined_at(lines: &SourceLines, pc: u32) -> usize {
    let inlined = lines.functions().filter(|(_, function)| function.is_inlined);
    inlined.filter(|(_, function)| function.ranges.iter().any(|range| range.contains(&pc))).count()
}

/// Hands the guest to the kernel until it may go on. A call that is to end meets its cancel flag at once.
fn stop(mut store: StoreContextMut<'_, Ctx>, at: CodeStop) {
    let Some(up) = store.data().up.clone() else { return };
    let stands = standing::stands(&store);
    let stopped = up.stop(stands, Some(Stopped { at, guest: &mut StoppedStore::new(&mut store) }));
    if stopped.is_err() {
        store.set_epoch_deadline(0);
    }
    follow_plan(&mut store, false);
}
