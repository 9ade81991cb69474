//! The fields of a kernel and access to them. Each part has a file of its own and its own lock. The files with `impl
//! Kernel` work on the parts; `api` says which of these files hold public methods.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use super::clock::Clock;
use super::core_dumps::{CoreDumps, DumpError};
use super::error::HandlerError;
use super::hooks::Hooks;
use super::host_trace::HostTrace;
use super::job_table::{ChainTable, JobTable};
use super::job_threads::{JobThreads, job_threads};
use super::life_log::LifeLog;
use super::logbook::Logbook;
use super::notices::Notice;
use super::owners::Owners;
use super::policy::gate::PolicyGate;
use super::policy::learn::Spawns;
use super::profile::collector::Collecting;
use super::stack_log::StackLog;
use super::started::{self, StartedPool};
use super::started_budget::StartedBudget;
use super::table::Table;
use super::view::{OwnerId, ProcessLabel};
use super::waits::Waits;
use super::watch_list::WatchList;
use crate::journal::{Journal, PayloadSettings};
use crate::limits::Limits;
use crate::locks::{Mutex, Rank, RwLock};
use crate::runtime::product_function::ProductFunctions;
use crate::runtime::source::Sources;
use crate::runtime::{CompilerOptions, Coverage, Images, LineTables, StandardStream, Symbols, Tools, Wording};

/// Settings for a new kernel.
#[derive(Debug, Clone, Default)]
pub struct KernelOptions {
    /// Directories searched for names, in order, before the built-in plugins.
    pub plugin_dirs: Vec<PathBuf>,
    pub limits: Limits,
    /// The directory of compiled modules that outlive a run; `None`: none are kept.
    pub cache_dir: Option<PathBuf>,
    /// The executable that compiles heavy modules in child processes, which can be killed: plugsh itself. `None`: heavy
    /// modules are compiled in this process.
    pub compiler: Option<PathBuf>,
    /// The directory of core dumps; `None`: traps leave none.
    pub core_dump_dir: Option<PathBuf>,
    /// Whether compiled functions stand in the process's map for `perf`.
    pub perf_map: bool,
    /// Payloads that are kept; `None`: those of failed calls.
    pub payloads: Option<PayloadSettings>,
    /// The host functions that the product around plugsh gives to its plugins.
    pub host_functions: ProductFunctions,
    /// The words for [`Advice`](crate::runtime::Advice) in records, in errors and in messages to guests.
    pub wording: Wording,
    /// Where the lines of plugins that run are noted; `None`: nowhere.
    pub coverage: Option<Arc<Coverage>>,
}

/// The kernel of one shell.
pub struct Kernel {
    started: Instant,
    /// The moment of `started` in calendar time.
    started_at: SystemTime,
    limits: Limits,
    images: Arc<Images>,
    sources: Sources,
    table: RwLock<Table>,
    total_bytes: Arc<AtomicU64>,
    journal: Arc<Journal>,
    stacks: StackLog,
    core_dumps: Option<CoreDumps>,
    collecting: Collecting,
    symbols: Arc<Symbols>,
    pub(super) coverage: Option<Arc<Coverage>>,
    lines: LineTables,
    logbook: Logbook,
    clock: Arc<Clock>,
    waits: Waits,
    jobs: JobTable,
    chains: ChainTable,
    job_threads: Arc<JobThreads>,
    pool: Arc<StartedPool>,
    started_budget: Arc<StartedBudget>,
    owners: Owners,
    life_log: LifeLog,
    gate: PolicyGate,
    spawns: Mutex<Spawns>,
    watches: WatchList,
    /// Receives plugins' writes to WASI's standard streams. Unset: the writes go to the log.
    stream_taker: OnceLock<StreamTaker>,
    hooks: Hooks,
    host_trace: HostTrace,
    wording: Wording,
    stub_runner: RwLock<Option<StubRunner>>,
    /// Whether programs that are loaded from now on count fuel.
    counts_fuel: AtomicBool,
}

/// A taker of plugins' writes to WASI's standard streams, called on the thread of the call.
pub type StreamTaker = Arc<dyn Fn(StandardStream, &[u8]) + Send + Sync>;

/// A call that a stub's commands answer. The commands run on the job's thread.
pub struct StubCall<'a> {
    pub kernel: Arc<Kernel>,
    pub commands: &'a str,
    pub input: &'a [u8],
    pub process: ProcessLabel,
    /// Who has the job that makes the call.
    pub owner: OwnerId,
    /// True when the call was cancelled: the commands must stop.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Runs a stub's commands. Returns their output. The shell provides it.
pub type StubRunner = Arc<dyn Fn(StubCall<'_>) -> Result<Vec<u8>, HandlerError> + Send + Sync>;

impl Kernel {
    /// A kernel without processes.
    pub fn new(options: KernelOptions) -> Arc<Kernel> {
        let compiler = CompilerOptions {
            program: options.compiler.clone(),
            heavy_max: options.limits.compilations_max,
            memory_bytes_max: options.limits.compile_memory_bytes_max,
            tools: Tools { core_dumps: options.core_dump_dir.is_some(), perf_map: options.perf_map },
        };
        let images = Arc::new(Images::with(options.cache_dir.clone(), compiler, options.host_functions.clone()));
        Kernel::with_images(options, images)
    }

    /// A kernel with equal limits, plugin directories and stubs, and shared compiled modules, but without processes:
    /// for replays.
    pub fn fresh(&self) -> Arc<Kernel> {
        let (plugin_dirs, limits) = (self.sources.dirs().to_vec(), self.limits.clone());
        // `images` brings its cache along, so `cache_dir` stays unset.
        let (wording, coverage) = (self.wording, self.coverage.clone());
        let options = KernelOptions { plugin_dirs, limits, wording, coverage, ..KernelOptions::default() };
        let kernel = Kernel::with_images(options, self.images.clone());
        kernel.hooks.copy_stubs_from(&self.hooks);
        *kernel.stub_runner.write() = self.stub_runner();
        kernel
    }

    fn with_images(options: KernelOptions, images: Arc<Images>) -> Arc<Kernel> {
        let limits = options.limits;
        let payloads = options.payloads.unwrap_or(PayloadSettings::FAILED);
        let journal = Journal::new(limits.journal_records_max, payloads);
        let hooks = Hooks::default();
        if journal.payload_bytes_each_max() > 0 {
            hooks.keep_payloads(true);
        }
        let total_bytes = Arc::new(AtomicU64::new(0));
        Arc::new(Kernel {
            job_threads: job_threads(),
            pool: started::pool(),
            started_budget: StartedBudget::new(total_bytes.clone()),
            started: Instant::now(),
            started_at: SystemTime::now(),
            sources: Sources::new(options.plugin_dirs),
            hooks,
            host_trace: HostTrace::default(),
            wording: options.wording,
            stub_runner: RwLock::new(Rank::StubRunner, None),
            table: RwLock::new(Rank::Table, Table::new(limits.dead_max)),
            total_bytes,
            journal: Arc::new(journal),
            stacks: StackLog::default(),
            core_dumps: options.core_dump_dir.map(CoreDumps::into),
            collecting: Collecting::default(),
            symbols: Arc::default(),
            coverage: options.coverage,
            lines: LineTables::default(),
            logbook: Logbook::new(limits.log_bytes_max, limits.log_lines_per_second_max, options.wording),
            clock: Arc::new(Clock::new(images.clone())),
            waits: Waits::default(),
            jobs: JobTable::default(),
            chains: ChainTable::default(),
            owners: Owners::default(),
            life_log: LifeLog::default(),
            gate: PolicyGate::new(limits.calls_per_second_max),
            spawns: Mutex::new(Rank::Spawns, Spawns::default()),
            watches: WatchList::default(),
            stream_taker: OnceLock::new(),
            counts_fuel: AtomicBool::new(false),
            images,
            limits,
        })
    }
}

/// Instances hold references to the processes that they called: without this, two that called each other would leak.
impl Drop for Kernel {
    fn drop(&mut self) {
        self.job_threads.close();
        self.pool.close();
        for process in self.table.get_mut().living() {
            let guest = process.with_slot(|slot| slot.guest.take());
            drop(guest);
        }
    }
}

/// Access to the parts for the kernel's own files. Each part has its own lock.
impl Kernel {
    /// The words of advice in errors.
    pub(super) fn wording(&self) -> Wording {
        self.wording
    }

    /// The cache of compiled programs.
    pub(super) fn images(&self) -> &Images {
        &self.images
    }

    /// The sources of programs: files, URLs and plugin directories.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The process table.
    pub(super) fn table(&self) -> &RwLock<Table> {
        &self.table
    }

    /// Bytes of memory that all processes have committed.
    pub(super) fn total_bytes(&self) -> &Arc<AtomicU64> {
        &self.total_bytes
    }

    /// The thread that ends calls at their deadlines.
    pub(super) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Breakpoints, faults, stubs and the recorder.
    pub(super) fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// The graph of jobs that wait for processes, which finds deadlocks.
    pub(super) fn waits(&self) -> &Waits {
        &self.waits
    }

    /// The processes that are reloaded when their files change.
    pub(super) fn watches(&self) -> &WatchList {
        &self.watches
    }

    /// The switch and filter of traced host requests.
    pub(super) fn host_trace(&self) -> &HostTrace {
        &self.host_trace
    }

    /// Whether the fuel of new programs is counted.
    pub(super) fn fuel_switch(&self) -> &AtomicBool {
        &self.counts_fuel
    }

    /// The policy with its rate of calls.
    pub(super) fn gate(&self) -> &PolicyGate {
        &self.gate
    }

    /// The log of spawns that a policy is learned from.
    pub(super) fn spawns(&self) -> &Mutex<Spawns> {
        &self.spawns
    }

    /// The jobs.
    pub(super) fn job_table(&self) -> &JobTable {
        &self.jobs
    }

    /// The chains of running jobs.
    pub(super) fn chain_table(&self) -> &ChainTable {
        &self.chains
    }

    /// The threads of jobs.
    pub(super) fn job_threads(&self) -> &Arc<JobThreads> {
        &self.job_threads
    }

    /// The threads of started calls.
    pub(super) fn pool(&self) -> &Arc<StartedPool> {
        &self.pool
    }

    /// The budget of started calls.
    pub(super) fn started_budget(&self) -> &Arc<StartedBudget> {
        &self.started_budget
    }

    /// The stacks of the last failed calls.
    pub(super) fn stacks(&self) -> &StackLog {
        &self.stacks
    }

    /// Writes the core dump of a trap, if there is one and they are wanted.
    pub(super) fn keep_core_dump(&self, process: &ProcessLabel, seq: Option<u64>, dump: Option<Arc<Vec<u8>>>) {
        let (Some(dumps), Some(dump)) = (&self.core_dumps, dump) else { return };
        match dumps.write(process, seq, &dump) {
            Ok(Some(path)) => self.notify(Notice::CoreDump { process: process.clone(), path }),
            Ok(None) => {}
            Err(error) => self.notify(Notice::NoCoreDump(error)),
        }
    }

    /// Says that a trap on a node leaves no core dump, if they are wanted.
    pub(super) fn refuse_core_dump(&self, process: &ProcessLabel, node: &str) {
        if self.core_dumps.is_some() {
            let (process, node) = (process.clone(), node.to_owned());
            self.notify(Notice::NoCoreDump(DumpError::OnNode { process, node }));
        }
    }

    /// The profile that is being taken.
    pub(super) fn collecting(&self) -> &Collecting {
        &self.collecting
    }

    /// The lines of modules.
    pub(super) fn lines(&self) -> &LineTables {
        &self.lines
    }

    /// The cache of modules' debug information.
    pub(super) fn symbols(&self) -> &Arc<Symbols> {
        &self.symbols
    }

    /// The log of starts, crashes and ends of processes.
    pub(super) fn life_log(&self) -> &LifeLog {
        &self.life_log
    }

    /// Who has jobs here, with the notices that wait for each.
    pub(super) fn owners(&self) -> &Owners {
        &self.owners
    }

    /// The receiver of plugins' standard streams, once it is set.
    pub(super) fn stream_taker(&self) -> &OnceLock<StreamTaker> {
        &self.stream_taker
    }

    /// The log lines of plugins.
    pub(super) fn logbook(&self) -> &Logbook {
        &self.logbook
    }

    /// The moment the kernel was made, on the monotonic clock that times calls.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Nanoseconds from the start of the session to `at`; 0 for an earlier instant.
    pub(super) fn since_start_ns(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.started).as_nanos() as u64
    }

    /// The runner of stub commands, if the shell has set one.
    pub(super) fn stub_runner(&self) -> Option<StubRunner> {
        self.stub_runner.read().clone()
    }

    /// Sets the function that runs the commands of stubs.
    pub(super) fn replace_stub_runner(&self, runner: StubRunner) {
        *self.stub_runner.write() = Some(runner);
    }

    /// Queues a notice for everybody.
    pub fn notify(&self, notice: Notice) {
        self.owners.notify(&notice);
    }

    /// Queues a notice for one owner; one of an owner who has left goes to the first.
    pub(super) fn notify_owner(&self, owner: OwnerId, notice: Notice) {
        self.owners.notify_one(owner, notice);
    }

    /// The limits of this kernel.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The log of calls.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The start of the session, from which the times in records count.
    pub fn started_at(&self) -> SystemTime {
        self.started_at
    }
}
