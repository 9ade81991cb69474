//! A server as the pane's source: snapshots come over the wire, and what the views ask of them is answered here.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::front::pane::snapshot::{
    ActionError, ActiveHooks, Extent, HeldPlace, Snapshot, SnapshotQuery, SnapshotSource, Subject, Toggled, held,
    totals,
};
use crate::journal::{Record, stats};
use crate::kernel::hooks::Step;
use crate::kernel::{JobId, JobState, Killed, LogLine, ProcessDetail, ProcessId, StackView};
use crate::serve::client::{Client, Event, details, views};

/// Interval at which snapshots are taken.
const PERIOD: Duration = Duration::from_millis(150);
/// The longest wait for an answer: the pane stays as it was meanwhile.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// The most calls and log lines of one snapshot.
const ROWS_MAX: usize = 1_000;
/// The most ended calls that are kept; the oldest are forgotten first.
const RECORDS_MAX: usize = 10_000;

/// The source.
pub struct RemoteSource {
    client: Client,
    state: Mutex<Known>,
}

/// The last picture of the server.
#[derive(Default)]
struct Known {
    sampled: Option<(Instant, SnapshotQuery, usize)>,
    /// Ended calls by their numbers, at most [`RECORDS_MAX`].
    ended: BTreeMap<u64, Record>,
    running: Vec<Record>,
    log: Vec<LogLine>,
    /// The last call that was looked at, with its bytes.
    detailed: Option<Record>,
    stacks: Stacks,
    /// The last snapshot, whatever was asked for.
    last: Snapshot,
}

/// The stacks of the process or call that was looked at last.
#[derive(Default)]
struct Stacks {
    of: Option<Subject>,
    failed: Option<StackView>,
    held: Option<HeldPlace>,
}

impl Stacks {
    /// Keeps those that an answer has.
    fn note(&mut self, subject: Subject, answer: &Value) {
        let stack = |name: &str| details::stack_of(&answer[name]);
        // A server of before tells no source.
        let source = serde_json::from_value(answer["held_source"].clone()).ok().flatten();
        let held = stack("held_stack").map(|stack| HeldPlace { stack, source });
        *self = Stacks { of: Some(subject), failed: stack("stack"), held };
    }

    fn failed(&self, subject: Subject) -> Option<StackView> {
        self.failed.clone().filter(|_| self.of == Some(subject))
    }

    fn held(&self, subject: Subject) -> Option<HeldPlace> {
        self.held.clone().filter(|_| self.of == Some(subject))
    }
}

impl RemoteSource {
    /// The source of a client's server.
    pub fn new(client: Client) -> RemoteSource {
        RemoteSource { client, state: Mutex::default() }
    }

    /// Asks, and waits for at most [`ANSWER_MAX`].
    fn ask(&self, method: &str, params: &Value) -> Result<Value, ActionError> {
        let pending = self.client.request(method, params);
        let until = Instant::now() + ANSWER_MAX;
        loop {
            match pending.next(until.saturating_duration_since(Instant::now())) {
                Some(Event::Done(result)) => return result.map_err(ActionError::Server),
                Some(_) => {}
                None => return Err(ActionError::ServerSilent),
            }
        }
    }

    /// Runs a line in the client's session, which shows nothing of it.
    fn run(&self, line: &str) -> Result<(), ActionError> {
        let mut ran = self.ask("run", &json!({ "line": line }))?;
        match serde_json::from_value(ran["error"].take()) {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(ActionError::Server(error)),
            Err(_) => Err(ActionError::ServerSilent),
        }
    }
}

impl Known {
    /// Takes what a snapshot holds.
    fn take(&mut self, answer: &Value) {
        let now_ns = (answer["at_us"].as_f64().unwrap_or(0.0) * 1e3) as u64;
        let rows = |name: &str| answer[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let records = rows("calls").iter().map(|line| views::record_of(line, now_ns));
        let (ended, running): (Vec<Record>, Vec<Record>) = records.partition(|record| record.outcome.is_ended());
        self.ended.extend(ended.into_iter().map(|record| (record.seq, record)));
        while self.ended.len() > RECORDS_MAX {
            self.ended.pop_first();
        }
        self.running = running;
        self.log = rows("log").iter().filter_map(views::log_line_of).collect();
        let processes: Vec<_> = rows("processes").iter().map(views::process_of).collect();
        self.last = Snapshot {
            at: Duration::from_nanos(now_ns),
            totals: totals(&processes),
            processes,
            held: held(&self.running),
            events: rows("events").iter().filter_map(views::event_of).collect(),
            jobs: rows("jobs").iter().map(views::job_of).collect(),
            hooks: active_hooks(answer),
            ..Snapshot::default()
        };
    }

    /// A record of the snapshots, without bytes.
    fn record(&self, seq: u64) -> Option<Record> {
        self.ended.get(&seq).or_else(|| self.running.iter().find(|call| call.seq == seq)).cloned()
    }

    /// The number after which the next snapshot has news: calls that ran may have ended.
    fn after(&self) -> u64 {
        let oldest_running = self.running.iter().map(|call| call.seq).min();
        let newest = self.ended.last_key_value().map_or(0, |(seq, _)| *seq);
        oldest_running.map_or(newest, |seq| newest.min(seq.saturating_sub(1)))
    }

    /// The last snapshot as a query asks for it.
    fn narrowed(&self, query: &SnapshotQuery, calls_max: usize) -> Snapshot {
        let newest = |matching: &mut dyn Iterator<Item = &Record>, most: usize| {
            matching.filter(|call| query.matches(call)).take(most).cloned().collect::<Vec<Record>>()
        };
        let running = newest(&mut self.running.iter(), calls_max / 2);
        let mut calls = newest(&mut self.ended.values().rev(), calls_max - running.len());
        calls.extend(running);
        calls.sort_by_key(|call| call.seq);
        let mut snapshot = Snapshot { calls, ..self.last.clone() };
        snapshot.events.retain(|event| query.matches_event(event));
        snapshot.log = self.matching_log(query, calls_max);
        snapshot
    }

    fn matching_log(&self, query: &SnapshotQuery, lines_max: usize) -> Vec<LogLine> {
        let mut lines: Vec<LogLine> =
            self.log.iter().rev().filter(|line| query.matches_log(line)).take(lines_max).cloned().collect();
        lines.reverse();
        lines
    }

    fn job_of(&self, subject: Subject) -> Option<(JobId, JobState)> {
        let of_process = |id: ProcessId| {
            let job = self.last.jobs.iter().find(|job| job.chain.iter().any(|frame| frame.process.id == id))?;
            Some((job.id, job.state))
        };
        match subject {
            Subject::Process(id) => of_process(id),
            Subject::Call(seq) => {
                let job = self.running.iter().find(|call| call.seq == seq)?.job;
                self.last.jobs.iter().find(|view| view.id == job).map(|view| (view.id, view.state))
            }
        }
    }
}

fn active_hooks(answer: &Value) -> ActiveHooks {
    let count = |field: &str| answer[field].as_u64().unwrap_or(0);
    ActiveHooks {
        breakpoints: count("breakpoints"),
        faults: count("faults"),
        stubs: count("stubs"),
        is_recording: answer["recording"].as_bool().unwrap_or(false),
    }
}

impl SnapshotSource for RemoteSource {
    fn sample(&mut self, query: &SnapshotQuery, calls_max: usize) -> Option<Snapshot> {
        let (after, asked_before) = {
            let known = self.state.lock();
            let same = known.sampled.as_ref().filter(|(_, before, max)| before == query && *max == calls_max);
            if same.is_some_and(|(at, ..)| at.elapsed() < PERIOD) {
                return None;
            }
            (known.after(), known.sampled.is_some())
        };
        let answer = self.ask("snapshot", &json!({ "after": after, "limit": ROWS_MAX }));
        let known = self.state.get_mut();
        match answer {
            Ok(answer) => known.take(&answer),
            // The pane stays as it was.
            Err(_) if asked_before => {}
            Err(_) => return None,
        }
        known.sampled = Some((Instant::now(), query.clone(), calls_max));
        Some(known.narrowed(query, calls_max))
    }

    fn force_next_sample(&mut self) {
        self.state.get_mut().sampled = None;
    }

    fn calls_until(&self, query: &SnapshotQuery, seq_max: u64, calls_max: usize) -> Vec<Record> {
        let known = self.state.lock();
        let matching = known.ended.range(..=seq_max).rev().map(|(_, call)| call).filter(|call| query.matches(call));
        let mut calls: Vec<Record> = matching.take(calls_max).cloned().collect();
        calls.reverse();
        calls
    }

    fn log(&self, query: &SnapshotQuery, lines_max: usize) -> Vec<LogLine> {
        self.state.lock().matching_log(query, lines_max)
    }

    fn log_of_call(&self, seq: u64, lines_max: usize) -> Vec<LogLine> {
        let known = self.state.lock();
        known.log.iter().filter(|line| line.call_seq == Some(seq)).take(lines_max).cloned().collect()
    }

    fn call(&self, seq: u64) -> Option<Record> {
        let now_ns = {
            let known = self.state.lock();
            if let Some(record) =
                known.detailed.as_ref().filter(|record| record.seq == seq && record.outcome.is_ended())
            {
                return Some(record.clone());
            }
            u64::try_from(known.last.at.as_nanos()).unwrap_or(u64::MAX)
        };
        let answer = self.ask("record", &json!({ "seq": seq }));
        let mut known = self.state.lock();
        match answer {
            Ok(answer) => {
                let record = details::record_with_bytes_of(&answer, now_ns);
                known.stacks.note(Subject::Call(seq), &answer);
                known.detailed = Some(record.clone());
                Some(record)
            }
            Err(_) => known.record(seq),
        }
    }

    fn process(&self, id: ProcessId) -> Option<ProcessDetail> {
        let answer = self.ask("info", &json!({ "plugin": id.to_string() })).ok()?;
        let mut known = self.state.lock();
        let view = known.last.process(id)?.clone();
        known.stacks.note(Subject::Process(id), &answer);
        Some(details::process_detail_of(&answer, view))
    }

    fn stack_of_call(&self, seq: u64) -> Option<StackView> {
        self.state.lock().stacks.failed(Subject::Call(seq))
    }

    fn stack_of_process(&self, id: ProcessId) -> Option<StackView> {
        self.state.lock().stacks.failed(Subject::Process(id))
    }

    fn held_place(&self, subject: Subject) -> Option<HeldPlace> {
        self.state.lock().stacks.held(subject)
    }

    fn toggle_hold(&self, subject: Subject) -> Result<Toggled, ActionError> {
        let job = self.state.lock().job_of(subject);
        match job {
            None => Err(ActionError::NothingRuns),
            Some((job, JobState::Held)) => self.release(job, None).map(|()| Toggled::GoesOn(job)),
            Some((job, _)) => self.run(&format!("hold %{job}")).map(|()| Toggled::Held(job)),
        }
    }

    fn edges(&self, id: ProcessId) -> Vec<stats::StatsRow> {
        let known = self.state.lock();
        let of_it = known.ended.values().filter(|call| call.caller == id || call.callee == id);
        stats::Stats::of(stats::By::Edge, None, of_it).into_rows()
    }

    fn release(&self, job: JobId, step: Option<Step>) -> Result<(), ActionError> {
        match step {
            Some(_) => Err(ActionError::StepAtServer(job)),
            None => self.run(&format!("bg %{job}")),
        }
    }

    fn kill(&self, id: ProcessId, extent: Extent) -> Result<Killed, ActionError> {
        let recursive = extent == Extent::Subtree;
        let killed = self.ask("kill", &json!({ "target": id.to_string(), "recursive": recursive }))?;
        Ok(views::killed_of(&killed))
    }
}
