//! Futures of the engine that never wait.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::{Error, Result};

/// Runs a future of the engine to its end. Guests and host functions here block their thread instead of waiting.
///
/// # Errors
/// Those of the future.
pub fn ready<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::msg("the engine waits where nothing wakes it")),
    }
}
