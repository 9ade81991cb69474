//! Stops of guests in their code: at breakpoints in the source, at traps, and at the end of steps by lines.

use std::sync::mpsc::sync_channel;

use super::call_to_match::CallToMatch;
use super::hold_error::HoldError;
use crate::journal::filter::CallContent;
use crate::journal::{KeptBytes, KeptState};
use crate::kernel::Kernel;
use crate::kernel::chain::Chain;
use crate::kernel::debug::{CodeMark, HoldPoint, HoldReason, HoldSide, Look, Step};
use crate::kernel::frame::Frames;
use crate::kernel::stack::CallStack;
use crate::kernel::task::Task;
use crate::kernel::view::JobId;
use crate::runtime::stopping::{CodeStep, CodeStop, StepOrigin, StepUnderWay, StopCause, StoppedGuest};
use crate::runtime::{Failure, InstanceStack, ModuleBytes, StopPlan, Stopped};

/// Most looks into a stopped guest that wait at once.
const LOOKS_MAX: usize = 64;

impl Task {
    /// Holds the call where its guest stands, if a breakpoint or a step asks for it.
    ///
    /// # Errors
    /// The call is cancelled while it is held.
    pub(super) fn stop_in_code(&self, stands: Vec<InstanceStack>, stopped: Stopped<'_>) -> Result<(), Failure> {
        let Some(reason) = self.reason_in_code(&stopped.at) else { return Ok(()) };
        let stack = self.stack_around(CallStack::default(), 0, stands);
        self.hold_in_call(reason, stack, Some(stopped))
    }

    /// Holds the running call where it is.
    ///
    /// # Errors
    /// The call is cancelled while it is held.
    pub(super) fn hold_in_call(
        &self,
        reason: HoldReason,
        stack: CallStack,
        stopped: Option<Stopped<'_>>,
    ) -> Result<(), Failure> {
        let full_len = self.chain.top_record().map_or(0, |record| record.bytes_in);
        let input = KeptBytes { bytes: Box::default(), full_len, state: KeptState::Dropped };
        let (code, guest) = stopped.map(|stopped| (stopped.at, stopped.guest)).unzip();
        let point = HoldPoint { reason, side: HoldSide::During, input, result: None, stack, code };
        match self.hold_with(point, guest).order {
            None => Err(Failure::interrupted()),
            Some(_) => Ok(()),
        }
    }

    fn reason_in_code(&self, at: &CodeStop) -> Option<HoldReason> {
        if self.chain.job == 0 {
            return None;
        }
        let record = self.chain.top_record()?;
        let (callee, _, _) = self.chain.top()?;
        let caller_of = |frames: &mut Frames| frames.stack.iter().nth_back(1).map(|frame| frame.process.clone());
        let caller = self.chain.with_frames(caller_of);
        let call = CallToMatch { record: &record, caller, callee: &callee, content: CallContent::default() };
        let modules = &callee.code().program.modules;
        let met = self.kernel.hooks().code_breakpoint_for(&call, at, modules, self.kernel.line_tables());
        let step = || (at.cause == StopCause::Step).then_some(HoldReason::Step);
        met.map(HoldReason::Breakpoint).or_else(step)
    }

    /// Where the running guest, whose program has these modules, is to stop; `None`: as by the plan of version `known`.
    pub(in crate::kernel) fn plan_of_stops(&self, known: Option<u64>, modules: &[ModuleBytes]) -> Option<StopPlan> {
        let hooks = self.kernel.hooks();
        let (step, steps) =
            self.chain.with_frames(|frames| (step_for(frames, self.chain.depth_above()), frames.debug.steps));
        // The order of the two numbers' changes does not matter: each makes the version another one.
        let version = hooks.code_version() << 32 | (steps & u64::from(u32::MAX));
        if known == Some(version) {
            return None;
        }
        let (process, _, _) = self.chain.top()?;
        let (breakpoints, traps) = match self.chain.job {
            0 => Default::default(),
            _ => hooks.code_points(&process, modules, self.kernel.line_tables()),
        };
        Some(StopPlan { version, breakpoints, traps, step })
    }
}

/// The step by lines that is under way, as the deepest call sees it.
fn step_for(frames: &Frames, depth_above: u16) -> Option<StepUnderWay> {
    let plan = frames.debug.step?;
    let CodeMark { seq, frames: count, line } = plan.code?;
    let top = frames.stack.last()?;
    let depth = depth_above + frames.stack.len() as u16;
    let origin = match depth.cmp(&plan.depth) {
        _ if top.seq == seq => StepOrigin::Here { frames: count, line },
        std::cmp::Ordering::Less => StepOrigin::Callee,
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => StepOrigin::Caller,
    };
    let step = match plan.step {
        Step::Into => CodeStep::Into,
        Step::Over => CodeStep::Over,
        Step::Out => CodeStep::Out,
        Step::Until(line) => CodeStep::Until(line),
    };
    Some(StepUnderWay { step, origin })
}

impl Chain {
    /// Leaves a look for the thread of the held call; false where none is held in a plugin's code.
    fn leave_look(&self, look: Look) -> bool {
        let left = self.with_frames(|frames| {
            let held = frames.debug.held.as_mut().filter(|held| held.order.is_none() && held.stop.code.is_some());
            held.filter(|held| held.looks.len() < LOOKS_MAX).map(|held| held.looks.push(look)).is_some()
        });
        if left {
            self.notify_woken();
        }
        left
    }
}

impl Kernel {
    /// Looks into the guest of a job that is held in a plugin's code, on the thread of the held call.
    ///
    /// # Errors
    /// The job is not held so, or any more.
    pub fn look_into<T: Send + 'static>(
        &self,
        job: JobId,
        look: impl FnOnce(&mut dyn StoppedGuest) -> T + Send + 'static,
    ) -> Result<T, HoldError> {
        let chain = self.held_chain(job).ok_or(HoldError::NotHeld(job))?;
        let (sender, receiver) = sync_channel(1);
        let look: Look = Box::new(move |guest| {
            // A receiver that is gone wants no answer.
            sender.send(look(guest)).ok();
        });
        if !chain.leave_look(look) {
            return Err(HoldError::NotInCode(job));
        }
        receiver.recv().map_err(|_| HoldError::NotHeld(job))
    }
}
