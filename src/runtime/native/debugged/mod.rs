//! Instances that a debugger stops in their code, on an engine that is made for them.
//!
//! wasmtime calls a handler where a breakpoint is, on a stack of its own, which wants guests to be entered by futures.
//! `ready` runs such a future to its end on the thread of the call: nothing here ever waits as one.
//!
//! - `image`: the modules of a program. `code_map`: places in a module's file and in the code that was compiled.
//! - `frames`: the frames of a store. `plan`: the breakpoints of a store. `handler`: the events of a store.
//! - `guest`: a store at a stop, for the kernel.

mod code_map;
mod frames;
mod guest;
mod handler;
mod image;
mod plan;
mod ready;

pub use handler::{attach, stopped_by_request};
pub use image::DebugImage;
pub use plan::{Debuggable, Debugger, follow_plan};
pub use ready::ready;
