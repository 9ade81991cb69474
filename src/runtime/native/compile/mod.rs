//! Compilation as a bounded resource. Light modules are compiled by the worker that wants them, which takes a moment.
//! Heavy ones are compiled in a process of their own, with bounds on its memory and time and on how many run at once. A
//! request for a compiled or a light module never waits for a heavy one.
//!
//! Requests for the same bytes share one compilation. A compilation that nobody wants any more ends with its process;
//! where none can be started (plugsh as a library, a system without processes), it goes on in this process, and its
//! result is kept.
//!
//! `weight`: which modules are light. `in_progress`: sharing and turns. `child`: the process as its parent sees it.
//! `serve`: the code that runs in the process.

mod child;
mod in_progress;
mod serve;
mod weight;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Engine, Module};

use self::child::{Child, CompilerEnd};
pub use self::in_progress::{CompilationStage, CompilationView, CompileRequest, NoCompilerProcess};
use self::in_progress::{Compilations, Compiled, Joined, Lead, Weight};
pub use self::serve::{Served, serve};
use super::codegen::{Tools, compile_here, invalid};
use super::instrumentation::Instrumentation;
use crate::image_origin::ImageOrigin;
use crate::limits::Limit;
use crate::runtime::{Advice, Failure, FailureKind, ModuleBytes};
use crate::text::io_cause;

/// The longest text of a module that is read here, in bytes: reading takes a hundred times its size.
const WAT_BYTES_MAX: usize = 1 << 20;
/// Processor time of one heavy compilation.
const CPU_MAX: Duration = Duration::from_secs(600);
/// Heavy modules that are compiled at once, by default.
const HEAVY_MAX_DEFAULT: usize = 2;
/// Memory of the process that compiles a heavy module, by default.
const COMPILE_MEMORY_BYTES_MAX_DEFAULT: u64 = 2 << 30;

/// The options of a compiler.
#[derive(Debug, Clone)]
pub struct CompilerOptions {
    /// The program that compiles heavy modules: plugsh itself. `None`: they are compiled in this process.
    pub program: Option<PathBuf>,
    /// Most heavy modules that are compiled at once; at least 1.
    pub heavy_max: usize,
    /// Memory of the program that compiles one of them.
    pub memory_bytes_max: u64,
    pub tools: Tools,
}

impl Default for CompilerOptions {
    fn default() -> Self {
        CompilerOptions {
            program: None,
            heavy_max: HEAVY_MAX_DEFAULT,
            memory_bytes_max: COMPILE_MEMORY_BYTES_MAX_DEFAULT,
            tools: Tools::default(),
        }
    }
}

/// The request that a module is compiled for.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// Where its program came from.
    pub origin: &'a str,
    pub request: &'a Arc<CompileRequest>,
    pub bytes: &'a ModuleBytes,
    pub engine: &'a Engine,
    /// The engine's.
    pub instrumentation: Instrumentation,
}

/// Where one compiled module is kept.
pub trait ModuleStore {
    /// The module and where it was, if it was compiled before.
    fn get(&self) -> Option<(Arc<Module>, ImageOrigin)>;
    /// Keeps it; `code` is its compiled form, where that is known.
    fn put(&self, module: &Arc<Module>, code: Option<&[u8]>);
}

/// The compilations of one kernel.
pub struct Compiler {
    options: CompilerOptions,
    compilations: Compilations,
}

impl Compiler {
    /// No compilation runs.
    pub fn new(options: CompilerOptions) -> Self {
        let compilations = Compilations::new(options.heavy_max.max(1));
        Compiler { options, compilations }
    }

    /// The heavy modules that are being compiled, the oldest first.
    pub fn views(&self) -> Vec<CompilationView> {
        self.compilations.views()
    }

    /// Why heavy modules are compiled in this process although they should not be; given once.
    pub fn take_no_process(&self) -> Option<NoCompilerProcess> {
        self.compilations.take_no_process()
    }

    /// Ends the compilations that only this request wanted, where they have a process.
    pub fn give_up(&self, request: &CompileRequest) {
        self.compilations.give_up(request);
    }

    /// The module out of the store, or compiled: now, or together with somebody else who wants it. Takes
    /// long; ends as interrupted soon after its request was given up.
    pub fn module(&self, order: Order<'_>, store: &dyn ModuleStore) -> Compiled {
        let key = (order.instrumentation, order.bytes.sha256.clone());
        let size = order.bytes.bytes.len() as u64;
        let mut lead = match self.compilations.join(key, size, order.origin, order.request) {
            Joined::Leads(lead) => lead,
            Joined::Shares(shared) => return self.compilations.share(&shared, order.request),
        };
        let (result, origin) = match store.get() {
            Some((module, origin)) => (Ok(module), origin),
            None => (self.compile(&mut lead, order, store), ImageOrigin::Compiled),
        };
        lead.finish(&result, origin);
        result
    }

    fn compile(&self, lead: &mut Lead<'_>, order: Order<'_>, store: &dyn ModuleStore) -> Compiled {
        let wasm = binary(&order.bytes.bytes);
        let weight = if weight::is_light(&wasm) { Weight::Light } else { Weight::Heavy };
        lead.take_turn(weight)?;
        if weight == Weight::Heavy
            && let Some(program) = &self.options.program
        {
            match Child::start(program, order.instrumentation, self.options.memory_bytes_max, CPU_MAX) {
                Ok(child) => return self.compile_in(child, lead, order, store),
                Err(error) => self
                    .compilations
                    .note_no_process(NoCompilerProcess { cause: io_cause(&error), origin: order.origin.to_owned() }),
            }
        }
        lead.set_stage(CompilationStage::Here);
        let module = compile_here(order.engine, order.instrumentation, &wasm).map_err(|error| invalid(&error))?;
        let module = Arc::new(module);
        store.put(&module, None);
        Ok(module)
    }

    fn compile_in(&self, child: Child, lead: &Lead<'_>, order: Order<'_>, store: &dyn ModuleStore) -> Compiled {
        let child = Arc::new(child);
        lead.set_child(&child);
        let ended = child.run(&order.bytes.bytes, |done| lead.set_done(done));
        let was_wanted = lead.forget_child();
        match ended {
            _ if !was_wanted => Err(Failure::interrupted()),
            CompilerEnd::Compiled(code) => {
                let module = child::revive(order.engine, &code).map_err(|error| invalid(&error))?;
                let module = Arc::new(module);
                store.put(&module, Some(&code));
                Ok(module)
            }
            CompilerEnd::Invalid(why) => Err(Failure::new(FailureKind::Load, why)),
            CompilerEnd::OutOfMemory => Err(Failure::advised(
                FailureKind::Load,
                format!("to compile it takes more than {} MiB of memory", self.options.memory_bytes_max >> 20),
                Advice::Raise(Limit::CompileMemory),
            )),
            CompilerEnd::OutOfTime => Err(Failure::new(
                FailureKind::Load,
                format!(
                    "to compile it takes more than {} s of processor time, the most that it gets",
                    CPU_MAX.as_secs()
                ),
            )),
            CompilerEnd::Failed(how) => {
                Err(Failure::new(FailureKind::Load, format!("the compiler gave up on this module: {how}")))
            }
        }
    }
}

/// The module in binary form. Text that is too long or invalid is given back unchanged.
fn binary(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.starts_with(b"\0asm") || bytes.len() > WAT_BYTES_MAX {
        return Cow::Borrowed(bytes);
    }
    wat::parse_bytes(bytes).unwrap_or(Cow::Borrowed(bytes))
}
