//! The failure of a call or a start, made of the error that wasmtime ended it with.

use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use super::backtrace;
use super::codegen::error_line;
use super::ctx::Ctx;
use super::streams::Streams;
use crate::runtime::guest_end::GuestEnd;
use crate::runtime::{Failure, FailureKind};

/// The failure for a wasmtime error, with where the guest stood.
pub(super) fn failure(store: &Store<Ctx>, error: wasmtime::Error) -> Failure {
    let backtrace = backtrace::of_error(&error, &store.data().modules);
    let mut failure = failure_without_place(store, error);
    failure.backtrace = backtrace;
    failure
}

/// The failure of a call or a start, with the core dump of a trap where dumps are wanted.
pub(super) fn failure_with_dump(store: &mut Store<Ctx>, error: wasmtime::Error) -> Failure {
    let core_dump = backtrace::core_dump(store, &error);
    let mut failure = failure(store, error);
    failure.core_dump = core_dump;
    failure
}

fn failure_without_place(store: &Store<Ctx>, error: wasmtime::Error) -> Failure {
    let oom = store.data().limits.refused;
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return match failure.kind {
            FailureKind::Oom => store.data().limits.failure(),
            _ => failure.clone().unwound(),
        };
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return GuestEnd::WasiExit(exit.0).into();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => GuestEnd::OutOfFuel.into(),
        _ if oom => store.data().limits.failure(),
        Some(trap) => {
            let text = trap.to_string();
            GuestEnd::Trap(text.strip_prefix("wasm trap: ").unwrap_or(&text)).into()
        }
        None => Failure::new(FailureKind::Trap, error_line(&error)),
    }
}

/// The failure with the tail of the call's standard error, where the guest failed without a message.
pub(super) fn with_stderr(mut failure: Failure, streams: Option<&Streams>) -> Failure {
    if matches!(failure.kind, FailureKind::Guest | FailureKind::Trap | FailureKind::Oom) {
        failure.stderr_tail = streams.and_then(Streams::take_stderr_tail);
    }
    failure
}

/// True for a link error before any guest code: modules do not fit together, or the engine refuses a declaration.
pub(super) fn linking(store: &Store<Ctx>, error: &wasmtime::Error) -> bool {
    !store.data().limits.refused
        && !error.is::<Failure>()
        && !error.is::<I32Exit>()
        && !error.is::<Trap>()
        && !error.is::<wasmtime::WasmBacktrace>()
}
