//! The native host: Extism's guest ABI directly on wasmtime. The only folder that names wasmtime.
//!
//! - `engine`: the wasmtime engines, and the epochs that make running calls check their cancel flags.
//! - `image`: compiled programs. `link`: the order of modules and the providers of imports. `forwarding`: functions
//!   that modules import from each other in a circle. `stubs`: functions for imports without a provider.
//! - `instantiate`: instances of an image. `instance`: live ones: a store, an arena, the linked modules.
//!   `making`: their making.
//! - `arena.wat`, `blocks`: the memory shared by host and guest, and its allocator. `block_index`: the allocator's
//!   table.
//! - `abi`, `abort`, `user`, `user_blocks`, `bulk`, `wasi`, `http`: the host functions. `streams`: WASI's output.
//! - `outline`: a module's declarations. `chunked`: interruptible bulk instructions.
//! - `instrumentation`: what engines differ in. `compile`: bounded compilation. `codegen`: wasmtime's compiler.
//!   `cache`: compiled modules on disk.
//! - Budgets: `open_files` for files and sockets, `maps` for memory maps, `limits` and `limiter` for an instance's
//!   memory, `fuel` for host functions. `meter`: the cost of a call. `resident`: memory in RAM.
//! - `failing`: failures from wasmtime's errors. `backtrace`: where a guest stands. `standing`: where its callers wait.
//! - `vars`: an instance's variables. `inspect`: its variables and memory for a debugger.
//! - `watched`: host functions whose requests become records. `answered`: those whose answers are kept or replayed.
//! - `tickets`: tickets of started calls in a recording and its replay.
//! - `perf_map`: compiled functions by their names, for `perf`.
//! - `entering`: calls into a guest. `debugged`: instances that a debugger stops in their code.
//! - `ctx`: the shared state of one instance's host functions.

mod abi;
mod abort;
mod answered;
mod backtrace;
mod block_index;
mod blocks;
mod bulk;
mod cache;
mod chunked;
mod codegen;
mod compile;
mod compiled_functions;
mod ctx;
mod debugged;
mod engine;
mod entering;
mod failing;
mod forwarding;
mod fuel;
mod http;
mod image;
mod inspect;
mod instance;
mod instantiate;
mod instrumentation;
mod item_type;
mod limiter;
mod limits;
mod link;
mod making;
mod maps;
mod meter;
mod open_files;
mod outline;
pub mod perf_map;
mod product;
mod resident;
mod standing;
mod streams;
mod stubs;
mod tickets;
mod user;
mod user_blocks;
mod vars;
mod wasi;
mod watched;

pub use chunked::BodyMap;
pub use codegen::{Tools, WASM_STACK_BYTES_MAX, moved_bodies};
pub use compile::{
    CompilationStage, CompilationView, CompileRequest, CompilerOptions, NoCompilerProcess, Served, serve,
};
pub use compiled_functions::Percent;
pub use engine::Engines;
pub use image::NativeImage;
pub use instrumentation::Instrumentation;
pub use standing::callers;
