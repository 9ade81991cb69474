//! The native host: Extism's guest ABI directly on wasmtime. The only folder that names wasmtime.
//!
//! - `engine`: the wasmtime engines, and how a running call is made to check its cancel flag.
//! - `image`: a program compiled. `link`: how its modules fit together, and who provides their imports. `later`:
//!   functions that modules import in a circle. `stubs`: what stands in for imports that nobody provides.
//! - `instance`: one live instance: a store, an arena, the linked modules.
//! - `arena.wat`, `blocks`: the memory that crosses between host and guest, and the rules of what lies where in it.
//!   `block_index`: the table behind those rules.
//! - `abi`, `user`, `bulk`, `wasi`, `http`: the host functions.
//! - `outline`: what a module declares. `chunked`: its bulk instructions in chunks, so that each of them can be ended.
//! - `compile`: which modules are compiled where, and how many at once. `cache`: compiled modules on disk.
//! - `open_files`: how many files and sockets instances hold open. `maps`: how many memory maps they take. `limits`:
//!   what else one may hold. `resident`: what of it is in RAM. `fuel`: what host functions cost.
//! - `ctx`: what the host functions of one instance share.

mod abi;
mod block_index;
mod blocks;
mod bulk;
mod cache;
mod chunked;
mod codegen;
mod compile;
mod ctx;
mod describe;
mod engine;
mod fuel;
mod http;
mod image;
mod instance;
mod instantiate;
mod later;
mod limiter;
mod limits;
mod link;
mod maps;
mod open_files;
mod outline;
mod resident;
mod streams;
mod stubs;
mod user;
mod wasi;

pub use codegen::MAX_WASM_STACK_BYTES;
pub use compile::{CompilationStage, CompilationView, CompileRequest, CompilerOptions, Served, serve};
pub use engine::Engines;
pub use image::NativeImage;
