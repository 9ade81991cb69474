//! Cancellation of calls in the SDK: a thread for each running call checks the call's cancel flag, and cancels the call
//! with the SDK's own handle when it is set.
//!
//! The SDK loses a cancel that falls between a call's being announced to its timer and its being armed, and with it
//! every later one. So the watch lets a call get under way before it cancels it.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use extism::CancelHandle;
use parking_lot::Mutex;

use crate::runtime::{Failure, FailureKind, Upcalls};
use crate::text::io_cause;

/// Interval of checks of the cancel flag.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Time that a call has to enter the guest, and more for each MiB of input, which is copied first.
const GRACE: Duration = Duration::from_millis(10);
const GRACE_PER_MIB: Duration = Duration::from_millis(4);

/// Whether the instance is in a nested call, where a kill is meant for the plugin that it waits for.
#[derive(Debug, Default)]
pub struct NestedGate {
    nested: Mutex<bool>,
}

impl NestedGate {
    /// Runs a nested call; the watch pauses.
    pub fn while_nested<T>(&self, call: impl FnOnce() -> T) -> T {
        *self.nested.lock() = true;
        let _open = Open { gate: self };
        call()
    }

    /// Runs `look` if the instance itself runs, and holds nested calls off meanwhile.
    fn unless_nested(&self, look: impl FnOnce()) {
        let nested = self.nested.lock();
        if !*nested {
            look();
        }
    }
}

struct Open<'a> {
    gate: &'a NestedGate,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        *self.gate.nested.lock() = false;
    }
}

/// Runs `call`; cancels it when `up` says that it must end. `input_bytes` is the length of the call's input.
///
/// # Errors
/// The watch cannot be started.
pub fn watched<T>(
    cancel: &CancelHandle,
    up: &Arc<dyn Upcalls>,
    gate: &NestedGate,
    input_bytes: usize,
    call: impl FnOnce() -> T,
) -> Result<T, Failure> {
    let mib = u32::try_from(input_bytes / (1024 * 1024)).unwrap_or(u32::MAX);
    let grace = GRACE.saturating_add(GRACE_PER_MIB.saturating_mul(mib));
    std::thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        let watch = move || {
            let start = Instant::now();
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(POLL_INTERVAL) {
                if start.elapsed() >= grace {
                    gate.unless_nested(|| cancel_if(up, cancel));
                }
            }
        };
        std::thread::Builder::new().name("plugsh-sdk-watch".to_owned()).spawn_scoped(scope, watch).map_err(
            |error| {
                Failure::new(
                    FailureKind::Denied,
                    format!("cannot start a thread to watch the call: {}", io_cause(&error)),
                )
            },
        )?;
        let result = call();
        drop(running);
        Ok(result)
    })
}

fn cancel_if(up: &Arc<dyn Upcalls>, cancel: &CancelHandle) {
    if up.interrupted() {
        // Fails only when the SDK's timer thread is gone, which ends with the process.
        let _ = cancel.cancel();
    }
}
