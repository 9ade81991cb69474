//! The kernel's policy check before each nested call and each load by a guest. Without a policy and a rate limit a call
//! costs one relaxed load here. With a policy, allowed calls are cached by caller, callee and function.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Policy;
use super::asked::Who;
use super::denial::Denial;
use crate::journal::Symbol;
use crate::journal::symbol::SYMBOL_BYTES_MAX;
use crate::kernel::process::Process;
use crate::kernel::view::ProcessId;
use crate::locks::{Rank, RwLock};

/// Most cached answers; past this the cache is cleared.
const ANSWERS_MAX: usize = 65_536;

/// The loaded policy, and the rate of calls.
pub struct PolicyGate {
    /// False while calls need no check.
    on: AtomicBool,
    /// True once a process with its own list of allowed calls was loaded.
    has_own: AtomicBool,
    calls_per_second_max: Option<u64>,
    started: Instant,
    loaded: RwLock<Option<Arc<Loaded>>>,
}

struct Loaded {
    policy: Arc<Policy>,
    /// The cache of allowed calls. It lives as long as its policy.
    allowed: RwLock<HashSet<(ProcessId, ProcessId, Symbol)>>,
}

impl PolicyGate {
    /// A gate without a policy; 0 calls a second: no rate limit.
    pub fn new(calls_per_second_max: Option<u64>) -> PolicyGate {
        PolicyGate {
            on: AtomicBool::new(calls_per_second_max.is_some()),
            has_own: AtomicBool::new(false),
            calls_per_second_max,
            started: Instant::now(),
            loaded: RwLock::new(Rank::Policy, None),
        }
    }

    /// Replaces the policy; it applies to every call that starts from now on.
    pub fn set(&self, policy: Option<Policy>) {
        let loaded = policy.map(|policy| {
            Arc::new(Loaded { policy: Arc::new(policy), allowed: RwLock::new(Rank::Allowed, HashSet::new()) })
        });
        let mut place = self.loaded.write();
        let on = self.calls_per_second_max.is_some() || loaded.is_some() || self.has_own.load(Ordering::Relaxed);
        self.on.store(on, Ordering::Relaxed);
        *place = loaded;
    }

    /// Turns the checks on for a process with its own list of allowed calls.
    pub fn check_own_grants(&self) {
        let _place = self.loaded.write();
        self.has_own.store(true, Ordering::Relaxed);
        self.on.store(true, Ordering::Relaxed);
    }

    /// The policy, if one is loaded.
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.loaded.read().as_ref().map(|loaded| loaded.policy.clone())
    }

    /// Whether calls need a check.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Whether `caller` may make this call now: by its rate, its own grants and the policy.
    ///
    /// # Errors
    /// The rate, the caller's grants or the policy refuse the call; with the rule and advice.
    pub fn call(&self, caller: &Process, callee: &Process, function: &str, symbol: Symbol) -> Result<(), Denial> {
        self.count(caller)?;
        // A function whose symbol is shared or truncated must not use the cache: another function may have that symbol.
        let is_exact = symbol != Symbol::OTHER && function.len() < SYMBOL_BYTES_MAX;
        if let Some(own) = &caller.own {
            own.call(caller.who(), callee.who(), callee.id, function, is_exact.then_some(symbol))?;
        }
        let Some(loaded) = self.loaded.read().clone() else { return Ok(()) };
        let key = (caller.id, callee.id, symbol);
        if is_exact && loaded.allowed.read().contains(&key) {
            return Ok(());
        }
        loaded.policy.call(caller.who(), callee.who(), function)?;
        if is_exact {
            let mut allowed = loaded.allowed.write();
            if allowed.len() >= ANSWERS_MAX {
                allowed.clear();
            }
            allowed.insert(key);
        }
        Ok(())
    }

    /// Counts a nested call of a process in the current second.
    fn count(&self, caller: &Process) -> Result<(), Denial> {
        let Some(calls_max) = self.calls_per_second_max else { return Ok(()) };
        let second = self.started.elapsed().as_secs() & 0xffff_ffff;
        // The upper half is the second, the lower half its calls. One call runs in a process at a time, so there is one
        // writer.
        let before = caller.counters.call_rate.load(Ordering::Relaxed);
        let calls = if before >> 32 == second { before & 0xffff_ffff } else { 0 };
        if calls >= calls_max {
            return Err(Denial::Rate { caller: caller.label(), calls_max });
        }
        caller.counters.call_rate.store(second << 32 | (calls + 1), Ordering::Relaxed);
        Ok(())
    }
}

impl Process {
    /// The process as policy rules match it.
    pub fn who(&self) -> Who<'_> {
        Who { name: &self.name, plugin: &self.plugin }
    }
}
