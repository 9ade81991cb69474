//! The operating system of plugins: process table, call path, chains, jobs, limits. Knows no wasm.
//!
//! Locks are held for moments, never while a guest runs, and taken in this order, each below those before it: the jobs; the
//! waits; the table; a process's slot; a chain's frames, the rules of the hooks, the policy's gate, the watches, what is
//! known to be resident; a job's end, the clock, the journal's lanes. The list of chains, the foreground, the notices and
//! the logbook have nothing below them. Who is to be told of something (a recorder, a waiting chain) is told when the lock
//! is given back, and an instance or an image is dropped then: that takes system calls.

mod bench;
mod call;
mod chain;
mod clock;
mod code;
mod debug;
pub mod error;
mod frame;
pub mod hooks;
mod job;
mod job_table;
mod kill;
mod launch;
pub mod limits;
mod load;
mod logbook;
mod lookup;
pub mod names;
mod pipe;
mod plan;
pub mod policy;
mod process;
mod replace;
mod spawn;
mod supervise;
pub mod supervision;
mod table;
mod task;
mod upcalls;
pub mod view;
mod waits;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, RwLock};

pub use crate::text::escape_control;
pub use bench::{Bench, BenchRound, BenchWork, RoundTimes};
pub use error::CallError;
pub use frame::Deadline;
pub use job::{Job, JobEnd, OutputSink, Waited};
pub use limits::{Amount, LimitView, Limits};
pub use load::LoadRequest;
pub use plan::{CallPlan, CallStage};
pub use policy::Policy;
pub use replace::{Replaced, Replacement};
pub use supervision::{CrashesMax, OnCrash, Restart, Supervision};
pub use view::{
    FrameView, JobId, JobState, JobView, Killed, LoadableView, LogLine, ProcessDetail, ProcessId, ProcessLabel,
    ProcessState, ProcessView,
};
pub use watch::watchable;

use self::chain::Chain;
use self::clock::Clock;
use self::hooks::Hooks;
use self::logbook::Logbook;
use self::policy::gate::PolicyGate;
use self::policy::learn::{Spawn, Spawns};
use self::table::Table;
use self::waits::Waits;
use self::watch::Watches;
use crate::journal::{Journal, JournalLimits, Record};
use crate::runtime::source::Sources;
use crate::runtime::{CompilationView, CompilerOptions, Images, LogLevel, StandardStream, Wording};

/// What a kernel is made with.
#[derive(Debug, Clone, Default)]
pub struct KernelOptions {
    /// Directories searched for names, in order, before the built-in plugins.
    pub plugin_dirs: Vec<PathBuf>,
    pub limits: Limits,
    /// Where compiled modules are kept between runs; `None`: nowhere.
    pub cache_dir: Option<PathBuf>,
    /// The program that compiles heavy modules, in processes that can be ended: plugsh itself. `None`: they are compiled in
    /// this process.
    pub compiler: Option<PathBuf>,
    /// How ways on after a failure are told, in records, to guests and in errors.
    pub wording: Wording,
}

/// The kernel of one shell.
pub struct Kernel {
    started: Instant,
    /// The same moment by the calendar.
    started_at: SystemTime,
    limits: Limits,
    images: Arc<Images>,
    sources: Sources,
    table: RwLock<Table>,
    total_bytes: Arc<AtomicU64>,
    journal: Arc<Journal>,
    logbook: Logbook,
    clock: Arc<Clock>,
    waits: Waits,
    jobs: Mutex<BTreeMap<JobId, Job>>,
    foreground: Mutex<Weak<Chain>>,
    /// By their ids; one goes when its last owner has.
    chains: Mutex<Vec<(u64, Weak<Chain>)>>,
    next_chain: AtomicU64,
    next_job: AtomicU32,
    notices: Mutex<VecDeque<String>>,
    gate: PolicyGate,
    spawns: Mutex<Spawns>,
    watches: Watches,
    /// Who is given what plugins write to WASI's standard streams; nobody: their logs are.
    stream_taker: OnceLock<StreamTaker>,
    hooks: Hooks,
    wording: Wording,
    /// For a second kernel like this one.
    plugin_dirs: Vec<PathBuf>,
}

/// Takes what plugins write to WASI's standard streams, on the thread of the call.
pub type StreamTaker = Arc<dyn Fn(StandardStream, &[u8]) + Send + Sync>;

/// Notices that wait for the prompt; older ones go first.
const NOTICES_MAX: usize = 100;

impl Kernel {
    /// An empty process table.
    pub fn new(options: KernelOptions) -> Arc<Kernel> {
        let compiler = CompilerOptions {
            program: options.compiler.clone(),
            heavy_max: options.limits.compilations_max,
            memory_bytes_max: options.limits.compile_memory_bytes_max,
        };
        let images = Arc::new(Images::with(options.cache_dir.clone(), compiler));
        Kernel::with_images(options, images)
    }

    /// A second kernel with the same limits, plugin directories, compiled modules and stubs, and no process: for replays.
    pub fn fresh(&self) -> Arc<Kernel> {
        let (plugin_dirs, limits) = (self.plugin_dirs.clone(), self.limits.clone());
        // The images come with their cache.
        let options = KernelOptions { plugin_dirs, limits, wording: self.wording, ..KernelOptions::default() };
        let kernel = Kernel::with_images(options, self.images.clone());
        kernel.hooks.take_stubs_of(&self.hooks);
        kernel
    }

    fn with_images(options: KernelOptions, images: Arc<Images>) -> Arc<Kernel> {
        let limits = options.limits;
        let journal_limits = JournalLimits {
            records_max: limits.journal_records_max,
            payload_bytes_total_max: limits.payload_bytes_max,
            ..JournalLimits::default()
        };
        Arc::new(Kernel {
            started: Instant::now(),
            started_at: SystemTime::now(),
            sources: Sources::new(options.plugin_dirs.clone()),
            plugin_dirs: options.plugin_dirs,
            hooks: Hooks::default(),
            wording: options.wording,
            table: RwLock::new(Table::new(limits.dead_max)),
            total_bytes: Arc::new(AtomicU64::new(0)),
            journal: Arc::new(Journal::new(journal_limits)),
            logbook: Logbook::new(limits.log_bytes_max, limits.log_lines_per_second_max),
            clock: Arc::new(Clock::new(images.clone())),
            waits: Waits::default(),
            jobs: Mutex::new(BTreeMap::new()),
            foreground: Mutex::new(Weak::new()),
            chains: Mutex::new(Vec::new()),
            next_chain: AtomicU64::new(1),
            next_job: AtomicU32::new(1),
            notices: Mutex::new(VecDeque::new()),
            gate: PolicyGate::new(limits.calls_per_second_max),
            spawns: Mutex::new(Spawns::default()),
            watches: Watches::default(),
            stream_taker: OnceLock::new(),
            images,
            limits,
        })
    }

    /// Names that `load` accepts: the plugin directories' and the built-in ones, sorted.
    pub fn loadable(&self) -> Vec<String> {
        let mut names = self.sources.names();
        names.extend(self.hooks.stub_names());
        names.sort();
        names.dedup();
        names
    }

    /// The same names, each with the source it stands for, in order; `None`: a stub stands in for it.
    pub fn plugins(&self) -> Vec<LoadableView> {
        let listed = self.sources.listing().into_iter();
        let mut plugins: Vec<LoadableView> =
            listed.map(|(name, source)| LoadableView { name, source: Some(source) }).collect();
        for name in self.hooks.stub_names() {
            if plugins.iter().all(|known| known.name != name) {
                plugins.push(LoadableView { name, source: None });
            }
        }
        plugins.sort();
        plugins
    }

    /// Replaces the policy; `None`: the built-in default.
    pub fn set_policy(&self, policy: Option<Policy>) {
        self.gate.set(policy);
    }

    /// The policy, if one is loaded.
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.gate.policy()
    }

    /// The least policy, as TOML, under which the loads and calls that are still in the logs would have been allowed.
    pub fn learn_policy(&self) -> String {
        let records = self.journal.records(self.limits.journal_records_max);
        self.spawns.lock().learn(&records)
    }

    /// What this kernel allows.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The heavy modules that are being compiled, the oldest first.
    pub fn compilations(&self) -> Vec<CompilationView> {
        self.images.compilations()
    }

    /// What all memories and tables of all processes have committed.
    pub fn memory_bytes(&self) -> u64 {
        self.total_bytes.load(Ordering::Relaxed)
    }

    /// The log of calls.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The calls that run now, as records with outcome `running` or `held`, by seq.
    pub fn running(&self) -> Vec<Record> {
        let chains: Vec<Arc<Chain>> = self.chains.lock().iter().filter_map(|(_, chain)| chain.upgrade()).collect();
        let mut records: Vec<Record> = chains.iter().flat_map(|chain| chain.records()).collect();
        records.sort_by_key(|record| record.seq);
        records
    }

    /// Log lines after `after_seq`, oldest first, of one process or all.
    pub fn logs(&self, after_seq: u64, process: Option<ProcessId>) -> Vec<LogLine> {
        self.logbook.lines(after_seq, process)
    }

    /// Waits until there is a log line after `after_seq`, or for `timeout`.
    pub fn wait_logs(&self, after_seq: u64, timeout: Duration) -> bool {
        self.logbook.wait(after_seq, timeout)
    }

    /// The lowest level of plugins' logs that is kept.
    pub fn log_level(&self) -> LogLevel {
        self.logbook.level()
    }

    /// Keeps logs of this level and above.
    pub fn set_log_level(&self, level: LogLevel) {
        self.logbook.set_level(level);
    }

    /// Notices for the person at the prompt (a reset that lost state, a background job's end), oldest first; taken once.
    pub fn take_notices(&self) -> Vec<String> {
        self.notices.lock().drain(..).collect()
    }

    /// Gives what plugins write to WASI's standard streams to `taker` from now on, as they write it; set once.
    pub fn set_stream_taker(&self, taker: StreamTaker) {
        // A second one is not wanted by anybody.
        self.stream_taker.set(taker).ok();
    }

    /// Since the session began.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Instances remember the processes that they called: two that called each other would keep each other for ever.
impl Drop for Kernel {
    fn drop(&mut self) {
        for process in self.table.get_mut().living() {
            let guest = process.slot.lock().guest.take();
            drop(guest);
        }
    }
}

/// What the kernel's own files ask of each other.
impl Kernel {
    fn wording(&self) -> Wording {
        self.wording
    }

    fn images(&self) -> &Images {
        &self.images
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn table(&self) -> &RwLock<Table> {
        &self.table
    }

    fn total_bytes(&self) -> &Arc<AtomicU64> {
        &self.total_bytes
    }

    fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    fn waits(&self) -> &Waits {
        &self.waits
    }

    fn watches(&self) -> &Watches {
        &self.watches
    }

    fn gate(&self) -> &PolicyGate {
        &self.gate
    }

    fn note_spawn(&self, spawn: Spawn) {
        let (own, parent) = (self.living(spawn.id), self.living(spawn.parent));
        let name = own.as_ref().map(|process| process.name.as_str());
        self.spawns.lock().note(spawn, name, parent.as_ref().map(|parent| parent.plugin.as_str()));
    }

    fn logbook(&self) -> &Logbook {
        &self.logbook
    }

    fn notify(&self, notice: String) {
        let mut notices = self.notices.lock();
        if notices.len() >= NOTICES_MAX {
            notices.pop_front();
        }
        notices.push_back(notice);
    }

    /// When the session began: what the times in records count from.
    pub fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// The same moment by the clock that calls are timed by.
    fn started(&self) -> Instant {
        self.started
    }

    fn since_start_ns(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.started).as_nanos() as u64
    }
}
