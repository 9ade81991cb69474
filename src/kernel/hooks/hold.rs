//! Holding: a job stops at a call until it is released. Its deadlines are suspended, a kill or Ctrl-C still ends it,
//! and other jobs run on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hold_error::HoldError;
use super::rules::Hooks;
use crate::journal::ChangedBy;
use crate::kernel::Kernel;
use crate::kernel::call::keep;
use crate::kernel::call_failure::CallFailure;
use crate::kernel::chain::Chain;
use crate::kernel::debug::{
    CodeMark, HeldView, HoldLimits, HoldPoint, HoldSide, HoldState, Order, PREVIEW_BYTES_MAX, Released, Step, StepPlan,
};
use crate::kernel::frame::Frames;
use crate::kernel::job::Job;
use crate::kernel::notices::Notice;
use crate::kernel::parent_call::ParentChain;
use crate::kernel::process::Process;
use crate::kernel::stack::{CallStack, StackView};
use crate::kernel::task::Task;
use crate::kernel::view::{JobId, ProcessLabel};
use crate::limits::Limits;
use crate::runtime::stopping::StoppedGuest;

impl Task {
    /// Holds the deepest call until it gets an order or is cancelled.
    pub(in crate::kernel) fn hold(&self, stop: HoldPoint) -> Released {
        self.hold_with(stop, None)
    }

    /// As [`Task::hold`], while others look into the guest of the call.
    pub(super) fn hold_with(&self, stop: HoldPoint, guest: Option<&mut (dyn StoppedGuest + '_)>) -> Released {
        let (since, reason) = (Instant::now(), stop.reason);
        if !self.begin_hold(stop, since) {
            return Released { order: None, new_input: None };
        }
        if self.kernel.hooks().is_gone(reason) {
            self.chain.with_frames(|frames| {
                frames.end_hold(since.elapsed());
                frames.debug.held = None;
            });
            let order = Some(Order::Continue(None)).filter(|_| !self.chain.is_cancelled());
            return Released { order, new_input: None };
        }
        self.give_back_seqs();
        self.chain.pause_deadlines();
        self.kernel.notify_held(self.chain.job, true);
        let held = self.wait_for_order(since, guest);
        self.chain.resume_deadlines();
        self.kernel.notify_held(self.chain.job, false);
        let order = held.as_ref().and_then(|held| held.order.clone()).filter(|_| !self.chain.is_cancelled());
        Released { order, new_input: held.and_then(|held| held.new_input) }
    }

    /// Waits for an order or a cancel, and serves the looks into the guest meanwhile.
    fn wait_for_order(&self, since: Instant, mut guest: Option<&mut (dyn StoppedGuest + '_)>) -> Option<HoldState> {
        let is_wanted = |frames: &Frames| {
            frames.debug.held.as_ref().is_none_or(|held| held.order.is_some() || !held.looks.is_empty())
        };
        loop {
            let (looks, ended) = self.chain.wait_woken(is_wanted, |frames| {
                let held = frames.debug.held.as_mut();
                let looks = held.map(|held| std::mem::take(&mut held.looks)).unwrap_or_default();
                if !looks.is_empty() && !self.chain.is_cancelled() {
                    return (looks, None);
                }
                frames.end_hold(since.elapsed());
                (looks, Some(frames.debug.held.take()))
            });
            match (ended, &mut guest) {
                // A dropped look tells whoever asked that nobody serves it.
                (Some(held), _) => return held,
                (None, Some(guest)) => looks.into_iter().for_each(|look| look(&mut **guest)),
                (None, None) => drop(looks),
            }
        }
    }

    /// Marks the deepest call as held; false where there is none.
    fn begin_hold(&self, stop: HoldPoint, since: Instant) -> bool {
        let number = self.chain.next_hold();
        self.chain.with_frames(|frames| {
            let Some(frame) = frames.stack.last_mut() else { return false };
            frame.held = true;
            frame.changed_by = ChangedBy::Breakpoint;
            if frames.debug.step.take().is_some() {
                self.kernel.hooks().disarm();
            }
            frames.debug.steps += 1;
            frames.debug.changed = true;
            frames.debug.held =
                Some(HoldState { number, stop, since, new_input: None, order: None, looks: Vec::new() });
            true
        })
    }
}

impl Chain {
    /// The number of the next hold in this job.
    fn next_hold(&self) -> u64 {
        let mut number = 0;
        let mut count = |frames: &mut Frames| {
            frames.debug.holds += 1;
            number = frames.debug.holds;
        };
        match &self.parent {
            Some(parent) => parent.outermost().visit_frames(&mut count),
            None => self.with_frames(count),
        }
        number
    }

    /// Whether a call of the chain is held and has no order.
    fn is_held(&self) -> bool {
        self.with_frames(|frames| frames.debug.held.as_ref().is_some_and(|held| held.order.is_none()))
    }

    /// The pending step.
    pub(in crate::kernel) fn step(&self) -> Option<StepPlan> {
        self.with_frames(|frames| frames.debug.step)
    }

    /// The total time for which the chain's deadlines were suspended.
    pub fn paused_for(&self) -> Duration {
        self.with_frames(|frames| frames.debug.paused_for)
    }

    /// The total time of the chain's holds, the present one included.
    pub fn held_for(&self) -> Duration {
        self.with_frames(|frames| frames.debug.held_for + frames.holding(Instant::now()))
    }

    fn held_view(&self, limits: &Limits) -> Option<HeldView> {
        let chain = self.views();
        let (view, process, stack) = self.with_frames(|frames| held_in(frames, self.job, limits))?;
        let stack = stack.view();
        // The slot ranks before the frames, so the frames' lock is not held here.
        let (memory_bytes_max, fuel) = process.with_slot(|slot| (slot.code.spec.memory_bytes_max, slot.code.spec.fuel));
        Some(HeldView { chain, stack, limits: HoldLimits { memory_bytes_max, fuel, ..view.limits }, ..view })
    }

    fn give_order(&self, job: &Job, order: Order, hooks: &Hooks) -> Result<(), HoldError> {
        self.with_frames(|frames| {
            let depth = self.depth_above() + frames.stack.len() as u16;
            let Some(held) = frames.debug.held.as_mut().filter(|held| held.order.is_none()) else {
                return Err(HoldError::NotHeld(self.job));
            };
            let side = held.stop.side;
            let code = held.stop.code.as_ref().map(|at| (at.frames, at.line));
            match &order {
                Order::Continue(Some(Step::Until(_))) if code.is_none() => return Err(HoldError::NotInCode(self.job)),
                Order::Continue(None | Some(Step::Into)) => {}
                Order::Continue(_) if code.is_some() => {}
                _ if side == HoldSide::During => return Err(HoldError::HeldInCall(self.job)),
                _ => {}
            }
            held.order = Some(order.clone());
            if let Order::Continue(Some(step)) = order {
                let seq = frames.stack.last().map_or(0, |frame| frame.seq);
                let code = code.map(|(frames, line)| CodeMark { seq, frames, line });
                frames.debug.step = Some(StepPlan { step, depth, side, code });
                frames.debug.steps += 1;
                hooks.arm();
            }
            // Set before the thread wakes and may be held again: a wait that starts now waits for the next hold or the
            // end.
            job.set_held(false);
            self.notify_woken();
            Ok(())
        })
    }

    fn replace_input(&self, input: Arc<[u8]>) -> Result<(), HoldError> {
        self.with_frames(|frames| {
            let Some(held) = frames.debug.held.as_mut().filter(|held| held.order.is_none()) else {
                return Err(HoldError::NotHeld(self.job));
            };
            let side = held.stop.side;
            if side != HoldSide::Before {
                return Err(HoldError::InputUsed { job: self.job, side });
            }
            held.new_input = Some(input);
            Ok(())
        })
    }
}

/// The held call of a chain, its process and its stack. `chain`, `stack` and the process's limits are left for the
/// caller to fill in.
fn held_in(frames: &Frames, job: JobId, limits: &Limits) -> Option<(HeldView, Arc<Process>, CallStack)> {
    let held = frames.debug.held.as_ref().filter(|held| held.order.is_none())?;
    let frame = frames.stack.last()?;
    let deadline = frames.stack.iter().filter_map(|frame| frame.deadline.map(|deadline| deadline.at)).min();
    let private = frame.private;
    let input = held.new_input.as_ref().map(|bytes| keep(bytes, PREVIEW_BYTES_MAX, private));
    let (process, since) = (frame.process.clone(), held.since);
    let stop = &held.stop;
    let view = HeldView {
        job,
        number: held.number,
        reason: stop.reason,
        side: stop.side,
        code: stop.code.clone(),
        chain: Vec::new(),
        held_for: since.elapsed(),
        input: input.unwrap_or_else(|| stop.input.clone()),
        output: stop.result.as_ref().and_then(|result| result.as_ref().ok().cloned()),
        error: stop.result.as_ref().and_then(|result| result.as_ref().err()).map(CallFailure::cause_line),
        stack: StackView::default(),
        limits: HoldLimits {
            time_left: deadline.map(|at| at.saturating_duration_since(since)),
            depth_max: limits.depth_max,
            memory_bytes_max: None,
            fuel: None,
        },
    };
    Some((view, process, stop.stack.clone()))
}

impl Kernel {
    /// The calls that are held, the newest hold last. Of one job, that is several where calls run beside each other.
    pub fn held(&self) -> Vec<HeldView> {
        let chains = self.chain_table().all().into_iter().filter(|chain| chain.job != 0);
        let mut views: Vec<HeldView> = chains.filter_map(|chain| chain.held_view(self.limits())).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.held_for));
        views
    }

    /// The oldest held call of a job; `None` where none is held.
    pub fn held_of(&self, job: JobId) -> Option<HeldView> {
        self.held().into_iter().find(|view| view.job == job)
    }

    /// The process that a job queues for and the held job that occupies it, if a hold blocks the job.
    pub fn blocked_by_held(&self, job: &Job) -> Option<(ProcessLabel, JobId)> {
        self.chains_of(job.id()).into_iter().find_map(|chain| {
            let process = chain.with_frames(|frames| frames.waiting_for.clone())?;
            let holder = process.occupant()?.job;
            self.job(holder).filter(Job::is_held).map(|_| (process.label(), holder))
        })
    }

    /// Releases the longest held call of a job with an order; an error when none is held.
    ///
    /// # Errors
    /// The job does not exist or is not held.
    pub fn release(&self, job: JobId, order: Order) -> Result<(), HoldError> {
        let held = self.job(job).filter(Job::is_held);
        let held = held.and_then(|held| Some((self.held_chain(job)?, held)));
        let (chain, held) = held.ok_or(HoldError::NotHeld(job))?;
        chain.give_order(&held, order, self.hooks())?;
        if self.held_chain(job).is_some() {
            held.set_held(true);
        }
        Ok(())
    }

    /// Replaces the input of a held call; an error when the job is not held before a call.
    ///
    /// # Errors
    /// The job does not exist, or is not held before a call.
    pub fn set_held_input(&self, job: JobId, input: Arc<[u8]>) -> Result<(), HoldError> {
        self.held_chain(job).ok_or(HoldError::NotHeld(job))?.replace_input(input)
    }

    /// The chain of the longest held call of a job.
    pub(super) fn held_chain(&self, job: JobId) -> Option<Arc<Chain>> {
        let chains = self.chains_of(job).into_iter().filter(|chain| chain.is_held());
        chains.max_by_key(|chain| chain.with_frames(|frames| frames.holding(Instant::now())))
    }

    /// The chains of a job: its own, and those of the calls that run beside it.
    pub(in crate::kernel) fn chains_of(&self, job: JobId) -> Vec<Arc<Chain>> {
        self.chain_table().all().into_iter().filter(|chain| chain.job == job).collect()
    }

    /// Only the thread of the held call calls this.
    fn notify_held(&self, job: JobId, held: bool) {
        let Some(job) = self.job(job) else { return };
        if held {
            // The owner of a foreground job sees where it stands; no notice is needed.
            let reader = if job.is_background() { None } else { Some(job.owner()) };
            self.owners().notify_but(reader, &Notice::Held { job: job.id() });
        }
        job.set_held(held || self.held_chain(job.id()).is_some());
    }
}
