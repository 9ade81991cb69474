//! Where the kernel asks the policy: before each nested call and each load by a guest. While no policy is loaded and calls
//! are not counted, a call costs one relaxed load here; with a policy an answer is remembered per caller, callee and
//! function.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Policy;
use super::asked::Who;
use crate::journal::Symbol;
use crate::journal::symbol::SYMBOL_BYTES_MAX;
use crate::kernel::process::Process;
use crate::kernel::view::ProcessId;
use crate::locks::{Rank, RwLock};
use crate::runtime::{Advice, Limit, Problem};

/// Most answers that are remembered; past it all are forgotten and asked for anew.
const ANSWERS_MAX: usize = 65_536;

/// The loaded policy, and the rate of calls.
pub struct PolicyGate {
    /// False while there is nothing to ask.
    on: AtomicBool,
    /// True once a process was loaded that says whom it may call.
    has_own: AtomicBool,
    calls_per_second_max: u64,
    started: Instant,
    loaded: RwLock<Option<Arc<Loaded>>>,
}

struct Loaded {
    policy: Arc<Policy>,
    /// Calls that are allowed. With the policy it belongs to, so that an answer never outlives it.
    allowed: RwLock<HashSet<(ProcessId, ProcessId, Symbol)>>,
}

impl PolicyGate {
    /// A gate without a policy; 0 calls a second: not counted.
    pub fn new(calls_per_second_max: u64) -> PolicyGate {
        PolicyGate {
            on: AtomicBool::new(calls_per_second_max > 0),
            has_own: AtomicBool::new(false),
            calls_per_second_max,
            started: Instant::now(),
            loaded: RwLock::new(Rank::Policy, None),
        }
    }

    /// Replaces the policy; every call that starts from now on is asked about.
    pub fn set(&self, policy: Option<Policy>) {
        let loaded = policy.map(|policy| {
            Arc::new(Loaded { policy: Arc::new(policy), allowed: RwLock::new(Rank::Allowed, HashSet::new()) })
        });
        let mut place = self.loaded.write();
        let on = self.calls_per_second_max > 0 || loaded.is_some() || self.has_own.load(Ordering::Relaxed);
        self.on.store(on, Ordering::Relaxed);
        *place = loaded;
    }

    /// A process is about to begin that says whom it may call: from now on every call is asked about.
    pub fn has_own(&self) {
        let _place = self.loaded.write();
        self.has_own.store(true, Ordering::Relaxed);
        self.on.store(true, Ordering::Relaxed);
    }

    /// The policy, if one is loaded.
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.loaded.read().as_ref().map(|loaded| loaded.policy.clone())
    }

    /// Whether there is anything to ask.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Whether `caller` may call now, and this; else why not.
    pub fn call(&self, caller: &Process, callee: &Process, function: &str, symbol: Symbol) -> Result<(), Problem> {
        self.count(caller)?;
        // What is no name of its own in the journal must not answer for another.
        let is_exact = symbol != Symbol::OTHER && function.len() < SYMBOL_BYTES_MAX;
        if let Some(own) = &caller.own {
            own.call(caller.who(), callee.who(), callee.id, function, is_exact.then_some(symbol))?;
        }
        let Some(loaded) = self.loaded.read().clone() else { return Ok(()) };
        let key = (caller.id, callee.id, symbol);
        if is_exact && loaded.allowed.read().contains(&key) {
            return Ok(());
        }
        let answer = loaded.policy.call(caller.who(), callee.who(), function);
        answer.map_err(|why| why.map(|why| format!("by the policy, {why}")))?;
        if is_exact {
            let mut allowed = loaded.allowed.write();
            if allowed.len() >= ANSWERS_MAX {
                allowed.clear();
            }
            allowed.insert(key);
        }
        Ok(())
    }

    /// Counts a call that a process makes of another in the present second.
    fn count(&self, caller: &Process) -> Result<(), Problem> {
        let most = self.calls_per_second_max;
        if most == 0 {
            return Ok(());
        }
        let second = self.started.elapsed().as_secs() & 0xffff_ffff;
        // The second in the upper half, its calls in the lower. One call runs in a process at a time, so nobody else
        // writes meanwhile.
        let before = caller.counters.call_rate.load(Ordering::Relaxed);
        let calls = if before >> 32 == second { before & 0xffff_ffff } else { 0 };
        if calls >= most {
            let who = caller.label();
            let why = format!("`{who}` made {most} calls in this second, the limit");
            return Err(Problem::advised(why, Advice::Raise(Limit::CallRate)));
        }
        caller.counters.call_rate.store(second << 32 | (calls + 1), Ordering::Relaxed);
        Ok(())
    }
}

impl Process {
    /// As the policy knows it.
    pub fn who(&self) -> Who<'_> {
        Who { name: &self.name, plugin: &self.plugin }
    }
}
