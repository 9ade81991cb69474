//! The kernel as a source of snapshots. The sampling rate is bounded by the samples' own cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::journal::{Drained, Record, merge_running, stats};
use crate::kernel::hooks::{Order, Step};
use crate::kernel::{Job, JobId, Kernel, Killed, LogLine, ProcessDetail, ProcessId, StackView};
use crate::shell::excerpt::Excerpt;

use super::preview::with_preview;
use super::snapshot::{
    ActionError, ActiveHooks, Extent, HeldPlace, Snapshot, SnapshotQuery, SnapshotSource, Toggled, held, totals,
};
use super::subject::Subject;

/// Sampling takes at most 1/`COST_SHARE` of a core.
const COST_SHARE: u32 = 30;
/// Interval at which a kernel without calls is sampled: processes may have been loaded or killed.
const IDLE_PERIOD: Duration = Duration::from_millis(200);
/// Calls that are fetched beyond those known to be new: more may end between two reads of the journal.
const EXTRA_CALLS: u64 = 1024;
/// The most starts and ends of processes in a snapshot.
const EVENTS_MAX: usize = 256;
/// The newest log lines that a sample looks at: rare matches further back are found by scrolling.
const LOG_LINES_LOOKED_AT: usize = 4_096;
/// How long the pane waits for a guest to stop where it is.
const HOLD_WAIT_MAX: Duration = Duration::from_millis(100);

/// The kernel as the pane sees it.
pub struct KernelSource {
    kernel: Arc<Kernel>,
    last: Option<Last>,
}

/// The previous sample.
struct Last {
    at: Instant,
    cost: Duration,
    query: SnapshotQuery,
    calls_max: usize,
    /// All calls that have ended so far.
    total: u64,
    was_running: bool,
    /// The newest ended calls that match, by seq.
    ended: Vec<Record>,
}

impl KernelSource {
    /// A source with no sample yet.
    pub fn new(kernel: Arc<Kernel>) -> KernelSource {
        KernelSource { kernel, last: None }
    }

    /// The newest ended calls that match: those of the previous sample and those that ended since, so that rare matches
    /// do not cost a search of the whole journal each time.
    fn ended(&self, journal: Drained<'_>, query: &SnapshotQuery, calls_max: usize, total: u64) -> Vec<Record> {
        let known = self.last.as_ref().filter(|last| last.query == *query && last.calls_max >= calls_max);
        let (mut ended, look_at) = match known {
            _ if journal.is_empty() => return Vec::new(),
            Some(last) => (last.ended.clone(), total.saturating_sub(last.total).saturating_add(EXTRA_CALLS)),
            None => (Vec::new(), u64::MAX),
        };
        let look_at = usize::try_from(look_at).unwrap_or(usize::MAX);
        ended.extend(journal.with_records(|records| -> Vec<Record> {
            let matching = records.rev().take(look_at).filter(|call| query.matches(call));
            matching.take(calls_max).map(with_preview).collect()
        }));
        ended.sort_by_key(|call| call.seq);
        ended.dedup_by_key(|call| call.seq);
        ended.drain(..ended.len().saturating_sub(calls_max));
        ended
    }
}

impl KernelSource {
    /// The job that runs in a process or has made a call that still runs.
    fn job_of(&self, subject: Subject) -> Option<Job> {
        match subject {
            Subject::Process(id) => self.kernel.job_in(id),
            Subject::Call(seq) => {
                let call = self.kernel.running().into_iter().find(|call| call.seq == seq)?;
                self.kernel.job(call.job)
            }
        }
    }
}

impl SnapshotSource for KernelSource {
    fn sample(&mut self, query: &SnapshotQuery, calls_max: usize) -> Option<Snapshot> {
        let began = Instant::now();
        let asked_before = self.last.as_ref().filter(|last| last.query == *query && last.calls_max == calls_max);
        if asked_before.is_some_and(|last| began.duration_since(last.at) < last.cost * COST_SHARE) {
            return None;
        }
        // Running calls are read first: a call that ends in between is then in both lists, and not missed.
        let running = self.kernel.running();
        let journal = self.kernel.journal().drain();
        let total = journal.total();
        let quiet = |last: &Last| last.total == total && !last.was_running && running.is_empty();
        if asked_before.is_some_and(|last| quiet(last) && began.duration_since(last.at) < IDLE_PERIOD) {
            return None;
        }
        let ended = self.ended(journal, query, calls_max, total);
        let processes = self.kernel.processes(true);
        let was_running = !running.is_empty();
        let held = held(&running);
        let running = running.into_iter().filter(|call| query.matches(call)).collect();
        let snapshot = Snapshot {
            at: self.kernel.uptime(),
            totals: totals(&processes),
            processes,
            calls: newest_calls(merge_running(ended.clone(), running), calls_max),
            held,
            events: self.kernel.life_events(EVENTS_MAX, |event| query.matches_event(event)),
            log: self.kernel.newest_logs(calls_max, LOG_LINES_LOOKED_AT, |line| query.matches_log(line)),
            jobs: self.kernel.jobs().iter().map(|job| job.view()).collect(),
            hooks: active_hooks(&self.kernel),
        };
        let cost = began.elapsed();
        self.last = Some(Last { at: began, cost, query: query.clone(), calls_max, total, was_running, ended });
        Some(snapshot)
    }

    fn force_next_sample(&mut self) {
        self.last = None;
    }

    fn calls_until(&self, query: &SnapshotQuery, seq_max: u64, calls_max: usize) -> Vec<Record> {
        self.kernel.journal().drain().with_records(|records| {
            let matching = records.rev().filter(|call| call.seq <= seq_max && query.matches(call));
            let mut calls: Vec<Record> = matching.take(calls_max).map(with_preview).collect();
            calls.sort_by_key(|call| call.seq);
            calls
        })
    }

    fn log(&self, query: &SnapshotQuery, lines_max: usize) -> Vec<LogLine> {
        self.kernel.newest_logs(lines_max, usize::MAX, |line| query.matches_log(line))
    }

    fn log_of_call(&self, seq: u64, lines_max: usize) -> Vec<LogLine> {
        self.kernel.logs_of_call(seq, lines_max)
    }

    fn call(&self, seq: u64) -> Option<Record> {
        let running = || self.kernel.running().into_iter().find(|call| call.seq == seq);
        self.kernel.journal().drain().get(seq).or_else(running)
    }

    fn process(&self, id: ProcessId) -> Option<ProcessDetail> {
        self.kernel.process(id)
    }

    fn stack_of_call(&self, seq: u64) -> Option<StackView> {
        self.kernel.stack(seq)
    }

    fn stack_of_process(&self, id: ProcessId) -> Option<StackView> {
        self.kernel.last_stack(id)
    }

    fn held_place(&self, subject: Subject) -> Option<HeldPlace> {
        let job = self.job_of(subject).filter(Job::is_held)?;
        let view = self.kernel.held_of(job.id())?;
        let source = Excerpt::of_held(&self.kernel, &view);
        Some(HeldPlace { stack: view.stack, source })
    }

    fn toggle_hold(&self, subject: Subject) -> Result<Toggled, ActionError> {
        let job = self.job_of(subject).ok_or(ActionError::NothingRuns)?;
        if job.is_held() {
            return self.release(job.id(), None).map(|()| Toggled::GoesOn(job.id()));
        }
        let is_held = self.kernel.hold_job_within(&job, HOLD_WAIT_MAX).map_err(ActionError::Hold)?;
        Ok(if is_held { Toggled::Held(job.id()) } else { Toggled::HeldLater(job.id()) })
    }

    fn edges(&self, id: ProcessId) -> Vec<stats::StatsRow> {
        let edges = self.kernel.journal().drain().with_records(|records| {
            stats::Stats::of(stats::By::Edge, None, records.filter(|call| call.caller == id || call.callee == id))
        });
        edges.into_rows()
    }

    fn release(&self, job: JobId, step: Option<Step>) -> Result<(), ActionError> {
        self.kernel.release(job, Order::Continue(step)).map_err(ActionError::Hold)
    }

    fn kill(&self, id: ProcessId, extent: Extent) -> Result<Killed, ActionError> {
        self.kernel.kill(id, extent == Extent::Subtree).map_err(ActionError::Kill)
    }
}

/// The last `calls_max` calls. Older running calls stay on top, in up to half of the rows, so that the start of a
/// running chain stays visible.
fn newest_calls(calls: Vec<Record>, calls_max: usize) -> Vec<Record> {
    let first = calls.len().saturating_sub(calls_max);
    let (before, shown) = calls.split_at(first);
    let mut pinned: Vec<Record> =
        before.iter().filter(|call| !call.outcome.is_ended()).take(calls_max / 2).cloned().collect();
    let room = calls_max - pinned.len();
    pinned.extend_from_slice(shown.get(shown.len().saturating_sub(room)..).unwrap_or_default());
    pinned
}

fn active_hooks(kernel: &Kernel) -> ActiveHooks {
    let debug = kernel.debug_notes();
    let count = |hooks: usize| hooks as u64;
    ActiveHooks {
        breakpoints: count(debug.breakpoints.len()),
        faults: count(debug.faults.len()),
        stubs: count(debug.stubs.len()),
        is_recording: debug.recording,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::call;
    use crate::journal::Outcome;

    #[test]
    fn running_calls_from_before_stay_on_top_of_the_last_ones() {
        let mut calls: Vec<Record> = (1..=100).map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).collect();
        calls[0].outcome = Outcome::Running;
        calls[1].outcome = Outcome::Running;
        let seqs = |calls: Vec<Record>| calls.iter().map(|call| call.seq).collect::<Vec<_>>();
        assert_eq!(seqs(newest_calls(calls.clone(), 6)), [1, 2, 97, 98, 99, 100]);
        assert_eq!(seqs(newest_calls(calls.clone(), 3)), [1, 99, 100], "at most half of the rows");
        assert_eq!(newest_calls(calls.clone(), 500).len(), 100);
        assert_eq!(newest_calls(calls, 0).len(), 0);
    }
}
