//! The stacks of the last failed calls, by the numbers of their records.

use std::collections::{BTreeMap, HashMap};

use super::stack::CallStack;
use crate::locks::{Mutex, Rank};

/// Most stacks that are kept; the oldest go first.
const STACKS_MAX: usize = 1024;
/// Most bytes of modules that the stacks hold on to, those of running plugins included.
const MODULE_BYTES_MAX: u64 = 256 << 20;

/// The stacks of one kernel.
pub struct StackLog {
    logged: Mutex<LoggedStacks>,
}

#[derive(Default)]
struct LoggedStacks {
    stacks: BTreeMap<u64, CallStack>,
    /// Count of stacks with a module, and its bytes, by address.
    modules: HashMap<usize, (usize, u64)>,
    module_bytes: u64,
}

impl Default for StackLog {
    fn default() -> Self {
        StackLog { logged: Mutex::new(Rank::Stacks, LoggedStacks::default()) }
    }
}

impl StackLog {
    /// Keeps the stack of a failed call.
    pub fn put(&self, seq: u64, stack: CallStack) {
        let mut gone = Vec::new();
        {
            let mut kept = self.logged.lock();
            kept.count(&stack, true);
            if let Some(before) = kept.stacks.insert(seq, stack) {
                kept.count(&before, false);
                gone.push(before);
            }
            while kept.stacks.len() > STACKS_MAX || kept.module_bytes > MODULE_BYTES_MAX && kept.stacks.len() > 1 {
                let Some((_, oldest)) = kept.stacks.pop_first() else { break };
                kept.count(&oldest, false);
                gone.push(oldest);
            }
        }
        // May free large modules: not under the lock.
        drop(gone);
    }

    /// The stack of a failed call, as far out as its failure went.
    pub fn get(&self, seq: u64) -> Option<CallStack> {
        let kept = self.logged.lock();
        let stack = kept.stacks.get(&seq)?.clone();
        Some(kept.outwards(stack))
    }

    /// The stack of the last failed call, with the call's number.
    pub fn newest(&self) -> Option<(u64, CallStack)> {
        let kept = self.logged.lock();
        kept.stacks.last_key_value().map(|(seq, stack)| (*seq, kept.outwards(stack.clone())))
    }

    /// A stack as far out as its failure went.
    pub fn whole(&self, stack: CallStack) -> CallStack {
        let kept = self.logged.lock();
        let same = stack.seq().and_then(|seq| kept.stacks.get(&seq).cloned());
        kept.outwards(same.unwrap_or(stack))
    }
}

impl LoggedStacks {
    fn outwards(&self, mut stack: CallStack) -> CallStack {
        loop {
            let Some(seq) = stack.seq() else { return stack };
            match self.stacks.get(&stack.parent_seq()) {
                Some(around) if around.has(seq) => stack = around.clone(),
                _ => return stack,
            }
        }
    }

    fn count(&mut self, stack: &CallStack, more: bool) {
        for module in stack.programs().flat_map(|program| &program.modules) {
            let at = module.bytes.as_ptr() as usize;
            let (stacks, bytes) = self.modules.entry(at).or_insert((0, module.bytes.len() as u64));
            if more {
                *stacks += 1;
                self.module_bytes += if *stacks == 1 { *bytes } else { 0 };
            } else {
                *stacks -= 1;
                if *stacks == 0 {
                    self.module_bytes -= *bytes;
                    self.modules.remove(&at);
                }
            }
        }
    }
}
