//! A chain beside others: its parent call, and the chains that its calls have started.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Chain;
use crate::kernel::caller_ref::CallerRef;
use crate::kernel::cause::CancelledByCaller;
use crate::kernel::frame::{ChildChain, Frames, PropagatingError};
use crate::kernel::parent_call::{CallPlace, ParentCall, ParentChain};
use crate::kernel::process::Process;

impl Chain {
    /// `1:front.run → 2:cart.total`, outermost first.
    pub fn path(&self) -> String {
        self.path_in(&self.frames.lock())
    }

    /// The calls above this chain and its own, outermost first. Locks one chain after the other.
    pub fn calls(&self) -> Vec<CallPlace> {
        let mut calls = self.parent.as_ref().map_or_else(Vec::new, ParentCall::calls);
        self.with_frames(|frames| calls.extend(frames.stack.iter().map(CallPlace::of)));
        calls
    }

    /// The process that makes the next call; `None`: the shell.
    pub fn calling_process(&self) -> Option<Arc<Process>> {
        let own = self.with_frames(|frames| frames.stack.last().map(|frame| frame.process.clone()));
        own.or_else(|| self.parent.as_ref().map(|parent| parent.process.clone()))
    }

    /// The deepest frame as a caller, and the depth in the job of its next nested call.
    pub fn caller(&self) -> (CallerRef, u16) {
        let frames = self.frames.lock();
        (self.caller_of(&frames.stack), self.depth_above() + frames.stack.len() as u16 + 1)
    }

    /// The depth of the next call among the chain's own.
    pub fn next_own_depth(&self) -> u16 {
        self.frames.lock().stack.len() as u16 + 1
    }

    /// The deepest call as the one that starts another; `None` where there is none.
    pub fn as_parent(self: &Arc<Self>) -> Option<ParentCall> {
        let frames = self.frames.lock();
        let frame = frames.stack.last()?;
        let own_depth = frames.stack.len() as u16;
        Some(ParentCall {
            chain: self.clone(),
            own_depth,
            depth: self.depth_above() + own_depth,
            process: frame.process.clone(),
            caller: self.caller_of(&frames.stack),
            private: frame.private,
            path: self.path_in(&frames),
        })
    }

    /// Adds a chain that the deepest call starts; false when that call is to end.
    pub fn add_child(&self, child: Arc<dyn ChildChain>) -> bool {
        let mut frames = self.frames.lock();
        let is_over = self.is_cancelled() || frames.ended.is_some();
        if !is_over {
            let depth = frames.stack.len() as u16;
            frames.children.push((depth, child));
        }
        !is_over
    }

    /// Removes a chain that has ended.
    pub fn remove_child(&self, child: &Arc<Chain>) {
        let is_other = |chain: &Arc<dyn ChildChain>| !std::ptr::addr_eq(Arc::as_ptr(chain), Arc::as_ptr(child));
        self.frames.lock().children.retain(|(_, chain)| is_other(chain));
    }

    /// Adds the time of a join to the deepest call: `held_for` of it is nobody's.
    pub fn end_join(&self, took: Duration, held_for: Duration) {
        let mut frames = self.frames.lock();
        frames.joins = None;
        if !held_for.is_zero() {
            frames.add_held(held_for);
        }
        if let Some(caller) = frames.stack.last_mut() {
            caller.nested += took.saturating_sub(held_for);
        }
    }

    /// The failure of the chain's last call, as its callers get it; taken once.
    pub fn take_propagating(&self) -> Option<PropagatingError> {
        self.frames.lock().propagating.take().map(|propagating| *propagating)
    }
}

impl ParentChain for Chain {
    fn id(&self) -> u64 {
        self.id
    }

    fn parent(&self) -> Option<&ParentCall> {
        self.parent.as_ref()
    }

    fn visit_frames(&self, work: &mut dyn FnMut(&mut Frames)) {
        self.with_frames(work);
    }

    fn deadline(&self) -> Option<Instant> {
        let parent = self.parent.as_ref().and_then(|parent| parent.chain.deadline());
        self.own_deadline(None).into_iter().chain(parent).min()
    }

    fn pause_deadlines(&self) {
        self.frames.lock().pauses.begin();
        if let Some(parent) = &self.parent {
            parent.chain.pause_deadlines();
        }
    }

    fn resume_deadlines(&self) {
        let nearest = self.frames.lock().resume_deadlines();
        if let Some(at) = nearest {
            self.watch(at);
        }
        if let Some(parent) = &self.parent {
            parent.chain.resume_deadlines();
        }
    }
}

impl ChildChain for Chain {
    fn cancel_by_caller(&self, cancelled: &CancelledByCaller) {
        let mut frames = self.frames.lock();
        if frames.ended.is_none() {
            frames.ended = Some(cancelled.cause.clone());
            frames.cancelled_by_caller = Some(cancelled.clone());
        }
        self.wake(0, frames);
    }
}
