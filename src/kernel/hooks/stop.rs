//! Stopping a call that runs, from outside: to hold it where it is, or to look where it stands.
//!
//! The request is an atomic of the chain, which the guest's epoch callback reads after an interrupt of the engines. The
//! clock repeats the interrupt until the request was served: a call that waits in the host is stopped when it runs
//! again. A plugin on the extism host has no such callback: a request is refused while one runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::hold_error::HoldError;
use crate::kernel::Kernel;
use crate::kernel::chain::Chain;
use crate::kernel::debug::{HoldReason, StopRequest};
use crate::kernel::frame::Activity;
use crate::kernel::job::{Job, Waited};
use crate::kernel::stack::{CallStack, StackView};
use crate::kernel::task::Task;
use crate::runtime::stopping::StopCause;
use crate::runtime::{Failure, Host, InstanceStack, Stopped};

/// Time that a request waits for the guest to run code of its own.
const WAIT_MAX: Duration = Duration::from_secs(1);

impl Task {
    /// Stops at a place in code, or serves a request: the guest and its callers stand at `stands`.
    ///
    /// # Errors
    /// The call is cancelled while it is held.
    pub(in crate::kernel) fn stop(
        &self,
        stands: Vec<InstanceStack>,
        stopped: Option<Stopped<'_>>,
    ) -> Result<(), Failure> {
        let stopped = match stopped {
            Some(stopped) if stopped.at.cause != StopCause::Asked => return self.stop_in_code(stands, stopped),
            stopped => stopped,
        };
        let request = self.chain.take_stop_request();
        let stack = self.stack_around(CallStack::default(), 0, stands);
        match request {
            StopRequest::None => {}
            StopRequest::Look => {
                self.chain.with_frames(|frames| frames.debug.looked_at = Some(stack));
                self.chain.notify_woken();
            }
            StopRequest::Hold => return self.hold_in_call(HoldReason::Asked, stack, stopped),
        }
        Ok(())
    }
}

impl Chain {
    /// Asks the running guest to stop where it is. A request to hold is not replaced by one to look.
    pub fn request_stop(&self, request: StopRequest) {
        self.stop_request.fetch_max(request as u8, Ordering::SeqCst);
        self.interrupt();
    }

    fn take_stop_request(&self) -> StopRequest {
        StopRequest::of(self.stop_request.swap(StopRequest::None as u8, Ordering::SeqCst))
    }

    /// Withdraws a request that was not served. False when it is being served, or another took its place.
    fn withdraw_stop(&self, request: StopRequest) -> bool {
        let (asked, none) = (request as u8, StopRequest::None as u8);
        self.stop_request.compare_exchange(asked, none, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The reason why the running plugin cannot be stopped where it is, if it is on the extism host.
    fn refuses_stops(&self) -> Option<HoldError> {
        let (process, ..) = self.top()?;
        (process.host == Host::Extism).then(|| HoldError::NotStoppable(process.label()))
    }

    /// Waits for the stack that a look was asked for, until `until`.
    fn wait_looked_at(&self, until: Instant) -> Option<CallStack> {
        self.wait_woken_until(until, |frames| frames.debug.looked_at.take())
    }
}

impl Kernel {
    /// Holds a running job where it is. True once it is held; false when it does not run code of a guest yet: then it
    /// is held as soon as it does.
    ///
    /// # Errors
    ///
    /// Those of [`Kernel::hold_job_within`].
    pub fn hold_job(&self, job: &Job) -> Result<bool, HoldError> {
        self.hold_job_within(job, WAIT_MAX)
    }

    /// Holds a running job where it is, and waits for that at most `at_most`.
    ///
    /// # Errors
    ///
    /// When the job has ended or is held, and while its running plugin is on the extism host.
    pub fn hold_job_within(&self, job: &Job, at_most: Duration) -> Result<bool, HoldError> {
        if job.is_held() {
            return Err(HoldError::Held(job.id()));
        }
        if !job.is_running() {
            return Err(HoldError::Ended(job.id()));
        }
        let chains = self.chains_to_stop(job);
        let refusal = || chains.iter().find_map(|chain| chain.refuses_stops());
        if let Some(refusal) = refusal() {
            return Err(refusal);
        }
        chains.iter().for_each(|chain| chain.request_stop(StopRequest::Hold));
        match job.wait_or_hold(at_most) {
            Waited::Held => Ok(true),
            // The job may have entered a plugin on the extism host meanwhile.
            Waited::Running => match refusal() {
                Some(refusal) if chains.iter().all(|chain| chain.withdraw_stop(StopRequest::Hold)) => Err(refusal),
                _ => Ok(false),
            },
            Waited::Ended(_) => Err(HoldError::Ended(job.id())),
        }
    }

    /// Where the plugins of a running job stand; `None` when no guest runs code of its own for a while.
    ///
    /// # Errors
    ///
    /// While the job's running plugin is on the extism host.
    pub fn look_at(&self, job: &Job) -> Result<Option<StackView>, HoldError> {
        let Some(chain) = self.chains_to_stop(job).into_iter().next() else { return Ok(None) };
        if let Some(refusal) = chain.refuses_stops() {
            return Err(refusal);
        }
        // The stack of an earlier look may have come after that look's end.
        chain.with_frames(|frames| frames.debug.looked_at = None);
        chain.request_stop(StopRequest::Look);
        let stack = chain.wait_looked_at(Instant::now() + WAIT_MAX);
        if stack.is_none() {
            chain.withdraw_stop(StopRequest::Look);
        }
        Ok(stack.map(|stack| stack.view()))
    }

    /// The chains of a job that may run code of a guest: those that do not wait for a call beside them. If all wait,
    /// the job's own.
    fn chains_to_stop(&self, job: &Job) -> Vec<Arc<Chain>> {
        let mut chains = self.chains_of(job.id());
        chains.retain(|chain| chain.with_frames(|frames| frames.activity()) != Activity::Joining);
        if chains.is_empty() { job.running().into_iter().collect() } else { chains }
    }
}
