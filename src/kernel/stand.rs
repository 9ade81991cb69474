//! Where the plugins of a chain stand while it runs: the stack of a held call, of one that is looked at, and of one
//! whose failure its caller took as a value.

use super::stack::{CallStack, PluginFrames};
use super::task::Task;
use crate::runtime::InstanceStack;

impl Task {
    /// The stack `inner`, with the chain's calls around it; `skipped` of the deepest are left out. `stands` are those
    /// of guests that run or wait, the innermost first: a call without one is part of the stack all the same.
    pub fn stack_around(&self, inner: CallStack, skipped: usize, stands: Vec<InstanceStack>) -> CallStack {
        let calls = self.chain.calls();
        let mut stands = stands.into_iter().peekable();
        let mut stack = inner;
        for (depth, call) in calls.iter().enumerate().rev().skip(skipped) {
            let process = &call.process;
            let code = process.code();
            // Each instance has the spec of its code: a stand of another is one further out.
            let stand = stands.next_if(|stand| std::sync::Arc::ptr_eq(&stand.spec, &code.spec));
            stack = stack.within(PluginFrames {
                seq: call.seq,
                parent_seq: calls.iter().take(depth).rev().find_map(|call| call.seq).unwrap_or(0),
                process: process.label(),
                function: call.function,
                program: code.program.clone(),
                backtrace: stand.map(|stand| Box::new(stand.backtrace)),
                symbols: self.kernel.symbols().clone(),
            });
        }
        stack
    }

    /// Completes the stack of a nested call whose error the deepest call got as a value.
    pub fn keep_caught(&self, stands: Vec<InstanceStack>) {
        let failed = |frames: &mut super::frame::Frames| {
            frames.propagating.as_ref().and_then(|propagating| propagating.error.stack.as_deref().cloned())
        };
        let failed = self.chain.with_frames(failed);
        if let Some((stack, seq)) = failed.and_then(|stack| Some((stack.clone(), stack.seq()?))) {
            self.kernel.stacks().put(seq, self.stack_around(stack, 0, stands));
        }
    }
}
