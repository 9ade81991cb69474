//! The public methods of a kernel that are a line or two over its parts. The others stand where their work is done:
//! `state` (making a kernel, its limits, its journal), `lookup` (processes and references to them), `resolve` (from
//! sources to programs), `load`, `kill`, `replace` (restart and reload), `watch` (reloads when files change),
//! `lifecycle` (starts and ends of processes), `nodes` (instances on other machines), `leave` (owners that go),
//! `host_requests` (their records), `inspect` (variables and memory), `lint`, `bench` and `profile/sampling`; of the
//! debugger `hooks/settings` (breakpoints, faults, stubs, payloads), `hooks/hold`, `hooks/stop`, `hooks/notes`,
//! `hooks/recording`, `hooks/code_stop` and `hooks/debugging` (stops in plugins' code). `tests/tidy` compares.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cause::Cause;
use super::error::CallError;
use super::hooks::StubRunner;
use super::job::{Job, OutputSink};
use super::notices::Notice;
use super::policy::Policy;
use super::stack::StackView;
use super::view::{JobId, LoadableView, LogLine, OwnerId, ProcessId, ProcessLabel};
use super::{CallPlan, Kernel, StreamTaker};
use crate::journal::Record;
use crate::runtime::about::{About, FunctionAbout};
use crate::runtime::{CompilationView, Failure, FuelCount, LogLevel};

impl Kernel {
    /// Names that `load` accepts: the plugin directories' and the built-in ones, sorted.
    pub fn loadable(&self) -> Vec<String> {
        let mut names = self.sources().names();
        names.extend(self.hooks().stub_names());
        names.sort();
        names.dedup();
        names
    }

    /// The directories that are searched for names before the built-in plugins, in order.
    pub fn plugin_dirs(&self) -> Arc<[PathBuf]> {
        self.sources().dirs()
    }

    /// Puts directories before those; the ones that are among them already stay where they are.
    pub fn add_plugin_dirs(&self, dirs: &[PathBuf]) {
        self.sources().add_dirs(dirs);
    }

    /// The names of [`Kernel::loadable`], in order, each with its source (`None`: a stub) and the description that its
    /// module has of itself. Reads each module.
    pub fn plugins(&self) -> Vec<LoadableView> {
        let listed = self.sources().listing().into_iter();
        let mut plugins: Vec<LoadableView> = listed
            .map(|(name, source)| {
                // A file that went away in between says nothing.
                let about = self.sources().about(&source).unwrap_or_default();
                LoadableView { name, source: Some(source), about }
            })
            .collect();
        for name in self.hooks().stub_names() {
            if plugins.iter().all(|known| known.name != name) {
                plugins.push(LoadableView { name, source: None, about: About::default() });
            }
        }
        plugins.sort_by(|one, other| one.name.cmp(&other.name));
        plugins
    }

    /// Description of the module that a name, path or built-in source stands for.
    ///
    /// # Errors
    /// The source cannot be found or read.
    pub fn about_source(&self, source: &str) -> Result<About, Failure> {
        self.sources().about(source)
    }

    /// The functions of a living process, with its module's description of them and of itself.
    pub fn about_process(&self, id: ProcessId) -> Option<About> {
        let functions = self.process(id)?.functions;
        let program = self.living(id)?.lock_slot().code.program.clone();
        let mut about = program.modules.last().map_or_else(About::default, |main| About::read(&main.bytes));
        let described = std::mem::take(&mut about.functions);
        let mut described: HashMap<String, FunctionAbout> =
            described.into_iter().map(|function| (function.name.clone(), function)).collect();
        let functions = functions.into_iter();
        about.functions =
            functions.map(|name| described.remove(&name).unwrap_or_else(|| FunctionAbout::named(&name))).collect();
        Some(about)
    }

    /// Replaces the policy; `None`: the built-in default.
    pub fn set_policy(&self, policy: Option<Policy>) {
        self.gate().set(policy);
    }

    /// The policy, if one is loaded.
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.gate().policy()
    }

    /// The least policy, as TOML, under which the loads and calls that are still in the logs would have been allowed.
    pub fn learn_policy(&self) -> String {
        let records = self.journal().drain().records(self.limits().journal_records_max);
        self.spawns().lock().learn(&records)
    }

    /// The heavy modules that are being compiled, the oldest first.
    pub fn compilations(&self) -> Vec<CompilationView> {
        self.images().compilations()
    }

    /// Gives the next process this id, or a later one where the id is taken: a replay gives ids as they were.
    pub fn skip_process_ids_to(&self, id: ProcessId) {
        self.table().write().skip_ids_to(id);
    }

    /// Whether the fuel of processes that are loaded or reloaded from now on is counted.
    pub fn counts_fuel(&self) -> bool {
        self.fuel_switch().load(Ordering::Relaxed)
    }

    /// Turns counting on or off for later loads and reloads. Living processes go on as they are.
    pub fn set_counts_fuel(&self, on: bool) {
        self.fuel_switch().store(on, Ordering::Relaxed);
    }

    /// Fuel count of a program that is loaded now: as `asked` for at its load, or by the switch.
    pub(super) fn fuel_count(&self, asked: FuelCount) -> FuelCount {
        match (asked, self.counts_fuel()) {
            (FuelCount::Asked, _) => FuelCount::Asked,
            (FuelCount::No | FuelCount::Traced, true) => FuelCount::Traced,
            (FuelCount::No | FuelCount::Traced, false) => FuelCount::No,
        }
    }

    /// Bytes that the memories and tables of all processes have committed.
    pub fn memory_bytes(&self) -> u64 {
        self.total_bytes().load(Ordering::Relaxed)
    }

    /// The calls that run now, as records with outcome `running` or `held`, by seq.
    pub fn running(&self) -> Vec<Record> {
        let mut records: Vec<Record> = self.chain_table().all().iter().flat_map(|chain| chain.records()).collect();
        records.sort_by_key(|record| record.seq);
        records
    }

    /// Where the plugins stood when a call failed: `None` for a call that did not, or long ago.
    pub fn stack(&self, seq: u64) -> Option<StackView> {
        self.stacks().get(seq).map(|stack| stack.view())
    }

    /// Where the plugins stood when a living process's last failed call failed.
    pub fn last_stack(&self, process: ProcessId) -> Option<StackView> {
        self.last_failure(process).map(|(_, stack)| stack)
    }

    /// Stack of a living process's last failed call, with the process.
    pub fn last_failure(&self, process: ProcessId) -> Option<(ProcessLabel, StackView)> {
        let process = self.living(process)?;
        let stack = process.with_slot(|slot| slot.last_stack.clone())?;
        Some((process.label(), self.stacks().whole(*stack).view()))
    }

    /// The job whose call occupies a living process.
    pub fn job_in(&self, process: ProcessId) -> Option<Job> {
        self.job(self.living(process)?.occupant()?.job)
    }

    /// Where the plugins stood when the last failed call failed, and the call's number.
    pub fn newest_stack(&self) -> Option<(u64, StackView)> {
        let (seq, stack) = self.stacks().newest()?;
        Some((seq, stack.view()))
    }

    /// Log lines after `after_seq`, oldest first, of one process or all.
    pub fn logs(&self, after_seq: u64, process: Option<ProcessId>) -> Vec<LogLine> {
        self.logbook().lines(after_seq, process)
    }

    /// The newest `lines_max` log lines that match among the newest `look_at_max`, oldest first.
    pub fn newest_logs(
        &self,
        lines_max: usize,
        look_at_max: usize,
        matches: impl Fn(&LogLine) -> bool,
    ) -> Vec<LogLine> {
        self.logbook().newest(lines_max, look_at_max, matches)
    }

    /// The newest `lines_max` lines that a call wrote, oldest first.
    pub fn logs_of_call(&self, call_seq: u64, lines_max: usize) -> Vec<LogLine> {
        self.newest_logs(lines_max, usize::MAX, |line| line.call_seq == Some(call_seq))
    }

    /// The lowest level of plugins' logs that is kept: the lowest that any owner wants.
    pub fn log_level(&self) -> LogLevel {
        self.logbook().level()
    }

    /// The lowest level of plugins' logs that an owner wants.
    pub fn log_level_of(&self, owner: OwnerId) -> LogLevel {
        self.owners().log_level(owner)
    }

    /// Keeps logs of this level and above for an owner.
    pub fn set_log_level(&self, owner: OwnerId, level: LogLevel) {
        let lowest = self.owners().set_log_level(owner, level);
        self.logbook().set_level(lowest);
    }

    /// The notices that wait for an owner (a reset that lost state, a background job's end), oldest first; taken
    /// once.
    pub fn take_notices(&self, owner: OwnerId) -> Vec<Notice> {
        self.owners().take(owner)
    }

    /// Gives plugins' writes to WASI's standard streams to `taker` from now on, at once; set once.
    pub fn set_stream_taker(&self, taker: StreamTaker) {
        // Only the first call counts.
        self.stream_taker().set(taker).ok();
    }

    /// Since the session began.
    pub fn uptime(&self) -> Duration {
        self.started().elapsed()
    }

    /// Starts a job on a thread of its own.
    ///
    /// # Errors
    /// A process of the plan has ended, too many jobs run, or no thread can be started.
    pub fn start(self: &Arc<Self>, plan: CallPlan) -> Result<Job, CallError> {
        Job::start(self, plan, None)
    }

    /// Starts a job whose output goes to `sink` whole, as the last thing that it does.
    ///
    /// # Errors
    /// As of [`Kernel::start`].
    pub fn start_into(self: &Arc<Self>, plan: CallPlan, sink: OutputSink) -> Result<Job, CallError> {
        Job::start(self, plan, Some(sink))
    }

    /// Ctrl-C of an owner: ends its foreground job's chain (or load); true if there was one.
    pub fn interrupt_foreground(&self, owner: OwnerId) -> bool {
        let chain = self.job_table().foreground(owner).upgrade();
        chain.is_some_and(|chain| {
            chain.end(Cause::Interrupted);
            true
        })
    }

    /// Jobs that run, and background jobs that ended and were not yet waited for, by id.
    pub fn jobs(&self) -> Vec<Job> {
        self.job_table().all()
    }

    /// A job of those.
    pub fn job(&self, id: JobId) -> Option<Job> {
        self.job_table().get(id)
    }

    /// Forgets an ended job (after `wait %N` or `fg %N` has printed it).
    pub fn reap(&self, id: JobId) {
        self.job_table().remove(id);
    }

    /// Sets the function that runs the commands of stubs from now on.
    pub fn set_stub_runner(&self, runner: StubRunner) {
        self.replace_stub_runner(runner);
    }
}
