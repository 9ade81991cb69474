//! Waits of WASI functions, ended by completion or by an interruption of the call.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use wasmtime::Result;

use crate::runtime::native::ctx::refused;
use crate::runtime::{Failure, Upcalls};

/// The interval at which a blocked call checks its cancel flag.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

static WAITING: LazyLock<io::Result<tokio::runtime::Runtime>> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build());

/// Fails when the call has been interrupted.
///
/// # Errors
/// The call is interrupted.
pub fn look(up: &Arc<dyn Upcalls>) -> Result<()> {
    if up.interrupted() { Err(Failure::interrupted().into()) } else { Ok(()) }
}

/// Runs a WASI function to its end, or until the call is interrupted, which abandons a blocked operation.
///
/// # Errors
/// The function traps, or the call is interrupted.
pub fn wait<R>(up: &Arc<dyn Upcalls>, function: impl Future<Output = Result<R>>) -> Result<R> {
    let runtime = WAITING.as_ref().map_err(|error| refused(format!("cannot start WASI's worker: {error}")))?;
    runtime.block_on(async {
        tokio::pin!(function);
        loop {
            tokio::select! {
                biased;
                done = &mut function => return done,
                () = tokio::time::sleep(POLL_INTERVAL) => look(up)?,
            }
        }
    })
}
