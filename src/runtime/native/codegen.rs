//! Access to wasmtime's compiler: the configuration of engines, the compilation of one module, and the compiler's
//! errors in the words of this program. `cache` keeps modules, and `compile` chooses the process.

use std::num::NonZeroUsize;
use std::sync::Arc;

use wasmtime::{Config, Engine, Module};

use super::chunked::{self, BodyMap, Chunks};
use super::compiled_functions::{CompiledFunctions, Percent};
use super::instrumentation::Instrumentation;
use super::perf_map::{self, PERF_MAP};
use crate::runtime::stack::FRAMES_MAX;
use crate::runtime::{Failure, FailureKind, Problem, wasm_words};

/// Native stack that one instance's wasm may use, in bytes: wasmtime's default, which the job threads' stacks are sized
/// by.
pub const WASM_STACK_BYTES_MAX: usize = 512 * 1024;
/// Native stack of each call in an engine for a debugger, in bytes: the plugins that the callee calls use it too. Only
/// touched pages take memory.
const DEBUGGED_STACK_BYTES: usize = 128 << 20;

/// Data that engines keep for other tools.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tools {
    /// Whether traps leave a core dump.
    pub core_dumps: bool,
    /// Whether compiled functions stand in the process's perf map.
    pub perf_map: bool,
}

/// Configuration of an engine.
pub fn config(instrumentation: Instrumentation) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(instrumentation.fuel).max_wasm_stack(WASM_STACK_BYTES_MAX);
    // The features that the extism crate turns on.
    config.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    // A memory that outgrows its reservation is copied, which cannot be interrupted and holds it twice. Memories stay
    // within their reservation: 4 GiB, or 2 GiB more than their initial size where that is more.
    config.memory_may_move(false);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES_MAX));
    if instrumentation.debug {
        config.guest_debug(true).async_stack_size(DEBUGGED_STACK_BYTES);
    }
    config
}

/// Configuration of an engine whose instances other tools inspect.
///
/// # Errors
///
/// The perf map cannot be made.
pub fn config_for_tools(instrumentation: Instrumentation, tools: Tools) -> Result<Config, Failure> {
    let mut config = config(instrumentation);
    config.coredump_on_trap(tools.core_dumps);
    if tools.perf_map {
        perf_map::prepare()?;
        config.profiler(PERF_MAP);
    }
    Ok(config)
}

/// The functions of a module whose compiled code has other offsets than the module, for an engine with or without fuel.
pub fn moved_bodies(wasm: &[u8], fuelled: bool) -> BodyMap {
    chunked::moved_bodies(wasm, Chunks::of(fuelled))
}

/// A module compiled in this process for an engine. Not interruptible.
///
/// # Errors
/// The bytes are no module that the engine supports.
pub fn compile_here(engine: &Engine, instrumentation: Instrumentation, wasm: &[u8]) -> wasmtime::Result<Module> {
    compile(engine, instrumentation.fuel, wasm, |engine, wasm| Module::new(engine, wasm))
}

/// The compiled form of a module for an engine, in a process that only compiles, and only this
/// module. `report` gets each new percentage of functions that are compiled.
///
/// # Errors
/// The bytes are no module that the engine supports.
pub fn precompile(
    instrumentation: Instrumentation,
    wasm: &[u8],
    report: impl Fn(Percent) + Send + Sync + 'static,
) -> wasmtime::Result<Vec<u8>> {
    let compiled = Arc::new(CompiledFunctions::new(report));
    compiled.count_in_all_threads();
    compile(&Engine::new(&config(instrumentation))?, instrumentation.fuel, wasm, |engine, wasm| {
        compiled.set_total(wasm);
        engine.precompile_module(wasm)
    })
}

/// The module with its bulk instructions in chunks, for the compiler in any process.
fn compile<T>(
    engine: &Engine,
    fuelled: bool,
    bytes: &[u8],
    compile: impl Fn(&Engine, &[u8]) -> wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    // wasmtime reports errors in the text.
    let Ok(wasm) = wat::parse_bytes(bytes) else { return compile(engine, bytes) };
    let chunked = chunked::rewritten(&wasm, Chunks::of(fuelled));
    match chunked.map_err(|why| Failure::new(FailureKind::Load, why))? {
        None => compile(engine, &wasm),
        // An invalid module fails with the errors of its original form.
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

/// An error and its causes on one line, in the words of this program.
pub fn error_line(error: &wasmtime::Error) -> Problem {
    wasm_words::line(&causes(error))
}

fn causes(error: &wasmtime::Error) -> Vec<String> {
    error.chain().map(|cause| cause.to_string()).collect()
}
