//! Host functions whose answers are kept, or come from a recording. While neither is so, a request reads one flag more.
//! WASI's are in `wasi/answered`.

use wasmtime::{AsContextMut, Caller, Result};

use super::codegen::error_line;
use super::ctx::Ctx;
use super::fuel::{self, Metered};
use crate::runtime::{AnswerFailure, AnswerKind, AnswerMode, Failure, FailureKind, GivenBytes, HostAnswer};

/// Where the answers for the running call come from.
#[inline]
pub fn mode(caller: &Caller<'_, Ctx>) -> AnswerMode {
    caller.data().up.as_ref().map_or(AnswerMode::Live, |up| up.answer_mode())
}

/// Fuel that is left to the running call; `None` where none is counted.
pub fn fuel_left(caller: &mut Caller<'_, Ctx>) -> Option<u64> {
    if !caller.data().is_metered() {
        return None;
    }
    caller.as_context_mut().get_fuel().ok()
}

/// Asks the host by `live`, keeps its answer, or takes the answer from the recording. `asked` is the request in words;
/// `kept` says what of a value is kept, `replayed` makes the value of that again.
///
/// # Errors
/// `live` fails, or the recording has no such answer.
#[inline]
pub fn answered<'a, T>(
    caller: &mut Caller<'a, Ctx>,
    function: &'static str,
    asked: impl FnOnce(&mut Caller<'a, Ctx>) -> String,
    live: impl FnOnce(&mut Caller<'a, Ctx>) -> Result<T>,
    of: Answered<T>,
) -> Result<T> {
    match mode(caller) {
        AnswerMode::Live => live(caller),
        AnswerMode::Kept => {
            let asked = asked(caller);
            let result = live(caller);
            let mut answer = HostAnswer { function: function.to_owned(), asked, ..HostAnswer::default() };
            match &result {
                Ok(value) => (of.keep)(value, &mut answer),
                Err(error) => answer.failure = Some(failure_of(error)),
            }
            keep(caller, answer);
            result
        }
        AnswerMode::Replayed => {
            let asked = asked(caller);
            let answer = take(caller, function, &asked)?;
            (of.replay)(answer)
        }
    }
}

/// How a value becomes an answer, and an answer a value.
pub struct Answered<T> {
    pub keep: fn(&T, &mut HostAnswer),
    pub replay: fn(HostAnswer) -> Result<T>,
}

/// Hands an answer to the recording; one of a call that must end is of no use to it.
pub fn keep(caller: &Caller<'_, Ctx>, answer: HostAnswer) {
    let is_cut = answer.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Interrupted);
    if let Some(up) = caller.data().up.as_ref().filter(|_| !is_cut) {
        up.keep_answer(answer);
    }
}

/// The next answer of the recording; its failure is one of the call.
///
/// # Errors
/// The recording has no such answer, or has a failure for it.
pub fn take(caller: &mut Caller<'_, Ctx>, function: &str, asked: &str) -> Result<HostAnswer> {
    let mut answer = caller.data().up()?.recorded_answer(function, asked).map_err(Failure::unwound)?;
    if answer.kind == AnswerKind::Private {
        let why = format!("the recording has no answer to `{function}`: the plugin is private");
        return Err(Failure::new(FailureKind::Denied, why).into());
    }
    if answer.fuel > 0 {
        fuel::charge_units(caller, answer.fuel)?;
    }
    match answer.failure.take() {
        Some(AnswerFailure { kind, message }) => Err(Failure::new(kind, message).into()),
        None => Ok(answer),
    }
}

/// A failure as it is kept.
pub fn failure_of(error: &wasmtime::Error) -> AnswerFailure {
    match error.downcast_ref::<Failure>() {
        Some(failure) => AnswerFailure { kind: failure.kind, message: failure.message.clone() },
        None => AnswerFailure { kind: FailureKind::Trap, message: error_line(error).message },
    }
}

/// Bytes that become a block of the guest.
pub fn block(bytes: &[u8]) -> GivenBytes {
    GivenBytes { at: 0, bytes: bytes.to_vec() }
}

/// The failure for an answer that no host could have given.
pub fn unfit(function: &str) -> wasmtime::Error {
    let why = format!("the recording's answer to `{function}` fits no such request; is the file changed?");
    Failure::new(FailureKind::Denied, why).into()
}
