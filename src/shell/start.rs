//! Starting a session: with the table of commands, on a kernel that can run the commands of its stubs.

use std::sync::Arc;

use super::command::TABLE;
use super::front::Front;
use super::session::{Session, SessionOptions};
use super::stdin::Stdin;
use super::stub_run;
use crate::kernel::Kernel;

/// A session with all commands, on a kernel, under a front.
pub fn start(kernel: Arc<Kernel>, front: Box<dyn Front>, options: SessionOptions, stdin: Stdin) -> Session {
    kernel.set_stub_runner(Arc::new(stub_run::run));
    Session::new(kernel, TABLE, front, options, stdin)
}
