//! A debug adapter: an editor looks at plugins and stops them, in the words of the Debug Adapter Protocol. Messages are
//! JSON values here; whoever opens the adapter carries them.
//!
//! Threads are jobs; the stack goes through all plugins of a job, with a label where one plugin called another;
//! conditions are expressions over the call; what is evaluated at the editor's prompt is a line of the shell.
//!
//! - `adapter`: requests, one after the other. `request`: their arguments. `debuggee`: the state that threads share.
//! - `breakpoints`: the client's, as breakpoints of the kernel. `stops`: events of jobs, from a thread of its own.
//! - `client_view`: jobs, frames and variables as the client asks for them. `stack`: the frames of a held job.
//!   `variables`: those of a frame. `handles`: the numbers that the client has for both.
//! - `script`: the shell that runs what is debugged. `console`: the shell of the editor's prompt.
//! - `outlet`: answers and events, in one order.

mod adapter;
mod breakpoints;
mod client_view;
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
pub use request::Request;
