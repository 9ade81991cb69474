//! Look-ups in the process table: references to processes, and snapshots of them under one short lock each.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Kernel;
use super::call_failure::{DeadProcess, ExitReason, FailureCause};
use super::error::CallError;
use super::lookup_error::LookupError;
use super::process::{Counters, Life, Occupant, Process, ProcessSlot};
use super::view::{ProcessDetail, ProcessId, ProcessState, ProcessView};
use crate::journal::Outcome;
use crate::limits::{LimitUsage, LimitView};
use crate::runtime::exports::is_runtime_export;
use crate::runtime::{MemoryUse, ModuleBytes};
use crate::secrets::without_secrets;
use crate::text::closest;

/// Interval at which a wait for a process's end checks for an interrupt.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

impl Kernel {
    /// All living processes in id order; with `dead` also the remembered dead.
    pub fn processes(&self, dead: bool) -> Vec<ProcessView> {
        if dead && self.table().read().is_unsettled() {
            self.table().write().evict_dead();
        }
        let (living, mut views) = {
            let table = self.table().read();
            let living: Vec<Arc<Process>> = table.living().cloned().collect();
            let ended: Vec<ProcessView> = if dead { table.dead().cloned().collect() } else { Vec::new() };
            (living, ended)
        };
        views.extend(living.iter().map(|process| self.view(process)));
        views.sort_by_key(|view| view.id);
        views
    }

    /// Every limit with its default and its current use.
    pub fn limit_views(&self) -> Vec<LimitView> {
        let (processes, children, dead) = {
            let table = self.table().read();
            let children = table.living().map(|process| process.counters.children.load(Ordering::Relaxed)).max();
            (table.len(), children.unwrap_or(0), table.dead().count())
        };
        let jobs = self.jobs();
        self.limits().views(&LimitUsage {
            processes: processes as u64,
            children: u64::from(children),
            depth: jobs.iter().map(|job| job.chain().len()).max().unwrap_or(0) as u64,
            jobs: jobs.iter().filter(|job| job.is_running()).count() as u64,
            started: self.started_budget().started_count() as u64,
            compilations: self.compilations().iter().filter(|view| view.stage.has_a_process()).count() as u64,
            memory_bytes: self.memory_bytes(),
            log_bytes: self.logbook().bytes() as u64,
            journal_records: self.journal().drain().len() as u64,
            payload_bytes: self.journal().payload_bytes(),
            dead: dead as u64,
        })
    }

    /// Count of living processes.
    #[cfg(test)]
    pub fn process_count(&self) -> usize {
        self.table().read().len()
    }

    /// The plugin name of a living process.
    pub fn plugin_of(&self, id: ProcessId) -> Option<String> {
        self.living(id).map(|process| process.plugin.clone())
    }

    /// The source of a living process, secrets included: for loading it again, never for display.
    pub fn source_of(&self, id: ProcessId) -> Option<String> {
        self.living(id).map(|process| process.code().program.origin.clone())
    }

    /// The details of a living process for `info`.
    pub fn process(&self, id: ProcessId) -> Option<ProcessDetail> {
        let process = self.living(id)?;
        let view = self.view(&process);
        let children = {
            let table = self.table().read();
            table.children(id).into_iter().filter_map(|child| table.get(child).map(|child| child.label())).collect()
        };
        let slot = process.lock_slot();
        let program = slot.code.program.clone();
        Some(ProcessDetail {
            view,
            spec: (*slot.code.spec).clone(),
            functions: slot
                .code
                .image
                .interface()
                .functions()
                .iter()
                .filter(|name| !is_runtime_export(name))
                .cloned()
                .collect(),
            called: slot.code.used().map(str::to_owned).collect(),
            growth: slot.growth(),
            exports: slot.code.image.interface().exports().to_vec(),
            imports: slot.code.image.interface().imports().to_vec(),
            modules: program.modules.iter().map(|module| (module.name.clone(), module.sha256.clone())).collect(),
            links: program.modules.iter().filter_map(ModuleBytes::link).collect(),
            last_error: slot.last_error.clone(),
            children,
            supervision: process.supervision,
            is_watched: self.watches().has(id),
        })
    }

    /// Resolves `1`, `front` or `1:front` to a living process. The error suggests a close name, or gives the exit
    /// reason of a dead process.
    ///
    /// # Errors
    /// There is no living process of that id or name; with a close name or the exit reason.
    pub fn find(&self, reference: &str) -> Result<ProcessId, CallError> {
        let table = self.table().read();
        let (number, name) = match reference.split_once(':') {
            Some((number, name)) => (Some(number), Some(name)),
            None if reference.bytes().all(|b| b.is_ascii_digit()) => (Some(reference), None),
            None => (None, Some(reference)),
        };
        let by_name = |name: &str| table.by_name(name).map(|process| process.id);
        let by_number = |number: &str| number.parse().ok().and_then(|id| table.get(id).map(|process| process.id));
        let found = match (number, name) {
            (Some(number), None) => by_number(number),
            (Some(number), Some(name)) => by_number(number).filter(|id| by_name(name) == Some(*id)),
            (None, name) => name.and_then(by_name),
        };
        if let Some(id) = found {
            return Ok(id);
        }
        let dead = |view: &&ProcessView| {
            number.is_none_or(|number| number.parse() == Ok(view.id)) && name.is_none_or(|name| name == view.name)
        };
        let last = table.dead().filter(dead).last();
        let cause = match last.and_then(dead_process) {
            Some(dead) => FailureCause::Dead(dead),
            None => {
                let near = name.and_then(|name| closest(name, table.names())).map(str::to_owned);
                LookupError::NoReference { reference: reference.to_owned(), near }.into()
            }
        };
        Err(CallError::new(Outcome::Error, cause, self.wording()))
    }

    /// Splits `PLUGIN.FUNCTION` into a living process, its name there, and a function: the longest name that fits wins.
    pub fn split_at_living<'a>(&self, target: &'a str) -> Option<(ProcessId, &'a str, &'a str)> {
        target.rmatch_indices('.').find_map(|(dot, _)| {
            let (name, function) = (target.get(..dot)?, target.get(dot + 1..)?);
            if function.is_empty() { None } else { Some((self.find(name).ok()?, name, function)) }
        })
    }

    /// The living process and the function that stand in for an import.
    ///
    /// # Errors
    /// No living process has the name.
    pub fn split_target(&self, target: &str) -> Result<(Arc<Process>, String), CallError> {
        let found = self.split_at_living(target);
        if let Some((process, function)) = found.and_then(|(id, _, function)| Some((self.living(id)?, function))) {
            return Ok((process, function.to_owned()));
        }
        let error = LookupError::NoTarget { target: target.to_owned() };
        Err(CallError::new(Outcome::Error, error, self.wording()))
    }

    /// Waits for the end of a process and returns its exit reason; `None` when `stop` returns true first.
    pub fn wait_process(&self, id: ProcessId, stop: &dyn Fn() -> bool) -> Option<ExitReason> {
        let Some(process) = self.living(id) else { return self.exit_reason(id) };
        let mut slot = process.lock_slot();
        loop {
            if let Life::Dead { reason, .. } = &slot.life {
                return Some(reason.clone());
            }
            if stop() {
                return None;
            }
            process.wait_changed_for(&mut slot, POLL_INTERVAL);
        }
    }

    fn exit_reason(&self, id: ProcessId) -> Option<ExitReason> {
        let table = self.table().read();
        table.dead().find(|view| view.id == id).and_then(ProcessView::exit_reason).cloned()
    }

    /// A living process.
    pub(super) fn living(&self, id: ProcessId) -> Option<Arc<Process>> {
        self.table().read().get(id).cloned()
    }

    /// A living process by its id, or the error that names the id.
    ///
    /// # Errors
    /// The process has ended or never was; the error names the id.
    pub(super) fn living_or_error(&self, id: ProcessId) -> Result<Arc<Process>, CallError> {
        self.living(id).ok_or_else(|| self.no_process(Some(id), u64::from(id)))
    }

    /// The id of a living process by its name.
    pub(super) fn id_of(&self, name: &str) -> Option<ProcessId> {
        self.table().read().by_name(name).map(|process| process.id)
    }

    /// The error for an id without a living process.
    pub(super) fn no_process(&self, id: Option<ProcessId>, asked: u64) -> CallError {
        let table = self.table().read();
        let dead = id.and_then(|id| table.dead().find(|view| view.id == id));
        let cause = match dead.and_then(dead_process) {
            Some(dead) => FailureCause::Dead(dead),
            None if id.is_some_and(|id| table.was(id)) => LookupError::Ended { id: asked }.into(),
            None => LookupError::NoId { id: asked }.into(),
        };
        CallError::new(Outcome::Error, cause, self.wording())
    }

    /// A snapshot of one process.
    pub(super) fn view(&self, process: &Process) -> ProcessView {
        self.view_with(process, Process::memory)
    }

    /// A snapshot of one process with the memory figures that `memory` returns.
    pub(super) fn view_with(&self, process: &Process, memory: fn(&Process, &ProcessSlot) -> MemoryUse) -> ProcessView {
        let (life, occupant, crashed, memory, origin, node) = process.with_slot(|slot| {
            let origin = slot.code.program.origin.clone();
            let node = slot.node.as_deref().filter(|_| slot.guest.is_some() || slot.occupant.is_some());
            let node = node.map(str::to_owned);
            (slot.life.clone(), slot.occupant, slot.crashed.clone(), memory(process, slot), origin, node)
        });
        let source = without_secrets(&origin).into_owned();
        let now = Instant::now();
        let doing = occupant.and_then(|occupant| self.doing(occupant, now)).unwrap_or(Doing::BEGINS_OR_ENDS);
        let (state, until) = match (life, occupant) {
            (Life::Dead { reason, at }, _) => (ProcessState::Dead { reason }, at),
            (Life::Starting, _) | (Life::Alive, Some(_)) => (doing.state, now),
            (Life::Alive, None) => (crashed.map_or(ProcessState::Idle, |crash| ProcessState::Crashed { crash }), now),
        };
        let mut view = ProcessView {
            id: process.id,
            name: process.name.clone(),
            parent: process.parent_id(),
            state,
            calls: 0,
            errors: 0,
            resets: 0,
            bytes_in: 0,
            bytes_out: 0,
            busy: Duration::ZERO,
            self_time: Duration::ZERO,
            age: until.saturating_duration_since(process.started_at),
            memory,
            source,
            host: process.host,
            node,
        };
        view.count(&process.counters);
        view.busy += doing.elapsed;
        view.self_time += doing.elapsed.saturating_sub(doing.nested);
        view
    }
}

/// A remembered process that has ended.
fn dead_process(view: &ProcessView) -> Option<DeadProcess> {
    Some(DeadProcess { process: view.label(), reason: view.exit_reason()?.clone() })
}

impl ProcessView {
    /// Copies the counters, which hold the calls that have ended.
    pub(super) fn count(&mut self, counters: &Counters) {
        self.calls = counters.calls.get();
        self.errors = counters.errors.load(Ordering::Relaxed);
        self.resets = counters.resets.load(Ordering::Relaxed);
        (self.bytes_in, self.bytes_out) = (counters.bytes_in.get(), counters.bytes_out.get());
        self.busy = Duration::from_nanos(counters.busy_ns.get() + counters.unserved_ns.load(Ordering::Relaxed));
        self.self_time = self.busy.saturating_sub(Duration::from_nanos(counters.nested_ns.get()));
    }
}

/// The activity of the call in a process.
struct Doing {
    elapsed: Duration,
    nested: Duration,
    state: ProcessState,
}

impl Doing {
    /// The activity of a call whose frame is not there: it begins or has just ended.
    const BEGINS_OR_ENDS: Doing =
        Doing { elapsed: Duration::ZERO, nested: Duration::ZERO, state: ProcessState::Running };
}

impl Kernel {
    /// `None` when the call has just ended.
    fn doing(&self, occupant: Occupant, now: Instant) -> Option<Doing> {
        let chain = self.chain_table().get(occupant.chain)?;
        chain.with_frames(|frames| {
            let depth_here = u32::from(occupant.depth);
            let frame = frames.at_depth(depth_here).filter(|frame| frame.seq == occupant.seq)?;
            let below = frames.at_depth(depth_here + 1);
            let holding = frames.holding(now);
            let depth = chain.depth_above() + occupant.depth;
            let load = frames.loads.iter().find(|load| load.depth == depth + 1);
            let nested = match (load, below) {
                (Some(load), _) => load.nested_before + load.ran_for(now, holding),
                (None, Some(below)) => frame.nested + below.ran_for(now, holding),
                (None, None) => frame.nested,
            };
            let is_last = below.is_none();
            let queued = frames.waiting_for.as_ref().filter(|_| is_last).map(|process| process.id);
            let waits_for = queued.or(frames.joins.filter(|callee| is_last && *callee != 0));
            Some(Doing {
                elapsed: frame.ran_for(now, holding),
                nested,
                state: match below.map(|below| below.process.id).or(waits_for) {
                    Some(on) => ProcessState::Waiting { on },
                    None if frame.held => ProcessState::Held,
                    None => ProcessState::Running,
                },
            })
        })
    }
}
