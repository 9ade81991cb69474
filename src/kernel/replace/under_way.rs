//! The replacements of a process that have begun and not ended: how many there may be, which of its reloads each is, and
//! how a kill finds them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Replacement, denied};
use crate::kernel::chain::Chain;
use crate::kernel::process::{Life, Process};
use crate::runtime::Failure;

/// How many replacements of one process may be under way at once.
const UNDER_WAY_MAX: usize = 16;

/// The replacements of one process that are under way, beside its slot.
#[derive(Default)]
pub struct Replacements {
    under_way: Vec<Starting>,
    /// How many reloads were asked for, and which of them has last taken place.
    reloads_asked: u64,
    reload_done: u64,
}

/// One that is under way.
pub struct Starting {
    /// The chain in which it starts.
    pub chain: u64,
    /// In whose name its instance starts, as soon as it does.
    stand_in: Option<Arc<Process>>,
}

impl Replacements {
    /// All that are under way, to be ended; none any more.
    pub fn take(&mut self) -> Vec<Starting> {
        std::mem::take(&mut self.under_way)
    }

    /// What the instances that start have committed.
    pub fn committed_bytes(&self) -> u64 {
        let stand_ins = self.under_way.iter().filter_map(|starting| starting.stand_in.as_ref());
        stand_ins.map(|stand_in| stand_in.counters.committed_bytes.load(Ordering::Relaxed)).sum()
    }

    /// Whether no reload that was asked for later has taken place.
    pub(super) fn is_newest(&self, reload: u64) -> bool {
        self.reload_done <= reload
    }

    /// A reload has taken place.
    pub(super) fn has_taken_place(&mut self, reload: u64) {
        self.reload_done = reload;
    }

    /// The instance of a replacement starts.
    pub(super) fn starts_in(&mut self, chain: u64, stand_in: &Arc<Process>) {
        if let Some(starting) = self.under_way.iter_mut().find(|starting| starting.chain == chain) {
            starting.stand_in = Some(stand_in.clone());
        }
    }
}

/// One replacement under way: a kill of its process ends the chain.
pub struct UnderWay<'a> {
    pub(super) chain: &'a Arc<Chain>,
    pub(super) process: &'a Arc<Process>,
    /// For the start.
    pub(super) timeout: Option<Duration>,
    /// Which of the process's reloads it is; 0 for a restart.
    pub(super) reload: u64,
}

impl<'a> UnderWay<'a> {
    /// Begins one; an error where the process does not live yet or any more, or too many are under way.
    pub(super) fn begin(
        chain: &'a Arc<Chain>,
        process: &'a Arc<Process>,
        what: &Replacement,
        timeout: Option<Duration>,
    ) -> Result<Self, Failure> {
        let mut slot = process.slot.lock();
        match &slot.life {
            Life::Alive => {}
            Life::Starting => return Err(denied("it has not started yet")),
            Life::Dead { reason, .. } => return Err(denied(&format!("it is dead: {reason}"))),
        }
        let replacements = &mut slot.replacements;
        if replacements.under_way.len() >= UNDER_WAY_MAX {
            return Err(denied(&format!(
                "{UNDER_WAY_MAX} restarts and reloads of it are under way, the most that can be"
            )));
        }
        replacements.under_way.push(Starting { chain: chain.id, stand_in: None });
        chain.replaces.store(process.id, Ordering::Relaxed);
        let reload = match what {
            Replacement::Restart => 0,
            Replacement::Reload { .. } => {
                replacements.reloads_asked += 1;
                replacements.reloads_asked
            }
        };
        Ok(UnderWay { chain, process, timeout, reload })
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let own = self.chain.id;
        self.chain.replaces.store(0, Ordering::Relaxed);
        let mut slot = self.process.slot.lock();
        let under_way = &mut slot.replacements.under_way;
        let at = under_way.iter().position(|starting| starting.chain == own);
        let starting = at.map(|at| under_way.swap_remove(at));
        drop(slot);
        drop(starting);
    }
}
