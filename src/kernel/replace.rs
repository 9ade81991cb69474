//! Replacement: how a process's instance (`restart`) or its code (`reload`) is exchanged while it keeps its id, its
//! name and its parent.
//!
//! The new instance starts in a chain of its own before it is installed, so code that does not compile or whose start
//! function fails changes nothing. Several replacements of one process may be under way at once. Each checks under the
//! slot's lock, when it is ready, whether it still applies: a restart that new code overtook starts again with that
//! code, a reload that a later one overtook gives up.

mod in_progress;
mod refusal;
mod request;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

pub use request::ReplacementRequest;

use self::in_progress::ReplacementGuard;
use self::refusal::ReplaceRefusal;

use super::call_failure::FailureCause;
use super::cause::{Cause, Killer};
use super::code::Code;
use super::debug::ReplacedBy;
use super::error::CallError;
use super::job::JobStart;
use super::job_output::JobOutput;
use super::pending_instance::{PendingInstance, ReplacementListener, ReplacementNotice};
use super::process::{Life, NewProcess, Process, ProcessSlot};
use super::task::Task;
use super::view::{OwnerId, ProcessId, Replaced};
use super::{Job, Kernel};
use crate::locks::MutexGuard;
use crate::runtime::{Failure, FailureKind, Program};

/// Most attempts of a restart that new code overtakes.
const RESTART_TRIES_MAX: usize = 8;

impl Kernel {
    /// Replaces the instance by a fresh one of the same code. Ctrl-C of the first owner ends the wait for it.
    ///
    /// # Errors
    /// The process has ended, the new instance does not start, or the replacement is interrupted; the old instance
    /// stays.
    pub fn restart(self: &Arc<Self>, id: ProcessId) -> Result<Replaced, CallError> {
        self.replace_unless(id, &ReplacementRequest::Restart, OwnerId::FIRST, &|| false)
    }

    /// Replaces the instance by one of `program`. Ctrl-C of the first owner ends the wait for it.
    ///
    /// # Errors
    /// As of [`Kernel::restart`]; without `force` also when the new program lacks functions of the old one.
    pub fn reload(self: &Arc<Self>, id: ProcessId, program: &Arc<Program>, force: bool) -> Result<Replaced, CallError> {
        self.replace_unless(
            id,
            &ReplacementRequest::Reload { program: program.clone(), force },
            OwnerId::FIRST,
            &|| false,
        )
    }

    /// Replaces a process unless `interrupted` returns true, which is asked once Ctrl-C can reach the replacement: an
    /// earlier Ctrl-C is not lost.
    ///
    /// # Errors
    /// As of [`Kernel::restart`] and [`Kernel::reload`], or `interrupted` is true.
    pub fn replace_unless(
        self: &Arc<Self>,
        id: ProcessId,
        what: &ReplacementRequest,
        owner: OwnerId,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Replaced, CallError> {
        self.replace_in(&self.foreground_task(owner, interrupted), id, what, None)
    }

    /// Replaces a process in a foreground job, so that breakpoints can hold calls of the new instance's start. The
    /// job's output is [`JobOutput::Replaced`].
    ///
    /// # Errors
    /// Too many jobs run, or no thread can be started. A failure of the replacement itself is the job's.
    pub fn start_replace(
        self: &Arc<Self>,
        id: ProcessId,
        what: ReplacementRequest,
        text: String,
        owner: OwnerId,
    ) -> Result<Job, CallError> {
        let (kernel, start) = (self.clone(), JobStart { text, background: false, owner });
        Job::launch(self, start, move |_, task| kernel.replace_in(task, id, &what, None).map(JobOutput::Replaced))
    }

    /// Replaces a process in the chain of `task`; the new instance has `timeout` to start.
    ///
    /// # Errors
    /// As of [`Kernel::restart`] and [`Kernel::reload`].
    pub(super) fn replace_in(
        self: &Arc<Self>,
        task: &Arc<Task>,
        id: ProcessId,
        what: &ReplacementRequest,
        timeout: Option<Duration>,
    ) -> Result<Replaced, CallError> {
        let process = self.living_or_error(id)?;
        let begun = ReplacementGuard::begin(task, &process, what, timeout);
        let begun = begun.map_err(|refusal| refusal.failure(self.wording()));
        let replaced = begun.and_then(|in_progress| match what {
            ReplacementRequest::Restart => self.restart_code(&in_progress),
            ReplacementRequest::Reload { program, force } => {
                self.reload_code(&in_progress, program, Reloading { force: *force, debug: false })
            }
            ReplacementRequest::Debug => {
                let program = process.code().program.clone();
                self.reload_code(&in_progress, &program, Reloading { force: true, debug: true })
            }
        });
        replaced.map_err(|failure| fails(what, task, &process, failure))
    }

    fn restart_code(self: &Arc<Self>, in_progress: &ReplacementGuard<'_>) -> Result<Replaced, Failure> {
        for _ in 0..RESTART_TRIES_MAX {
            let code = in_progress.process.code();
            let pending = self.start_beside(in_progress, &code, ReplacedBy::Restart)?;
            let put = self.put_instance(in_progress.process, &code, pending);
            if let Some(replaced) = put.map_err(|refusal| refusal.failure(self.wording()))? {
                return Ok(replaced);
            }
        }
        Err(ReplaceRefusal::OvertakenOften.failure(self.wording()))
    }

    fn reload_code(
        self: &Arc<Self>,
        in_progress: &ReplacementGuard<'_>,
        program: &Arc<Program>,
        Reloading { force, debug }: Reloading,
    ) -> Result<Replaced, Failure> {
        let process = in_progress.process;
        let old = process.code();
        let mut program = Program::clone(program);
        program.spec = (*old.spec).clone();
        program.spec.fuel_count = self.fuel_count(old.spec.fuel_count);
        program.spec.debugged |= debug;
        let spec = Arc::new(program.spec.clone());
        program.spec.imports.extend(self.hooks().stubbed_imports(&old.spec));
        // Modules that `--link` added are not part of the source.
        let added = old.program.modules.iter().filter(|old| program.modules.iter().all(|new| new.name != old.name));
        let linked: Vec<_> = added.cloned().collect();
        program.modules.splice(0..0, linked);
        let program = Arc::new(program);
        let image = self.image(in_progress.task, process.host, &program, self.load_deadline(None))?;
        let code = Arc::new(Code::new(image, program, spec));
        // Checked before the new code runs, and again when it is ready, because more functions may have been called by
        // then.
        lost_functions(&old, &code, force).map_err(|refusal| refusal.failure(self.wording()))?;
        let pending = self.start_beside(in_progress, &code, ReplacedBy::Reload)?;
        let put = self.put_code(in_progress, code, pending, force);
        put.map_err(|refusal| refusal.failure(self.wording()))
    }

    /// Installs a fresh instance and cancels the call in the process; `None` when `code` is no longer its code.
    fn put_instance(
        &self,
        process: &Process,
        code: &Arc<Code>,
        pending: PendingInstance,
    ) -> Result<Option<Replaced>, ReplaceRefusal> {
        let slot = process.lock_slot();
        still_alive(&slot)?;
        if !Arc::ptr_eq(&slot.code, code) {
            return Ok(None);
        }
        let (calls_lost, occupant) = (slot.calls_of_instance, slot.occupant);
        // The reset is counted here; the cancelled call does not count it.
        process.counters.resets.fetch_add(1, Ordering::Relaxed);
        put(process, slot, pending);
        if let Some(occupant) = occupant {
            self.cancel(occupant, Cause::Killed { by: Killer::Restart });
        }
        Ok(Some(Replaced { label: process.label(), calls_lost, code_changed: false, functions_lost: Vec::new() }))
    }

    /// Installs new code and an instance of it.
    fn put_code(
        &self,
        in_progress: &ReplacementGuard<'_>,
        code: Arc<Code>,
        pending: PendingInstance,
        force: bool,
    ) -> Result<Replaced, ReplaceRefusal> {
        let process = in_progress.process;
        let mut slot = process.lock_slot();
        still_alive(&slot)?;
        if !slot.replacements.is_newest(in_progress.reload) {
            return Err(ReplaceRefusal::Overtaken);
        }
        let functions_lost = lost_functions(&slot.code, &code, force)?;
        code.mark_used_as(&slot.code);
        slot.replacements.note_reload_done(in_progress.reload);
        let code_changed = hashes(&code.program) != hashes(&slot.code.program);
        let old = std::mem::replace(&mut slot.code, code);
        let calls_lost = slot.calls_of_instance;
        put(process, slot, pending);
        drop(old);
        Ok(Replaced { label: process.label(), calls_lost, code_changed, functions_lost })
    }

    /// Starts an instance for a process whose slot may be occupied. A stand-in process counts its memory.
    fn start_beside(
        self: &Arc<Self>,
        in_progress: &ReplacementGuard<'_>,
        code: &Arc<Code>,
        by: ReplacedBy,
    ) -> Result<PendingInstance, Failure> {
        let ReplacementGuard { task, process, timeout, .. } = in_progress;
        let new_process = NewProcess {
            id: process.id,
            name: process.name.clone(),
            host: process.host,
            parent: process.parent_id(),
            total_bytes: self.total_bytes().clone(),
            supervision: process.supervision,
            own: process.own.clone(),
        };
        let occupant = task.chain.occupant(1, task.chain.next_start_seq());
        let mut stand_in = Process::new(new_process, code.clone(), occupant);
        // Policy follows the process's original plugin name, not the new code's.
        stand_in.plugin.clone_from(&process.plugin);
        let stand_in = Arc::new(stand_in);
        process.with_slot(|slot| slot.replacements.set_stand_in(task.chain.id, &stand_in));
        let (kernel, own, of, new, timeout) = (self.clone(), (*task).clone(), stand_in.clone(), code.clone(), *timeout);
        let start = move || kernel.start_instance(&own, &of, &new, timeout);
        let started = self.on_big_stack("plugsh-start", start, &mut || ());
        let bytes = stand_in.account.take();
        let listener: Weak<Kernel> = Arc::downgrade(self);
        PendingInstance::of(
            bytes,
            started,
            self.total_bytes(),
            ReplacementNotice::new(listener, by, task.chain.answers),
        )
    }
}

/// How new code comes into a process.
#[derive(Clone, Copy)]
struct Reloading {
    /// Also where it lacks functions that callers have used.
    force: bool,
    /// For a debugger that stops it in its code.
    debug: bool,
}

impl ReplacementListener for Kernel {
    fn replaced(&self, process: ProcessId, by: ReplacedBy) {
        self.note_replaced(process, by);
        self.notify_replaced(process, by);
    }
}

/// Installs a fresh instance, now or when the call in the process has ended.
fn put(process: &Process, mut slot: MutexGuard<'_, ProcessSlot>, mut pending: PendingInstance) {
    (slot.crashed, slot.halted) = (None, None);
    slot.crashes.clear();
    slot.calls_of_instance = 0;
    if slot.occupant.is_some() {
        // An earlier pending instance is superseded; it is dropped after the lock is released.
        let unused = slot.pending.take();
        if let Some(unused) = &unused {
            pending.supersede(unused);
        }
        slot.pending = Some(pending);
        drop(slot);
        drop(unused);
        return;
    }
    let (old, notice) = process.adopt(&mut slot, pending);
    drop(slot);
    drop(old);
    if let Some(notice) = notice {
        notice.notify(process.id);
    }
}

fn still_alive(slot: &ProcessSlot) -> Result<(), ReplaceRefusal> {
    match &slot.life {
        Life::Dead { reason, .. } => Err(ReplaceRefusal::Died(reason.clone())),
        Life::Alive | Life::Starting => Ok(()),
    }
}

/// The functions of the old code which callers have used and which the new one lacks; without `force` they are an
/// error.
fn lost_functions(old: &Code, new: &Code, force: bool) -> Result<Vec<String>, ReplaceRefusal> {
    let lost: Vec<String> =
        old.used().filter(|name| new.image.interface().function(name).is_none()).map(str::to_owned).collect();
    if lost.is_empty() || force { Ok(lost) } else { Err(ReplaceRefusal::FunctionsLost(lost)) }
}

fn hashes(program: &Program) -> Vec<&str> {
    program.modules.iter().map(|module| module.sha256.as_str()).collect()
}

fn fails(what: &ReplacementRequest, task: &Task, process: &Process, failure: Failure) -> CallError {
    let outcome = match failure.kind {
        FailureKind::Interrupted => task.chain.outcome_of_cancel(),
        kind => super::error::outcome_of(kind),
    };
    let (process, failure) = (process.label(), Box::new(failure.without_stack()));
    let cause = match what {
        ReplacementRequest::Restart | ReplacementRequest::Debug => FailureCause::Restart { process, failure },
        ReplacementRequest::Reload { .. } => FailureCause::Reload { process, failure },
    };
    CallError::new(outcome, cause, task.kernel.wording())
}

#[cfg(test)]
mod tests;
