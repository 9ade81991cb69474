//! Compilations in progress: the requests that share each one, its turn among the others, and its result. How a module
//! is compiled is not known here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use wasmtime::Module;

use super::child::Child;
use crate::image_origin::ImageOrigin;
use crate::runtime::native::compiled_functions::Percent;
use crate::runtime::native::instrumentation::Instrumentation;
use crate::runtime::{Failure, FailureKind};

/// Most light modules that are compiled at once.
const LIGHT_MAX: usize = 4;

/// A request for a compiled program, which can be given up.
#[derive(Debug, Default)]
pub struct CompileRequest {
    given_up: AtomicBool,
    /// The number of an [`ImageOrigin`].
    origin: AtomicU8,
}

impl CompileRequest {
    /// Where the modules that it got came from: the dearest of them.
    pub fn origin(&self) -> ImageOrigin {
        let number = usize::from(self.origin.load(Ordering::Relaxed));
        ImageOrigin::ALL.get(number).copied().unwrap_or_default()
    }

    /// Notes where one of its modules came from.
    pub fn note_origin(&self, origin: ImageOrigin) {
        self.origin.fetch_max(origin as u8, Ordering::Relaxed);
    }

    fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }
}

/// Where a compilation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompilationStage {
    /// The module waits for its turn.
    Waiting,
    /// In this process: it cannot be ended.
    Here,
    /// In a process of its own, with the share of its functions that are compiled.
    Process { pid: u32, done: Percent },
}

impl CompilationStage {
    /// Whether it can be ended.
    pub fn has_a_process(self) -> bool {
        matches!(self, CompilationStage::Process { .. })
    }
}

/// A compilation that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilationView {
    /// Where its program came from.
    pub origin: String,
    /// The module's size.
    pub bytes: u64,
    pub elapsed: Duration,
    pub stage: CompilationStage,
    /// Count of requests for the module.
    pub wanted_by: usize,
}

/// The engine's instrumentation, and the module's digest.
pub(super) type Key = (Instrumentation, String);
/// A result of the compiler.
pub(super) type Result<T> = std::result::Result<T, Failure>;
/// A compiled module, or why there is none.
pub(super) type Compiled = Result<Arc<Module>>;

/// Weight of a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Light,
    Heavy,
}

/// The compilations of one kernel that are in progress.
pub(super) struct Compilations {
    table: Mutex<Table>,
    /// Notified when anything in the table changes.
    changed: Condvar,
    /// Most heavy modules that are compiled at once.
    heavy_max: usize,
}

/// A request's part in a compilation.
pub(super) enum Joined<'a> {
    /// No other request wants it yet: this one's worker runs it.
    Leads(Lead<'a>),
    /// Another worker runs it.
    Shares(Arc<OnceLock<Compiled>>),
}

/// Bounded by the workers, each of which wants one module at a time.
#[derive(Default)]
struct Table {
    in_progress: HashMap<Key, Compilation>,
    light: usize,
    heavy: usize,
    no_process: NoProcessNotice,
}

/// Why heavy modules are compiled in this process although they should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCompilerProcess {
    /// The system's reason why no other process can be started.
    pub cause: String,
    /// Where the first such module came from, as it was asked for: raw.
    pub origin: String,
}

/// The notice that heavy modules are compiled in this process, which is given once.
#[derive(Default)]
enum NoProcessNotice {
    #[default]
    Unneeded,
    Pending(NoCompilerProcess),
    Given,
}

struct Compilation {
    origin: String,
    bytes: u64,
    since: Instant,
    stage: CompilationStage,
    heavy: bool,
    requests: Vec<Arc<CompileRequest>>,
    child: Option<Arc<Child>>,
    /// Set when nobody wants it any more: it ends, and a new request starts over.
    abandoned: bool,
    result: Arc<OnceLock<Compiled>>,
}

impl Compilation {
    fn is_wanted(&self) -> bool {
        self.requests.iter().any(|request| !request.is_given_up())
    }

    /// Ends its process when nobody wants it.
    fn end_unwanted(&mut self) {
        if let Some(child) = self.child.as_ref().filter(|_| !self.is_wanted()) {
            child.kill();
            self.abandoned = true;
        }
    }
}

impl Compilations {
    /// No compilations; at most `heavy_max` heavy ones run at once.
    pub(super) fn new(heavy_max: usize) -> Self {
        Compilations { table: Mutex::new(Table::default()), changed: Condvar::new(), heavy_max }
    }

    /// The heavy modules that are being compiled, the oldest first.
    pub(super) fn views(&self) -> Vec<CompilationView> {
        let table = self.table.lock();
        let mut in_progress: Vec<&Compilation> = table.in_progress.values().filter(|entry| entry.heavy).collect();
        in_progress.sort_by_key(|entry| entry.since);
        let view = |entry: &Compilation| CompilationView {
            origin: entry.origin.clone(),
            bytes: entry.bytes,
            elapsed: entry.since.elapsed(),
            stage: entry.stage,
            wanted_by: entry.requests.iter().filter(|request| !request.is_given_up()).count(),
        };
        in_progress.into_iter().map(view).collect()
    }

    /// Keeps why heavy modules are compiled in this process; the first reason alone.
    pub(super) fn note_no_process(&self, why: NoCompilerProcess) {
        let notice = &mut self.table.lock().no_process;
        if let NoProcessNotice::Unneeded = notice {
            *notice = NoProcessNotice::Pending(why);
        }
    }

    /// Why heavy modules are compiled in this process although they should not be; given once.
    pub(super) fn take_no_process(&self) -> Option<NoCompilerProcess> {
        let notice = &mut self.table.lock().no_process;
        match std::mem::replace(notice, NoProcessNotice::Given) {
            NoProcessNotice::Pending(why) => Some(why),
            before => {
                *notice = before;
                None
            }
        }
    }

    /// Ends the compilations that only this request wanted, where they have a process.
    pub(super) fn give_up(&self, request: &CompileRequest) {
        let mut table = self.table.lock();
        request.given_up.store(true, Ordering::SeqCst);
        table.in_progress.values_mut().for_each(Compilation::end_unwanted);
        self.changed.notify_all();
    }

    /// Joins the compilation of `key`, or leads it where no other request wants it yet. `bytes` is the module's size.
    pub(super) fn join(&self, key: Key, bytes: u64, origin: &str, request: &Arc<CompileRequest>) -> Joined<'_> {
        let mut table = self.table.lock();
        loop {
            match table.in_progress.get_mut(&key) {
                Some(entry) if entry.abandoned => self.changed.wait(&mut table),
                Some(entry) => {
                    entry.requests.push(request.clone());
                    return Joined::Shares(entry.result.clone());
                }
                None => break,
            }
        }
        let entry = Compilation {
            origin: origin.to_owned(),
            bytes,
            since: Instant::now(),
            stage: CompilationStage::Waiting,
            heavy: false,
            requests: vec![request.clone()],
            child: None,
            abandoned: false,
            result: Arc::default(),
        };
        table.in_progress.insert(key.clone(), entry);
        Joined::Leads(Lead { compilations: self, key, turn: None, result: None, origin: ImageOrigin::Memory })
    }

    /// Waits for the result of a shared compilation.
    pub(super) fn share(&self, shared: &OnceLock<Compiled>, request: &CompileRequest) -> Compiled {
        let mut table = self.table.lock();
        loop {
            if let Some(result) = shared.get() {
                return result.clone();
            }
            if request.is_given_up() {
                return Err(Failure::interrupted());
            }
            self.changed.wait(&mut table);
        }
    }
}

/// The worker that runs a compilation. Dropping it, also by a panic, gives its result to all requests that share it.
pub(super) struct Lead<'a> {
    compilations: &'a Compilations,
    key: Key,
    turn: Option<Weight>,
    result: Option<Compiled>,
    origin: ImageOrigin,
}

impl Lead<'_> {
    fn with_entry<T>(&self, change: impl FnOnce(&mut Compilation) -> T) -> Option<T> {
        self.compilations.table.lock().in_progress.get_mut(&self.key).map(change)
    }

    /// Waits for a turn; an error when nobody wants it any more.
    ///
    /// # Errors
    /// Every request for the module was given up.
    pub(super) fn take_turn(&mut self, weight: Weight) -> Result<()> {
        let compilations = self.compilations;
        self.with_entry(|entry| entry.heavy = weight == Weight::Heavy);
        let mut table = compilations.table.lock();
        loop {
            if let Some(entry) = table.in_progress.get_mut(&self.key)
                && !entry.is_wanted()
            {
                entry.abandoned = true;
                return Err(Failure::interrupted());
            }
            let (most, taken) = match weight {
                Weight::Light => (LIGHT_MAX, &mut table.light),
                Weight::Heavy => (compilations.heavy_max, &mut table.heavy),
            };
            if *taken < most {
                *taken += 1;
                self.turn = Some(weight);
                return Ok(());
            }
            compilations.changed.wait(&mut table);
        }
    }

    /// Sets the stage that views show.
    pub(super) fn set_stage(&self, stage: CompilationStage) {
        self.with_entry(|entry| entry.stage = stage);
    }

    /// Sets the process that compiles, which ends when no request wants the module.
    pub(super) fn set_child(&self, child: &Arc<Child>) {
        self.with_entry(|entry| {
            entry.stage = CompilationStage::Process { pid: child.pid(), done: Percent::ZERO };
            entry.child = Some(child.clone());
            entry.end_unwanted();
        });
    }

    /// Sets how much its process has compiled; threads of the process may report out of order.
    pub(super) fn set_done(&self, reported: Percent) {
        self.with_entry(|entry| {
            if let CompilationStage::Process { done, .. } = &mut entry.stage {
                *done = reported.max(*done);
            }
        });
    }

    /// Forgets the process; whether the compilation was wanted until its end.
    pub(super) fn forget_child(&self) -> bool {
        let wanted = self.with_entry(|entry| {
            entry.child = None;
            !entry.abandoned
        });
        wanted.unwrap_or(false)
    }

    /// Keeps the result and where it came from, which the drop hands to all requests.
    pub(super) fn finish(&mut self, result: &Compiled, origin: ImageOrigin) {
        self.result = Some(result.clone());
        self.origin = origin;
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let gave_up = || Err(Failure::new(FailureKind::Load, "the compiler gave up on this module"));
        let result = self.result.take().unwrap_or_else(gave_up);
        let mut table = self.compilations.table.lock();
        match self.turn {
            Some(Weight::Light) => table.light -= 1,
            Some(Weight::Heavy) => table.heavy -= 1,
            None => {}
        }
        let entry = table.in_progress.remove(&self.key);
        entry.iter().flat_map(|entry| &entry.requests).for_each(|request| request.note_origin(self.origin));
        // Set once: only its leader has it.
        let _ = entry.as_ref().map(|entry| entry.result.set(result));
        self.compilations.changed.notify_all();
        drop(table);
        drop(entry);
    }
}
