//! The parent of a chain that a call started: that call, and its own callers. A chain of the shell has no parent.

use std::sync::Arc;
use std::time::Instant;

use super::caller_ref::CallerRef;
use super::frame::{Frame, Frames};
use super::process::Process;
use crate::journal::Symbol;

/// The call that started a chain. It outlives the chain, because a call ends what it started before it ends itself.
pub struct ParentCall {
    /// The chain of the call.
    pub chain: Arc<dyn ParentChain>,
    /// The depth of the call among the frames of `chain`.
    pub own_depth: u16,
    /// The depth of the call in the job: with the calls above `chain`.
    pub depth: u16,
    pub process: Arc<Process>,
    /// The caller, as the records of the chain's calls name it.
    pub caller: CallerRef,
    /// Whether the bytes of the chain's calls are private.
    pub private: bool,
    /// The calls down to this one, as errors name them.
    pub path: String,
}

/// A chain, as the chains see it that its calls started.
pub trait ParentChain: Send + Sync {
    /// The chain's id.
    fn id(&self) -> u64;
    /// The call that started the chain.
    fn parent(&self) -> Option<&ParentCall>;
    /// Runs `work` on the chain's frames, under their lock.
    fn visit_frames(&self, work: &mut dyn FnMut(&mut Frames));
    /// The earliest deadline of the chain's calls and of those above; `None` while deadlines are suspended.
    fn deadline(&self) -> Option<Instant>;
    /// Suspends the chain's deadlines and those above, once more.
    fn pause_deadlines(&self);
    /// Ends one suspension. The last one moves the deadlines by the time that it took.
    fn resume_deadlines(&self);
}

/// One call of a chain.
pub struct CallPlace {
    pub process: Arc<Process>,
    pub function: Symbol,
    /// The number of the call's record; `None` for a start.
    pub seq: Option<u64>,
}

impl CallPlace {
    /// The place of a frame.
    pub fn of(frame: &Frame) -> CallPlace {
        CallPlace { process: frame.process.clone(), function: frame.function, seq: frame.record_seq() }
    }
}

impl ParentCall {
    /// The chains above, the nearest first, each with the depth of its call that stands there.
    pub fn chains(&self) -> impl Iterator<Item = &ParentCall> {
        std::iter::successors(Some(self), |parent| parent.chain.parent())
    }

    /// The calls above, outermost first. Locks one chain after the other.
    pub fn calls(&self) -> Vec<CallPlace> {
        let mut calls: Vec<CallPlace> = Vec::new();
        for parent in self.chains() {
            parent.chain.visit_frames(&mut |frames| {
                let part = frames.stack.iter().take(usize::from(parent.own_depth)).map(CallPlace::of);
                calls.splice(0..0, part.collect::<Vec<_>>());
            });
        }
        calls
    }

    /// Whether the call at `depth` of the chain `id` is one of those above.
    pub fn has(&self, id: u64, depth: u16) -> bool {
        self.chains().any(|parent| parent.chain.id() == id && depth <= parent.own_depth)
    }

    /// The outermost chain: the one of the job's thread.
    pub fn outermost(&self) -> &dyn ParentChain {
        self.chains().last().map_or(&*self.chain, |parent| &*parent.chain)
    }
}
