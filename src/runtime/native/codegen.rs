//! The way to wasmtime's compiler: how engines are configured, one module compiled, and what the compiler's errors are in
//! the words of this program. Where modules are kept, and in which process they compile, is not decided here.

use wasmtime::{Config, Engine, Module};

use super::chunked::{self, Chunks};
use crate::runtime::{Failure, FailureKind, Problem, wasm_words};

/// Native stack that one instance's wasm may use, in bytes: wasmtime's default, which the job threads' stacks are sized by.
pub const MAX_WASM_STACK_BYTES: usize = 512 * 1024;

/// How an engine is made, with or without fuel.
pub fn config(fuelled: bool) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(fuelled).max_wasm_stack(MAX_WASM_STACK_BYTES);
    // The features that the extism crate turns on.
    config.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    // A memory that grows out of its place would be copied: held twice, for seconds that nothing ends. So memories stay within
    // what is reserved for them: 4 GiB, or 2 GiB more than they begin with where that is more.
    config.memory_may_move(false);
    config
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

/// An error and its causes on one line, in the words of this program.
pub fn error_line(error: &wasmtime::Error) -> Problem {
    wasm_words::line(&causes(error))
}

fn causes(error: &wasmtime::Error) -> Vec<String> {
    error.chain().map(|cause| cause.to_string()).collect()
}
