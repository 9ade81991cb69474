//! The breakpoints of a store: those of the kernel's plan, and those of the step that is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use wasmtime::{AsContextMut, StoreContextMut};

use super::frames::{Level, levels};
use super::image::DebugImage;
use crate::runtime::source_lines::SourceLines;
use crate::runtime::stopping::{CodePoint, CodeStep, SourceLine, StepOrigin, StepUnderWay, StopPlan};
use crate::runtime::{Coverage, FrameRole, Upcalls};

/// A store's data with that of a debugger.
pub trait Debuggable: 'static {
    /// The upcalls of the running call.
    fn upcalls(&self) -> Option<Arc<dyn Upcalls>>;
    /// The debugger's data; `None` where it cannot stop the store's guest.
    fn debugger(&mut self) -> &mut Option<Box<Debugger>>;
}

/// The debugger's data of one store.
pub struct Debugger {
    pub image: Arc<DebugImage>,
    pub plan: StopPlan,
    /// Lines that start at places of the step.
    starts: BTreeMap<CodePoint, SourceLine>,
    /// Starts of lines that have not run, where those that run are noted.
    covers: BTreeSet<CodePoint>,
    /// Where breakpoints are.
    set: BTreeSet<CodePoint>,
}

impl Debugger {
    /// The data of a store without breakpoints.
    pub fn new(image: Arc<DebugImage>, coverage: Option<&Coverage>) -> Debugger {
        let covers = coverage.map(|coverage| points_to_cover(&image, coverage)).unwrap_or_default();
        Debugger { image, plan: StopPlan::default(), starts: BTreeMap::new(), covers, set: BTreeSet::new() }
    }

    /// Notes that the code at a point ran, which starts a line; false where nobody waits for that.
    fn note(&mut self, point: CodePoint, coverage: Option<&Coverage>) -> bool {
        let is_new = self.covers.remove(&point);
        if let (true, Some(coverage), Some(module)) = (is_new, coverage, self.image.bytes.get(point.module)) {
            coverage.note(module, point.pc);
        }
        is_new
    }

    /// The line that starts at a place of the step.
    pub fn start(&self, point: CodePoint) -> Option<SourceLine> {
        self.starts.get(&point).copied()
    }
}

fn points_to_cover(image: &DebugImage, coverage: &Coverage) -> BTreeSet<CodePoint> {
    let points = image.modules().flat_map(|(module, bytes)| {
        let left = coverage.left_of(bytes).into_iter();
        left.map(|pc| CodePoint { module: module.position, pc })
    });
    points.collect()
}

/// Notes that the code at a point ran, and takes its breakpoint away, unless the plan has one there.
pub fn note_covered<T: Debuggable>(store: &mut StoreContextMut<'_, T>, point: CodePoint) {
    let Some(up) = store.data().upcalls() else { return };
    let Some(mut debugger) = store.data_mut().debugger().take() else { return };
    if debugger.note(point, up.coverage()) {
        let is_kept = debugger.plan.breakpoints.contains(&point) || debugger.starts.contains_key(&point);
        let module = debugger.image.at(point.module);
        let compiled = module.and_then(|module| Some((&module.module, module.map.to_compiled(point.pc)?)));
        if let (false, Some((module, pc)), Some(mut edit)) =
            (is_kept, compiled, store.as_context_mut().edit_breakpoints())
        {
            // A breakpoint that stays is met again, and noted no more.
            let _ = edit.remove_breakpoint(module, pc);
            debugger.set.remove(&point);
        }
    }
    *store.data_mut().debugger() = Some(debugger);
}

/// Takes the kernel's plan, where it has changed. `begins`: a call begins, maybe of another chain.
pub fn follow_plan<T: Debuggable>(mut store: impl AsContextMut<Data = T>, begins: bool) {
    let mut store = store.as_context_mut();
    let Some(up) = store.data().upcalls() else { return };
    let Some(mut debugger) = store.data_mut().debugger().take() else { return };
    let known = Some(debugger.plan.version).filter(|_| !begins);
    if let Some(plan) = up.stop_plan(known, &debugger.image.bytes) {
        let step = plan.step;
        debugger.plan = plan;
        let stack = if step.is_some() { levels(&mut store, &debugger.image) } else { Vec::new() };
        let (starts, mut wanted) = match step {
            Some(step) => step_points(&debugger.image, step, &stack, &*up),
            None => Default::default(),
        };
        debugger.starts = starts;
        wanted.extend(debugger.plan.breakpoints.iter().copied());
        wanted.extend(debugger.covers.iter().copied());
        put(&mut store, &mut debugger, wanted);
    }
    *store.data_mut().debugger() = Some(debugger);
}

/// Sets the wanted breakpoints and takes the others away. A place that the engine refuses has none.
fn put<T: 'static>(store: &mut StoreContextMut<'_, T>, debugger: &mut Debugger, wanted: BTreeSet<CodePoint>) {
    let gone: Vec<CodePoint> = debugger.set.difference(&wanted).copied().collect();
    let new: Vec<CodePoint> = wanted.difference(&debugger.set).copied().collect();
    if gone.is_empty() && new.is_empty() {
        return;
    }
    let compiled = |point: &CodePoint| {
        let module = debugger.image.at(point.module)?;
        Some((&*module.module, module.map.to_compiled(point.pc)?))
    };
    let Some(mut edit) = store.as_context_mut().edit_breakpoints() else { return };
    for (module, pc) in gone.iter().filter_map(compiled) {
        let _ = edit.remove_breakpoint(module, pc);
    }
    for (module, pc) in new.iter().filter_map(compiled) {
        let _ = edit.add_breakpoint(module, pc);
    }
    drop(edit);
    debugger.set = wanted;
}

/// Places where a step may end: starts of lines, and others.
type StepPoints = (BTreeMap<CodePoint, SourceLine>, BTreeSet<CodePoint>);

fn step_points(image: &DebugImage, step: StepUnderWay, stack: &[Level], up: &dyn Upcalls) -> StepPoints {
    let (mut starts, mut points) = (BTreeMap::new(), BTreeSet::new());
    // An inlined function returns into its own frame.
    let callers = match step.origin {
        StepOrigin::Here { frames, .. } => usize::from(frames.inlined == 0),
        StepOrigin::Caller | StepOrigin::Callee => 0,
    };
    match (step.step, step.origin) {
        (CodeStep::Into, _) => {
            for (module, bytes) in image.modules() {
                let lines = up.source_lines(bytes);
                starts.extend(line_starts(module.position, &lines, None));
            }
        }
        (_, StepOrigin::Caller) => {}
        (CodeStep::Over, _) => starts.extend(starts_on(image, stack, up)),
        (CodeStep::Out, _) => points.extend(returns(image, stack.get(callers..).unwrap_or_default())),
        (CodeStep::Until(_), _) => {
            starts.extend(starts_on(image, stack, up));
            points.extend(returns(image, stack.get(callers..).unwrap_or_default()));
        }
    }
    points.extend(starts.keys().copied());
    (starts, points)
}

/// The starts of lines in the functions of a stack.
fn starts_on(image: &DebugImage, stack: &[Level], up: &dyn Upcalls) -> BTreeMap<CodePoint, SourceLine> {
    let mut starts = BTreeMap::new();
    for (module, bytes) in image.modules() {
        let of_module: Vec<&Level> = stack.iter().filter(|level| level.point.module == module.position).collect();
        if !of_module.is_empty() {
            starts.extend(line_starts(module.position, &up.source_lines(bytes), Some(&of_module)));
        }
    }
    starts
}

/// The starts of the author's lines of a module, or of those in some functions; none in prologues.
fn line_starts(position: usize, lines: &SourceLines, within: Option<&[&Level]>) -> Vec<(CodePoint, SourceLine)> {
    let is_within = |pc: &u32| within.is_none_or(|levels| levels.iter().any(|level| level.body.contains(pc)));
    let own = lines.files().filter(|(_, file)| file.role == FrameRole::Own);
    let of_line = own.flat_map(|(file, _)| lines.lines_of(file).into_iter().map(move |line| (file, line)));
    let starts = of_line.flat_map(|(file, line)| {
        let at = SourceLine { module: position, file, line };
        let starts = lines.starts_of(file, line);
        starts.into_iter().map(move |pc| (CodePoint { module: position, pc }, at))
    });
    let prologues = prologues(lines);
    let is_prologue = |pc: u32| {
        let before = prologues.partition_point(|prologue| prologue.start <= pc).checked_sub(1);
        before.and_then(|at| prologues.get(at)).is_some_and(|prologue| prologue.contains(&pc))
    };
    starts.filter(|(point, _)| is_within(&point.pc) && !is_prologue(point.pc)).collect()
}

/// The code of functions before their parameters are in place, in its order.
fn prologues(lines: &SourceLines) -> Vec<Range<u32>> {
    let own = lines.functions().filter(|(_, function)| !function.is_inlined);
    let mut prologues: Vec<Range<u32>> =
        own.filter_map(|(_, function)| Some(function.ranges.first()?.start..function.entry?)).collect();
    prologues.sort_by_key(|prologue| prologue.start);
    prologues
}

/// The instructions of the functions of a stack, to which the calls of it return.
fn returns(image: &DebugImage, stack: &[Level]) -> BTreeSet<CodePoint> {
    let bodies: BTreeSet<(usize, u32, u32)> =
        stack.iter().map(|level| (level.point.module, level.body.start, level.body.end)).collect();
    let points = bodies.into_iter().flat_map(|(module, start, end)| {
        image.instructions(module, &(start..end)).into_iter().map(move |pc| CodePoint { module, pc })
    });
    points.collect()
}
