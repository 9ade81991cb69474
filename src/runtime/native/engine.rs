//! The wasmtime engines: one for all plugins, and one more, made when first asked for, for those with a fuel limit.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use wasmtime::{Config, Engine, InstancePre, Linker, Module, Store};

use super::ctx::Ctx;
use super::{abi, bulk, user, wasi};
use crate::runtime::{Failure, FailureKind, ModuleBytes, Spec};

const ARENA: &str = include_str!("arena.wat");
/// Native stack that one instance's wasm may use, in bytes: wasmtime's default, which the job threads' stacks are sized by.
pub const MAX_WASM_STACK_BYTES: usize = 512 * 1024;
/// Most compiled modules that are kept for the next who loads the same bytes.
const MODULES_MAX: usize = 256;

/// The engines of one kernel.
#[derive(Default)]
pub struct Engines {
    plain: OnceLock<Arc<Bench>>,
    fuelled: OnceLock<Arc<Bench>>,
    making: Mutex<()>,
}

/// One engine and all that its instances share.
pub struct Bench {
    pub engine: Engine,
    pub arena: InstancePre<Ctx>,
    pub arena_exports: HashSet<String>,
    /// The host functions without and with WASI.
    pub linker: Arc<Linker<Ctx>>,
    pub wasi_linker: Arc<Linker<Ctx>>,
    /// `module.name` of everything that the host provides.
    provided: HashSet<(String, String)>,
    modules: Mutex<HashMap<String, Module>>,
}

impl Engines {
    /// The engine for instances with or without a fuel limit.
    pub fn bench(&self, fuelled: bool) -> Result<Arc<Bench>, Failure> {
        let slot = if fuelled { &self.fuelled } else { &self.plain };
        if let Some(bench) = slot.get() {
            return Ok(bench.clone());
        }
        let _making = self.making.lock();
        if let Some(bench) = slot.get() {
            return Ok(bench.clone());
        }
        let bench = Bench::new(fuelled).map_err(|error| {
            Failure::new(FailureKind::Load, format!("cannot start the wasm engine: {}", error.root_cause()))
        })?;
        Ok(slot.get_or_init(|| Arc::new(bench)).clone())
    }

    /// Makes every running call of every engine look at its kill word.
    pub fn kick(&self) {
        for bench in [&self.plain, &self.fuelled].into_iter().filter_map(OnceLock::get) {
            bench.engine.increment_epoch();
        }
    }
}

fn config(fuelled: bool) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(fuelled).max_wasm_stack(MAX_WASM_STACK_BYTES);
    // The features that the extism crate turns on.
    config.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    config
}

impl Bench {
    fn new(fuelled: bool) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(fuelled))?;
        let mut linker = Linker::new(&engine);
        abi::add(&mut linker)?;
        user::add(&mut linker)?;
        bulk::add(&mut linker)?;
        let mut wasi_linker = linker.clone();
        wasi::add(&mut wasi_linker)?;
        let arena = Module::new(&engine, ARENA)?;
        let arena_exports: HashSet<String> = arena
            .exports()
            .filter(|export| export.ty().func().is_some())
            .map(|export| export.name().to_string())
            .collect();
        let mut store = Store::new(&engine, Ctx::new(Arc::new(Spec::default())));
        let mut provided: HashSet<(String, String)> =
            wasi_linker.iter(&mut store).map(|(module, name, _)| (module.to_string(), name.to_string())).collect();
        provided.extend(arena_exports.iter().map(|name| (abi::MODULE.to_string(), name.clone())));
        let arena = Linker::new(&engine).instantiate_pre(&arena)?;
        Ok(Bench {
            arena,
            arena_exports,
            linker: Arc::new(linker),
            wasi_linker: Arc::new(wasi_linker),
            provided,
            modules: Mutex::new(HashMap::new()),
            engine,
        })
    }

    /// Whether the host provides an import.
    pub fn provides(&self, module: &str, name: &str) -> bool {
        self.provided.contains(&(module.to_string(), name.to_string()))
    }

    /// A module, compiled at its first asking. Not interruptible: call it on a worker.
    pub fn module(&self, bytes: &ModuleBytes) -> Result<Module, Failure> {
        if let Some(module) = self.modules.lock().get(&bytes.sha256) {
            return Ok(module.clone());
        }
        let module = Module::new(&self.engine, &bytes.bytes).map_err(|error| {
            Failure::new(FailureKind::Load, format!("not a valid wasm module: {}", one_line(&error)))
        })?;
        let mut modules = self.modules.lock();
        if modules.len() >= MODULES_MAX {
            // Which one goes does not matter: it only costs a compilation later.
            let some = modules.keys().next().cloned();
            some.map(|some| modules.remove(&some));
        }
        modules.insert(bytes.sha256.clone(), module.clone());
        Ok(module)
    }
}

/// An error and its causes on one line, without backtraces.
pub fn one_line(error: &wasmtime::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
