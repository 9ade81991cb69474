//! The wasmtime engines: one for all plugins, and one more, made when first asked for, for those with a fuel limit.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, FuncType, InstancePre, Linker, Module, Store};

use super::cache::Cache;
use super::chunked::Chunks;
use super::compile::{Compiler, CompilerOptions, ModuleStore, Order, Wish};
use super::ctx::Ctx;
use super::{abi, bulk, chunked, user, wasi};
use crate::runtime::shelf::{Shelf, ShelfMax};
use crate::runtime::{Failure, FailureKind, ModuleBytes, Program, Spec, wasm_words};

const ARENA: &str = include_str!("arena.wat");
/// Native stack that one instance's wasm may use, in bytes: wasmtime's default, which the job threads' stacks are sized by.
pub const MAX_WASM_STACK_BYTES: usize = 512 * 1024;
/// What is kept of compiled modules that no image has, for the next who loads the same bytes.
const MODULES_MAX: ShelfMax = ShelfMax { items: 256, bytes: 256 << 20 };

/// The engines of one kernel.
pub struct Engines {
    /// Where compiled modules are kept between runs; `None`: nowhere.
    cache_dir: Option<PathBuf>,
    compiler: Arc<Compiler>,
    plain: OnceLock<Arc<Workshop>>,
    fuelled: OnceLock<Arc<Workshop>>,
    making: Mutex<()>,
}

/// One engine and all that its instances share.
pub struct Workshop {
    pub engine: Engine,
    pub arena: InstancePre<Ctx>,
    pub arena_exports: HashSet<String>,
    /// The host functions without and with WASI.
    pub linker: Arc<Linker<Ctx>>,
    pub wasi_linker: Arc<Linker<Ctx>>,
    /// Every function that the host provides, by its module.
    provided: BTreeMap<String, BTreeMap<String, FuncType>>,
    modules: Mutex<Shelf<String, Module>>,
    cache: Option<Cache>,
    compiler: Arc<Compiler>,
    fuelled: bool,
}

impl Engines {
    /// Engines that keep compiled modules below this directory, compiled in such a way.
    pub fn new(cache_dir: Option<PathBuf>, options: CompilerOptions) -> Self {
        let compiler = Arc::new(Compiler::new(options));
        Engines { cache_dir, compiler, plain: OnceLock::new(), fuelled: OnceLock::new(), making: Mutex::new(()) }
    }

    /// What compiles for them.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The engine for instances with or without a fuel limit.
    pub fn workshop(&self, fuelled: bool) -> Result<Arc<Workshop>, Failure> {
        let slot = if fuelled { &self.fuelled } else { &self.plain };
        if let Some(workshop) = slot.get() {
            return Ok(workshop.clone());
        }
        let _making = self.making.lock();
        if let Some(workshop) = slot.get() {
            return Ok(workshop.clone());
        }
        let workshop = Workshop::new(fuelled, self.cache_dir.as_deref(), self.compiler.clone()).map_err(|error| {
            Failure::new(FailureKind::Load, format!("cannot start the wasm engine: {}", one_line(&error)))
        })?;
        Ok(slot.get_or_init(|| Arc::new(workshop)).clone())
    }

    /// Makes every running call of every engine look at its kill word.
    pub fn kick(&self) {
        for workshop in [&self.plain, &self.fuelled].into_iter().filter_map(OnceLock::get) {
            workshop.engine.increment_epoch();
        }
    }
}

fn config(fuelled: bool) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(fuelled).max_wasm_stack(MAX_WASM_STACK_BYTES);
    // The features that the extism crate turns on.
    config.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    // A memory that grows out of its place would be copied: held twice, for seconds that nothing ends. So memories stay within
    // what is reserved for them: 4 GiB, or 2 GiB more than they begin with where that is more.
    config.memory_may_move(false);
    config
}

impl Workshop {
    fn new(fuelled: bool, cache_dir: Option<&Path>, compiler: Arc<Compiler>) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(fuelled))?;
        let cache = cache_dir.and_then(|dir| Cache::open(dir, &engine));
        let mut linker = Linker::new(&engine);
        abi::add(&mut linker)?;
        user::add(&mut linker)?;
        bulk::add(&mut linker)?;
        let mut wasi_linker = linker.clone();
        wasi::add(&mut wasi_linker)?;
        let arena = compiled(&engine, fuelled, cache.as_ref(), &hex_sha256(ARENA.as_bytes()), ARENA.as_bytes())?;
        let mut store = Store::new(&engine, Ctx::new(Arc::new(Spec::default())));
        let mut provided: BTreeMap<String, BTreeMap<String, FuncType>> = BTreeMap::new();
        let mut provide = |module: &str, name: &str, ty: FuncType| {
            provided.entry(module.to_string()).or_default().insert(name.to_string(), ty);
        };
        let host: Vec<_> = wasi_linker.iter(&mut store).filter_map(|(m, n, e)| Some((m, n, e.into_func()?))).collect();
        host.into_iter().for_each(|(module, name, function)| provide(module, name, function.ty(&store)));
        let mut arena_exports = HashSet::new();
        for export in arena.exports() {
            if let Some(ty) = export.ty().func() {
                provide(abi::MODULE, export.name(), ty.clone());
                arena_exports.insert(export.name().to_string());
            }
        }
        let arena = Linker::new(&engine).instantiate_pre(&arena)?;
        Ok(Workshop {
            arena,
            arena_exports,
            linker: Arc::new(linker),
            wasi_linker: Arc::new(wasi_linker),
            provided,
            modules: Mutex::new(Shelf::new(MODULES_MAX)),
            cache,
            compiler,
            fuelled,
            engine,
        })
    }

    /// The type of a function that the host provides; `None` for all else.
    pub fn function_type(&self, module: &str, name: &str) -> Option<&FuncType> {
        self.provided.get(module)?.get(name)
    }

    /// All functions that the host provides, as module and name, in order.
    pub fn offered<'a>(&'a self) -> Vec<(&'a str, &'a str)> {
        let in_module = |(module, names): (&'a String, &'a BTreeMap<String, FuncType>)| {
            names.keys().map(move |name| (module.as_str(), name.as_str()))
        };
        self.provided.iter().flat_map(in_module).collect()
    }

    /// A module of a program, compiled at its first asking. Takes long: call it on a worker.
    pub fn module(&self, program: &Program, bytes: &ModuleBytes, wish: &Arc<Wish>) -> Result<Arc<Module>, Failure> {
        if let Some(module) = self.modules.lock().get(&bytes.sha256) {
            return Ok(module);
        }
        let order = Order { origin: &program.origin, wish, fuelled: self.fuelled };
        self.compiler.module(order, bytes, &self.engine, &Kept { workshop: self, sha256: &bytes.sha256 })
    }
}

/// Where a workshop keeps one module: in memory, and on disk.
struct Kept<'a> {
    workshop: &'a Workshop,
    sha256: &'a str,
}

impl Kept<'_> {
    fn put_in_memory(&self, module: &Arc<Module>) {
        let gone = self.workshop.modules.lock().put(self.sha256.to_owned(), module.clone(), code_bytes(module));
        drop(gone);
    }
}

impl ModuleStore for Kept<'_> {
    fn get(&self) -> Option<Arc<Module>> {
        if let Some(module) = self.workshop.modules.lock().get(&self.sha256.to_owned()) {
            return Some(module);
        }
        let module = Arc::new(self.workshop.cache.as_ref()?.get(&self.workshop.engine, self.sha256)?);
        self.put_in_memory(&module);
        Some(module)
    }

    fn put(&self, module: &Arc<Module>, code: Option<&[u8]>) {
        self.put_in_memory(module);
        match (&self.workshop.cache, code) {
            (Some(cache), Some(code)) => cache.put_code(self.sha256, code),
            (Some(cache), None) => cache.put(self.sha256, module),
            (None, _) => {}
        }
    }
}

/// A module compiled in this process, for an engine with or without fuel. Not interruptible.
pub fn compile_here(engine: &Engine, fuelled: bool, wasm: &[u8]) -> wasmtime::Result<Module> {
    compile(engine, fuelled, wasm, |engine, wasm| Module::new(engine, wasm))
}

/// The compiled form of a module, for an engine with or without fuel, in a process that only compiles.
pub fn precompile(fuelled: bool, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    compile(&Engine::new(&config(fuelled))?, fuelled, wasm, Engine::precompile_module)
}

/// The one way to the compiler, in this process or in one of its own: bulk instructions in chunks.
fn compile<T>(
    engine: &Engine,
    fuelled: bool,
    bytes: &[u8],
    compile: impl Fn(&Engine, &[u8]) -> wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    // wasmtime itself says what is wrong with a text.
    let Ok(wasm) = wat::parse_bytes(bytes) else { return compile(engine, bytes) };
    let chunked = chunked::rewritten(&wasm, Chunks::of(fuelled));
    match chunked.map_err(|why| Failure::new(FailureKind::Load, why))? {
        None => compile(engine, &wasm),
        // Errors are those of the module as it came, where that has one.
        Some(chunked) => {
            compile(engine, &chunked).map_err(|error| Module::validate(engine, &wasm).err().unwrap_or(error))
        }
    }
}

/// The failure of a load whose module the compiler refused.
pub fn invalid(error: &wasmtime::Error) -> Failure {
    if let Some(refused) = error.downcast_ref::<Failure>() {
        return refused.clone();
    }
    Failure::new(FailureKind::Load, wasm_words::invalid(&causes(error)))
}

/// A module out of the cache, or compiled and put there.
fn compiled(
    engine: &Engine,
    fuelled: bool,
    cache: Option<&Cache>,
    sha256: &str,
    bytes: &[u8],
) -> wasmtime::Result<Module> {
    if let Some(module) = cache.and_then(|cache| cache.get(engine, sha256)) {
        return Ok(module);
    }
    let module = compile_here(engine, fuelled, bytes)?;
    if let Some(cache) = cache {
        cache.put(sha256, &module);
    }
    Ok(module)
}

/// What a module's compiled code takes of memory.
pub fn code_bytes(module: &Module) -> u64 {
    let range = module.image_range();
    (range.end as usize).saturating_sub(range.start as usize) as u64
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error and its causes on one line, in the words of this program.
pub fn one_line(error: &wasmtime::Error) -> String {
    wasm_words::line(&causes(error))
}

fn causes(error: &wasmtime::Error) -> Vec<String> {
    error.chain().map(|cause| cause.to_string()).collect()
}
