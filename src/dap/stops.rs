//! Events of jobs for the client: threads that begin and end, stops, and breakpoints whose plugin was loaded.
//!
//! The kernel is looked at each [`STEP`], as the pane does: a job may be anybody's, and be held anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::breakpoints::Hit;
use super::debuggee::Debuggee;
use super::handles::{FrameKey, FrameOf};
use super::outlet::Stream;
use super::variables::Look;
use crate::kernel::JobId;
use crate::kernel::hooks::{HeldView, HoldReason, Order};
use crate::runtime::stopping::StopCause;
use crate::shell::stopped::{frames_of, shown_frame};
use crate::shell::words::held::held_title;

/// Interval at which the kernel is looked at.
const STEP: Duration = Duration::from_millis(10);
/// Interval at which breakpoints that are nowhere are looked for.
const RESOLVE_STEP: Duration = Duration::from_millis(100);
/// The most variables of one log message.
const LOG_VARIABLES_MAX: usize = 32;

/// The events that the client has had.
pub struct Stops {
    debuggee: Arc<Debuggee>,
    threads: BTreeSet<JobId>,
    /// The hold of each job that it has heard of.
    holds: BTreeMap<JobId, u64>,
    resolved: Instant,
}

impl Stops {
    /// No event was sent yet.
    pub fn new(debuggee: Arc<Debuggee>) -> Stops {
        Stops { debuggee, threads: BTreeSet::new(), holds: BTreeMap::new(), resolved: Instant::now() }
    }

    /// Sends events until `over` is dropped.
    pub fn send(mut self, over: &Receiver<()>) {
        while over.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
            self.look();
        }
    }

    fn look(&mut self) {
        let running: BTreeSet<JobId> =
            self.debuggee.kernel.jobs().iter().filter(|job| job.is_running()).map(|job| job.id()).collect();
        for job in running.difference(&self.threads) {
            self.debuggee.outlet.event("thread", json!({ "reason": "started", "threadId": job }));
        }
        // Before the ends: a job that is held has not ended.
        if self.resolved.elapsed() >= RESOLVE_STEP {
            self.resolve();
        }
        let held = self.look_at_holds();
        for job in self.threads.difference(&running) {
            self.debuggee.outlet.event("thread", json!({ "reason": "exited", "threadId": job }));
        }
        self.holds.retain(|job, _| running.contains(job) || held.contains(job));
        self.threads = running;
    }

    /// Gives the held jobs.
    fn look_at_holds(&mut self) -> BTreeSet<JobId> {
        let mut seen = BTreeSet::new();
        for view in self.debuggee.kernel.held() {
            // Of several held calls of a job, the oldest is the one that goes on first.
            if seen.insert(view.job) && self.holds.insert(view.job, view.number) != Some(view.number) {
                self.meet(&view);
            }
        }
        seen
    }

    fn meet(&mut self, view: &HeldView) {
        // The client knows where its breakpoint is before it hears that a job is held there.
        self.resolve();
        let debuggee = &self.debuggee;
        let hit = match view.reason {
            HoldReason::Asked => Hit::Stop("pause"),
            HoldReason::Step => Hit::Stop("step"),
            HoldReason::Breakpoint(id) => debuggee.known().breakpoints.hit(&debuggee.kernel, id),
        };
        match hit {
            Hit::Stop(reason) => {
                debuggee.known().take_step(view.job);
                self.stopped(view, reason);
            }
            Hit::Pass => self.pass(view.job),
            Hit::Log(message) => {
                debuggee.outlet.output(Stream::Console, &format!("{}\n", self.log_text(view, &message)));
                self.pass(view.job);
            }
        }
    }

    fn stopped(&self, view: &HeldView, reason: &str) {
        let title = held_title(view);
        let mut body = json!({
            "reason": reason,
            "description": title,
            "threadId": view.job,
            "allThreadsStopped": false,
        });
        if let HoldReason::Breakpoint(id) = view.reason {
            body["hitBreakpointIds"] = json!([id]);
        }
        if let Some(StopCause::Trap(trap)) = view.code.as_ref().map(|at| &at.cause) {
            body["text"] = trap.as_str().into();
        }
        self.debuggee.outlet.event("stopped", body);
    }

    /// Lets a job go on that does not stop for the client, on the step that it was on.
    fn pass(&self, job: JobId) {
        let step = self.debuggee.known().take_step(job);
        // An error is another's order, which came first.
        match step {
            Some(step) => self.debuggee.go_on(job, Some(step)).ok(),
            None => self.debuggee.kernel.release(job, Order::Continue(None)).ok(),
        };
    }

    /// A log message with the values of the variables that it names in braces.
    fn log_text(&self, view: &HeldView, message: &str) -> String {
        let frame = shown_frame(&frames_of(view)).map(|frame| FrameOf::Code(frame.number));
        let key = FrameKey { job: view.job, hold: view.number, frame: frame.unwrap_or(FrameOf::Call(0)) };
        let look = Look { kernel: &self.debuggee.kernel, view, key };
        let mut text = String::new();
        let mut rest = message;
        for _ in 0..LOG_VARIABLES_MAX {
            let named = rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)));
            let Some((before, (path, after))) = named else { break };
            text.push_str(before);
            text.push_str(&look.text(path.trim()).unwrap_or_else(|why| format!("<{why}>")));
            rest = after;
        }
        text + rest
    }

    fn resolve(&mut self) {
        self.resolved = Instant::now();
        let mut known = self.debuggee.known();
        if !known.breakpoints.has_pending() {
            return;
        }
        let setter = self.debuggee.setter(known.client);
        for breakpoint in known.breakpoints.moved(&setter) {
            self.debuggee.outlet.event("breakpoint", json!({ "reason": "changed", "breakpoint": breakpoint }));
        }
    }
}
