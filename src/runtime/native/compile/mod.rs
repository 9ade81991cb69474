//! Compilation as a bounded resource. Light modules are compiled on the worker that wants them, which takes a moment; heavy
//! ones in a program of their own, with bounds on its memory and time, so many at once and no more. Nobody who wants what is
//! compiled already, or what is light, waits for a heavy one.
//!
//! Two who want the same bytes share one compilation. One that nobody wants any more ends with its program; where there is
//! no such program (plugsh as a library, a system that starts none) it goes on in this one, and its result is kept.
//!
//! `weight`: which modules are light. `child`: the program seen from here. `serve`: what runs in it.

mod child;
mod serve;
mod weight;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use wasmtime::{Engine, Module};

use self::child::{Child, Ended};
pub use self::serve::{Served, serve};
use super::codegen::{compile_here, invalid};
use crate::runtime::{Advice, Failure, FailureKind, Limit, ModuleBytes};
use crate::text::io_cause;

/// How many light modules are compiled at once.
const LIGHT_MAX: usize = 4;
/// The longest text of a module that is read here, in bytes: reading takes a hundred times its size.
const WAT_BYTES_MAX: usize = 1 << 20;
/// What one heavy module may take of processors' time.
const CPU_MAX: Duration = Duration::from_secs(600);

/// What a compiler is made with.
#[derive(Debug, Clone)]
pub struct CompilerOptions {
    /// The program that compiles heavy modules: plugsh itself. `None`: they are compiled in this process.
    pub program: Option<PathBuf>,
    /// How many heavy modules are compiled at once; at least 1.
    pub heavy_max: usize,
    /// Memory of the program that compiles one of them.
    pub memory_bytes_max: u64,
}

impl Default for CompilerOptions {
    fn default() -> Self {
        CompilerOptions { program: None, heavy_max: 2, memory_bytes_max: 2 << 30 }
    }
}

/// Somebody who wants a program, and may give it up.
#[derive(Debug, Default)]
pub struct CompileRequest {
    given_up: AtomicBool,
}

impl CompileRequest {
    fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }
}

/// For whom something is compiled.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// Where its program came from.
    pub origin: &'a str,
    pub request: &'a Arc<CompileRequest>,
    /// For the engine that counts fuel.
    pub fuelled: bool,
}

/// Where one compiled module is kept.
pub trait ModuleStore {
    /// The module, if it was compiled before.
    fn get(&self) -> Option<Arc<Module>>;
    /// Keeps it; `code` is its compiled form, where that is known.
    fn put(&self, module: &Arc<Module>, code: Option<&[u8]>);
}

/// Where a compilation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompilationStage {
    /// It waits for its turn.
    Waiting,
    /// In this process: it cannot be ended.
    Here,
    /// In a process of its own.
    Process { pid: u32 },
}

impl CompilationStage {
    /// Whether it runs where it can be ended.
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
    /// How many want it.
    pub wanted_by: usize,
}

/// The compilations of one kernel.
pub struct Compiler {
    options: CompilerOptions,
    table: Mutex<Table>,
    /// Notified when anything in the table changes.
    changed: Condvar,
}

/// With or without fuel, and the module's digest.
type Key = (bool, String);
type Result<T> = std::result::Result<T, Failure>;
type Compiled = Result<Arc<Module>>;

/// Bounded by the workers, each of which wants one module at a time.
#[derive(Default)]
struct Table {
    in_progress: HashMap<Key, InProgress>,
    light: usize,
    heavy: usize,
    /// Why heavy modules are compiled in this process, until it was told; once.
    complaint: Option<String>,
    complained: bool,
}

struct InProgress {
    origin: String,
    bytes: u64,
    since: Instant,
    stage: CompilationStage,
    heavy: bool,
    requests: Vec<Arc<CompileRequest>>,
    child: Option<Arc<Child>>,
    /// Nobody wanted it any more: it ends, and whoever wants it now begins again.
    doomed: bool,
    result: Arc<OnceLock<Compiled>>,
}

impl InProgress {
    fn is_wanted(&self) -> bool {
        self.requests.iter().any(|request| !request.is_given_up())
    }

    /// Ends its process when nobody wants it.
    fn end_unwanted(&mut self) {
        if let Some(child) = self.child.as_ref().filter(|_| !self.is_wanted()) {
            child.kill();
            self.doomed = true;
        }
    }
}

/// How heavy a module is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Light,
    Heavy,
}

impl Compiler {
    /// Nothing is under way.
    pub fn new(options: CompilerOptions) -> Self {
        Compiler { options, table: Mutex::new(Table::default()), changed: Condvar::new() }
    }

    /// The heavy modules that are being compiled, the oldest first.
    pub fn views(&self) -> Vec<CompilationView> {
        let table = self.table.lock();
        let mut in_progress: Vec<&InProgress> = table.in_progress.values().filter(|entry| entry.heavy).collect();
        in_progress.sort_by_key(|entry| entry.since);
        let view = |entry: &InProgress| CompilationView {
            origin: entry.origin.clone(),
            bytes: entry.bytes,
            elapsed: entry.since.elapsed(),
            stage: entry.stage,
            wanted_by: entry.requests.iter().filter(|request| !request.is_given_up()).count(),
        };
        in_progress.into_iter().map(view).collect()
    }

    /// Why heavy modules are compiled in this process although they should not be; told once.
    pub fn take_complaint(&self) -> Option<String> {
        self.table.lock().complaint.take()
    }

    /// Ends what only this request wanted, where it can be ended.
    pub fn give_up(&self, request: &CompileRequest) {
        let mut table = self.table.lock();
        request.given_up.store(true, Ordering::SeqCst);
        table.in_progress.values_mut().for_each(InProgress::end_unwanted);
        self.changed.notify_all();
    }

    /// A module of this engine out of the store, or compiled: now, or together with somebody else who wants it. Takes long;
    /// ends as interrupted soon after its request was given up.
    pub fn module(&self, order: Order<'_>, bytes: &ModuleBytes, engine: &Engine, store: &dyn ModuleStore) -> Compiled {
        let key = (order.fuelled, bytes.sha256.clone());
        if let Some(shared) = self.join(&key, bytes, order) {
            return self.share(&shared, order.request);
        }
        // From here on this worker leads it.
        let mut lead = Lead { compiler: self, key, turn: None, result: None };
        let result = match store.get() {
            Some(module) => Ok(module),
            None => self.compile(&mut lead, order, bytes, engine, store),
        };
        lead.result = Some(result.clone());
        result
    }

    /// The result of a compilation that is under way; `None` where this is the first to want it.
    fn join(&self, key: &Key, bytes: &ModuleBytes, order: Order<'_>) -> Option<Arc<OnceLock<Compiled>>> {
        let mut table = self.table.lock();
        loop {
            match table.in_progress.get_mut(key) {
                Some(entry) if entry.doomed => self.changed.wait(&mut table),
                Some(entry) => {
                    entry.requests.push(order.request.clone());
                    return Some(entry.result.clone());
                }
                None => break,
            }
        }
        let entry = InProgress {
            origin: order.origin.to_owned(),
            bytes: bytes.bytes.len() as u64,
            since: Instant::now(),
            stage: CompilationStage::Waiting,
            heavy: false,
            requests: vec![order.request.clone()],
            child: None,
            doomed: false,
            result: Arc::default(),
        };
        table.in_progress.insert(key.clone(), entry);
        None
    }

    fn share(&self, shared: &OnceLock<Compiled>, request: &CompileRequest) -> Compiled {
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

    fn compile(
        &self,
        lead: &mut Lead<'_>,
        order: Order<'_>,
        bytes: &ModuleBytes,
        engine: &Engine,
        store: &dyn ModuleStore,
    ) -> Compiled {
        let wasm = binary(&bytes.bytes);
        let weight = if weight::is_light(&wasm) { Weight::Light } else { Weight::Heavy };
        lead.take_turn(weight)?;
        if weight == Weight::Heavy
            && let Some(program) = &self.options.program
        {
            match Child::start(program, order.fuelled, self.options.memory_bytes_max, CPU_MAX) {
                Ok(child) => return self.compile_in(child, lead, &bytes.bytes, engine, store),
                Err(error) => self.complain(order.origin, &error),
            }
        }
        lead.set_stage(CompilationStage::Here);
        let module = compile_here(engine, order.fuelled, &wasm).map_err(|error| invalid(&error))?;
        let module = Arc::new(module);
        store.put(&module, None);
        Ok(module)
    }

    fn compile_in(
        &self,
        child: Child,
        lead: &Lead<'_>,
        wasm: &[u8],
        engine: &Engine,
        store: &dyn ModuleStore,
    ) -> Compiled {
        let child = Arc::new(child);
        lead.set_child(&child);
        let ended = child.run(wasm);
        let was_wanted = lead.forget_child();
        match ended {
            _ if !was_wanted => Err(Failure::interrupted()),
            Ended::Compiled(code) => {
                let module = child::revive(engine, &code).map_err(|error| invalid(&error))?;
                let module = Arc::new(module);
                store.put(&module, Some(&code));
                Ok(module)
            }
            Ended::Invalid(why) => Err(Failure::new(FailureKind::Load, why)),
            Ended::OutOfMemory => Err(Failure::advised(
                FailureKind::Load,
                format!("to compile it takes more than {} MiB of memory", self.options.memory_bytes_max >> 20),
                Advice::Raise(Limit::CompileMemory),
            )),
            Ended::OutOfTime => Err(Failure::new(
                FailureKind::Load,
                format!(
                    "to compile it takes more than {} s of processor time, the most that it gets",
                    CPU_MAX.as_secs()
                ),
            )),
            Ended::Failed(how) => {
                Err(Failure::new(FailureKind::Load, format!("the compiler gave up on this module: {how}")))
            }
        }
    }

    fn complain(&self, origin: &str, error: &std::io::Error) {
        let mut table = self.table.lock();
        if !std::mem::replace(&mut table.complained, true) {
            let why = io_cause(error);
            table.complaint = Some(format!(
                "no process can be started to compile in ({why}): `{origin}` and other heavy modules are compiled in this one, \
                 where a compilation goes on that was given up"
            ));
        }
    }
}

/// A module in binary form; text that is too long to be read here, or cannot be read, as it is.
fn binary(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.starts_with(b"\0asm") || bytes.len() > WAT_BYTES_MAX {
        return Cow::Borrowed(bytes);
    }
    wat::parse_bytes(bytes).unwrap_or(Cow::Borrowed(bytes))
}

/// The worker that makes a compilation happen. When it is dropped, also by a panic, all who share it hear what came of it.
struct Lead<'a> {
    compiler: &'a Compiler,
    key: Key,
    turn: Option<Weight>,
    result: Option<Compiled>,
}

impl Lead<'_> {
    fn with_entry<T>(&self, change: impl FnOnce(&mut InProgress) -> T) -> Option<T> {
        self.compiler.table.lock().in_progress.get_mut(&self.key).map(change)
    }

    /// Waits for a turn; an error when nobody wants it any more.
    fn take_turn(&mut self, weight: Weight) -> Result<()> {
        let compiler = self.compiler;
        self.with_entry(|entry| entry.heavy = weight == Weight::Heavy);
        let mut table = compiler.table.lock();
        loop {
            if let Some(entry) = table.in_progress.get_mut(&self.key)
                && !entry.is_wanted()
            {
                entry.doomed = true;
                return Err(Failure::interrupted());
            }
            let (most, taken) = match weight {
                Weight::Light => (LIGHT_MAX, &mut table.light),
                Weight::Heavy => (compiler.options.heavy_max.max(1), &mut table.heavy),
            };
            if *taken < most {
                *taken += 1;
                self.turn = Some(weight);
                return Ok(());
            }
            compiler.changed.wait(&mut table);
        }
    }

    fn set_stage(&self, stage: CompilationStage) {
        self.with_entry(|entry| entry.stage = stage);
    }

    fn set_child(&self, child: &Arc<Child>) {
        self.with_entry(|entry| {
            entry.stage = CompilationStage::Process { pid: child.pid() };
            entry.child = Some(child.clone());
            entry.end_unwanted();
        });
    }

    /// Whether it was wanted to its end.
    fn forget_child(&self) -> bool {
        let wanted = self.with_entry(|entry| {
            entry.child = None;
            !entry.doomed
        });
        wanted.unwrap_or(false)
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let gave_up = || Err(Failure::new(FailureKind::Load, "the compiler gave up on this module"));
        let result = self.result.take().unwrap_or_else(gave_up);
        let mut table = self.compiler.table.lock();
        match self.turn {
            Some(Weight::Light) => table.light -= 1,
            Some(Weight::Heavy) => table.heavy -= 1,
            None => {}
        }
        let entry = table.in_progress.remove(&self.key);
        // Set once: only its leader has it.
        let _ = entry.as_ref().map(|entry| entry.result.set(result));
        self.compiler.changed.notify_all();
        drop(table);
        drop(entry);
    }
}
