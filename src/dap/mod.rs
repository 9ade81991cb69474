//! A debug adapter: plugins seen and stopped by an editor, in the words of the Debug Adapter Protocol. Messages are JSON
//! values here; how they are carried is the business of whoever opens the adapter.
//!
//! Threads are jobs; the stack goes through all plugins of a job, with a label where one plugin called another;
//! conditions are expressions over the call; what is evaluated at the editor's prompt is a line of the shell.
//!
//! - `adapter`: requests, one after the other, and what is known of the client. `request`: their arguments.
//! - `breakpoints`: the client's, as breakpoints of the kernel. `stops`: what jobs do, as events, from a thread of its own.
//! - `stack`: the frames of a held job. `variables`: what is in them. `handles`: the numbers that the client has for both.
//! - `script`: the shell that runs what is debugged. `console`: the shell of the editor's prompt.
//! - `outlet`: answers and events, in one order.

mod adapter;
mod breakpoints;
mod console;
mod debuggee;
mod handles;
mod outlet;
mod request;
mod script;
mod stack;
mod stops;
mod variables;

pub use adapter::{Adapter, Flow, Mode};
pub use outlet::Outlet;
