//! The wasmtime engines: one for all plugins, and others, made when first asked for, for those whose fuel is counted
//! and those that a debugger stops.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use wasmtime::{Config, Engine, FuncType, InstancePre, Linker, Module, Store};

use super::cache::Cache;
use super::codegen::{Tools, compile_here, config_for_tools, error_line};
use super::compile::{CompileRequest, Compiler, CompilerOptions, ModuleStore, Order};
use super::ctx::Ctx;
use super::instrumentation::Instrumentation;
use super::{abi, bulk, product, user, user_blocks, wasi};
use crate::image_origin::ImageOrigin;
use crate::runtime::host_functions::EXTISM;
use crate::runtime::lru::{LruCache, LruMax};
use crate::runtime::product_function::ProductFunctions;
use crate::runtime::{Failure, FailureKind, ModuleBytes, Program, Spec, sha256_hex};

const ARENA: &str = include_str!("arena.wat");
/// The bounds of unused compiled modules that are kept for the next load of their bytes.
const MODULES_MAX: LruMax = LruMax { items: 256, bytes: 256 << 20 };

/// The engines of one kernel.
pub struct Engines {
    /// Where compiled modules are kept between runs; `None`: nowhere.
    cache_dir: Option<PathBuf>,
    compiler: Arc<Compiler>,
    tools: Tools,
    of_product: ProductFunctions,
    /// By [`Instrumentation::index`].
    pools: [OnceLock<Arc<EnginePool>>; Instrumentation::ALL.len()],
    making: Mutex<()>,
}

/// One engine and all that its instances share.
pub struct EnginePool {
    pub engine: Engine,
    pub arena: InstancePre<Ctx>,
    pub arena_exports: HashSet<String>,
    /// The host functions without and with WASI.
    pub linker: Arc<Linker<Ctx>>,
    pub wasi_linker: Arc<Linker<Ctx>>,
    /// Every function that the host provides, by its module.
    provided: BTreeMap<String, BTreeMap<String, FuncType>>,
    modules: Mutex<LruCache<String, Module>>,
    cache: Option<Cache>,
    compiler: Arc<Compiler>,
    pub instrumentation: Instrumentation,
}

impl Engines {
    /// Engines that keep compiled modules below this directory, compiled in such a way, and that link a product's host
    /// functions.
    pub fn new(cache_dir: Option<PathBuf>, options: CompilerOptions, of_product: ProductFunctions) -> Self {
        let tools = options.tools;
        let compiler = Arc::new(Compiler::new(options));
        let (pools, making) = (Default::default(), Mutex::new(()));
        Engines { cache_dir, compiler, tools, of_product, pools, making }
    }

    /// The compiler of the engines.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The engine of an instrumentation.
    ///
    /// # Errors
    /// The engine cannot be made; of kind `Load`.
    pub fn pool(&self, instrumentation: Instrumentation) -> Result<Arc<EnginePool>, Failure> {
        let slot = &self.pools[instrumentation.index()];
        if let Some(pool) = slot.get() {
            return Ok(pool.clone());
        }
        let _making = self.making.lock();
        if let Some(pool) = slot.get() {
            return Ok(pool.clone());
        }
        let pool = self.make(instrumentation)?;
        Ok(slot.get_or_init(|| Arc::new(pool)).clone())
    }

    /// Data that the engines keep for other tools.
    pub fn tools(&self) -> Tools {
        self.tools
    }

    fn make(&self, instrumentation: Instrumentation) -> Result<EnginePool, Failure> {
        let config = config_for_tools(instrumentation, self.tools)?;
        EnginePool::new(&config, instrumentation, self).map_err(|error| {
            let why = error_line(&error).map(|why| format!("cannot start the wasm engine: {why}"));
            Failure::new(FailureKind::Load, why)
        })
    }

    /// Makes every running call of every engine check its cancel flag.
    pub fn interrupt_epoch(&self) {
        for pool in self.pools.iter().filter_map(OnceLock::get) {
            pool.engine.increment_epoch();
        }
    }
}

impl EnginePool {
    fn new(config: &Config, instrumentation: Instrumentation, engines: &Engines) -> wasmtime::Result<Self> {
        let engine = Engine::new(config)?;
        let cache = engines.cache_dir.as_deref().and_then(|dir| Cache::open(dir, &engine));
        let mut linker = Linker::new(&engine);
        abi::add(&mut linker)?;
        user::add(&mut linker)?;
        user_blocks::add(&mut linker)?;
        bulk::add(&mut linker)?;
        product::add(&mut linker, &engine, &engines.of_product)?;
        let mut wasi_linker = linker.clone();
        wasi::add(&mut wasi_linker)?;
        let arena = compiled(&engine, instrumentation, cache.as_ref(), ARENA.as_bytes())?;
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
                provide(EXTISM, export.name(), ty.clone());
                arena_exports.insert(export.name().to_string());
            }
        }
        let arena = Linker::new(&engine).instantiate_pre(&arena)?;
        Ok(EnginePool {
            arena,
            arena_exports,
            linker: Arc::new(linker),
            wasi_linker: Arc::new(wasi_linker),
            provided,
            modules: Mutex::new(LruCache::new(MODULES_MAX)),
            cache,
            compiler: engines.compiler.clone(),
            instrumentation,
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
    ///
    /// # Errors
    /// The module does not compile, or the request for it was given up.
    pub fn module(
        &self,
        program: &Program,
        bytes: &ModuleBytes,
        request: &Arc<CompileRequest>,
    ) -> Result<Arc<Module>, Failure> {
        if let Some(module) = self.modules.lock().get(&bytes.sha256) {
            return Ok(module);
        }
        let (origin, engine, instrumentation) = (program.origin.as_str(), &self.engine, self.instrumentation);
        let order = Order { origin, request, bytes, engine, instrumentation };
        self.compiler.module(order, &StoredModule { pool: self, sha256: &bytes.sha256 })
    }
}

/// One module's places in the caches in memory and on disk.
struct StoredModule<'a> {
    pool: &'a EnginePool,
    sha256: &'a str,
}

impl StoredModule<'_> {
    fn put_in_memory(&self, module: &Arc<Module>) {
        let gone = self.pool.modules.lock().put(self.sha256.to_owned(), module.clone(), code_bytes(module));
        drop(gone);
    }
}

impl ModuleStore for StoredModule<'_> {
    fn get(&self) -> Option<(Arc<Module>, ImageOrigin)> {
        if let Some(module) = self.pool.modules.lock().get(&self.sha256.to_owned()) {
            return Some((module, ImageOrigin::Memory));
        }
        let module = Arc::new(self.pool.cache.as_ref()?.get(&self.pool.engine, self.sha256)?);
        self.put_in_memory(&module);
        Some((module, ImageOrigin::Disk))
    }

    fn put(&self, module: &Arc<Module>, code: Option<&[u8]>) {
        self.put_in_memory(module);
        match (&self.pool.cache, code) {
            (Some(cache), Some(code)) => cache.put_code(self.sha256, code),
            (Some(cache), None) => cache.put(self.sha256, module),
            (None, _) => {}
        }
    }
}

/// A module out of the cache, or compiled and put there.
fn compiled(
    engine: &Engine,
    instrumentation: Instrumentation,
    cache: Option<&Cache>,
    bytes: &[u8],
) -> wasmtime::Result<Module> {
    let sha256 = sha256_hex(bytes);
    if let Some(module) = cache.and_then(|cache| cache.get(engine, &sha256)) {
        return Ok(module);
    }
    let module = compile_here(engine, instrumentation, bytes)?;
    if let Some(cache) = cache {
        cache.put(&sha256, &module);
    }
    Ok(module)
}

/// The memory of a module's compiled code, in bytes.
pub fn code_bytes(module: &Module) -> u64 {
    let range = module.image_range();
    (range.end as usize).saturating_sub(range.start as usize) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::host_functions::{self, ArenaFunction, WASI};

    #[test]
    fn the_linker_has_what_the_table_has() {
        let engines = Engines::new(None, CompilerOptions::default(), ProductFunctions::default());
        let pool = engines.pool(Instrumentation::default()).unwrap();
        let names = |types: &mut dyn Iterator<Item = wasmtime::ValType>| -> Vec<String> {
            types.map(|ty| ty.to_string()).collect()
        };
        let mut provided = BTreeMap::new();
        for (module, name) in pool.offered().into_iter().filter(|(module, _)| *module != WASI) {
            let ty = pool.function_type(module, name).unwrap();
            provided.insert((module, name), (names(&mut ty.params()), names(&mut ty.results())));
        }
        let mut wanted = BTreeMap::new();
        for row in host_functions::all() {
            let params: Vec<String> = row.params.iter().map(|param| param.ty.as_str().to_owned()).collect();
            let results: Vec<String> = row.result.iter().map(|result| result.ty.as_str().to_owned()).collect();
            for namespace in row.namespaces {
                wanted.insert((*namespace, row.name), (params.clone(), results.clone()));
            }
        }
        assert_eq!(provided, wanted);
        let arena: HashSet<String> = ArenaFunction::ALL.iter().map(|function| function.row().name.to_owned()).collect();
        assert_eq!(pool.arena_exports, arena);
    }
}
