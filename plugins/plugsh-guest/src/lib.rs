//! Safe names over the functions that plugsh offers its plugins: start another plugin, call it, end it.
//!
//! plugsh is to a plugin what an operating system is to a process. A plugin may [register](Plugin::register) (start)
//! another, which becomes its child, and [call](Plugin::call) it, to any depth:
//!
//! ```no_run
//! use extism_pdk::{plugin_fn, FnResult};
//! use plugsh_guest::Plugin;
//!
//! #[plugin_fn]
//! pub fn run(text: String) -> FnResult<String> {
//!     let upper: String = Plugin::register("text")?.call("upper", text)?;
//!     Ok(upper)
//! }
//! ```
//!
//! What lives here: [`Plugin`], [`Child`] (started when first needed, kept, replaced when gone), [`Pending`], a
//! call that runs beside its caller, [`bulk`], the fast way
//! to move bytes, [`report_panics!`], which tells the host why a plugin panicked, and [`about!`], which says in the wasm
//! what the plugin does. What does not: input, output, logs, variables and HTTP, which are extism-pdk's.
//!
//! Each host function is an import of its own, so a plugin imports just those that it uses; one that uses none of
//! them loads in any Extism host. The raw functions and the bulk path as an ABI: `README.md` and `BULK.md` beside this.

pub mod about;
pub mod bulk;
mod child;
mod panics;
mod pending;
mod plugin;
mod raw;

pub use child::Child;
pub use panics::report_panics;
pub use pending::Pending;
pub use plugin::{CallError, Plugin};
