//! The implementation of each [`PluginFunction`], in the namespaces where ids are numbers; `user_blocks` has the
//! others.
//!
//! The kernel does the work; the functions here convert handles for `Upcalls` and back.

use wasmtime::{Caller, Linker, Result};

use super::backtrace;
use super::ctx::{Arena, Ctx, CtxStore, Span, refused};
use super::debugged;
use super::fuel;
use super::standing::{self, Standing};
use super::tickets;
use crate::runtime::block_error::BlockError;
use crate::runtime::host_functions::{NAME_BYTES_MAX, PLUGINS, PluginFunction};
use crate::runtime::{Backtrace, Exchange, Failure, FailureKind, HostData};

/// Adds every function, in both namespaces.
///
/// # Errors
/// The linker has one of the names already.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    for namespace in PLUGINS {
        for function in PluginFunction::ALL {
            add_function(linker, namespace, *function)?;
        }
    }
    Ok(())
}

fn add_function(linker: &mut Linker<Ctx>, namespace: &str, function: PluginFunction) -> Result<()> {
    use PluginFunction as F;
    type Guest<'a> = Caller<'a, Ctx>;
    let name = function.row().name;
    match function {
        F::RegisterPlugin => linker.func_wrap(namespace, name, |mut c: Guest<'_>, name| register_plugin(&mut c, name)),
        F::CallPlugin => linker.func_wrap(namespace, name, |mut c: Guest<'_>, id, function, input| {
            call_plugin(&mut c, id, function, input)
        }),
        F::TryCallPlugin => linker.func_wrap(namespace, name, |mut c: Guest<'_>, id, function, input| {
            try_call_plugin(&mut c, id, function, input)
        }),
        F::CallError => linker.func_wrap(namespace, name, |mut c: Guest<'_>| call_error(&mut c)),
        F::StartCall => linker.func_wrap(namespace, name, |mut c: Guest<'_>, id, function, input| {
            start_call(&mut c, id, function, input)
        }),
        F::PollCall => linker.func_wrap(namespace, name, |mut c: Guest<'_>, ticket| poll_call(&mut c, ticket)),
        F::JoinCall => linker.func_wrap(namespace, name, |mut c: Guest<'_>, ticket| join_call(&mut c, ticket)),
        F::TryJoinCall => linker.func_wrap(namespace, name, |mut c: Guest<'_>, ticket| try_join_call(&mut c, ticket)),
        F::FreePlugin => linker.func_wrap(namespace, name, |c: Guest<'_>, id| free_plugin(&c, id)),
        F::FindPlugin => linker.func_wrap(namespace, name, |mut c: Guest<'_>, name| find_plugin(&mut c, name)),
        F::SelfPlugin => linker.func_wrap(namespace, name, |c: Guest<'_>| self_plugin(&c)),
        F::ParentPlugin => linker.func_wrap(namespace, name, |c: Guest<'_>| parent_plugin(&c)),
    }?;
    Ok(())
}

/// Calls process `id` and returns the handle of the output. `function` and `input` are handles too.
///
/// # Errors
/// A handle is invalid, the call fails, or the caller is interrupted.
pub(super) fn call_plugin(caller: &mut Caller<'_, Ctx>, id: i64, function: i64, input: i64) -> Result<i64> {
    let up = caller.data().up()?;
    let output = nested(caller, function as u64, input as u64, |exchange| up.call(id as u64, exchange))?;
    end_if_interrupted(caller)?;
    Ok(output.offset as i64)
}

/// Starts a call of process `id` beside the caller, and gives its ticket.
///
/// # Errors
/// There is no room for one more, a handle is none, or the caller is interrupted.
pub(super) fn start_call(caller: &mut Caller<'_, Ctx>, id: i64, function: i64, input: i64) -> Result<i64> {
    let up = caller.data().up()?;
    let mut ticket = 0;
    nested(caller, function as u64, input as u64, |exchange| {
        ticket = up.start(id as u64, exchange)?;
        Ok(())
    })?;
    end_if_interrupted(caller)?;
    tickets::given(caller, ticket)
}

/// 1 when a started call has ended.
///
/// # Errors
/// The caller has not started it or has joined it, or is interrupted.
pub(super) fn poll_call(caller: &mut Caller<'_, Ctx>, ticket: i64) -> Result<i64> {
    let has_ended = tickets::has_ended(caller, ticket as u64)?;
    end_if_interrupted(caller)?;
    Ok(i64::from(has_ended))
}

/// Waits for a started call.
///
/// # Errors
/// The call failed; the caller has not started it or has joined it, or is interrupted.
pub(super) fn join_call(caller: &mut Caller<'_, Ctx>, ticket: i64) -> Result<i64> {
    let output = joined(caller, ticket)?;
    end_if_interrupted(caller)?;
    Ok(output.offset as i64)
}

/// Waits for a started call; a failure of it gives 0 instead of an error, and [`call_error`] has its message.
///
/// # Errors
/// The caller is interrupted, or out of memory or fuel.
pub(super) fn try_join_call(caller: &mut Caller<'_, Ctx>, ticket: i64) -> Result<i64> {
    let tried = joined(caller, ticket);
    as_tried(caller, tried)
}

/// Waits for a started call; its output becomes a block of the caller.
fn joined(caller: &mut Caller<'_, Ctx>, ticket: i64) -> Result<Span> {
    let up = caller.data().up()?;
    let ticket = tickets::joined(caller, ticket as u64);
    // The name and the input went with the start.
    nested(caller, 0, 0, |exchange| up.join(ticket, exchange))
}

/// Calls process `id`; a failure of the callee gives 0 instead of an error, and [`call_error`] has its message.
///
/// # Errors
/// The caller is interrupted, or out of memory or fuel.
pub(super) fn try_call_plugin(caller: &mut Caller<'_, Ctx>, id: i64, function: i64, input: i64) -> Result<i64> {
    let up = caller.data().up()?;
    let tried = nested(caller, function as u64, input as u64, |exchange| up.call(id as u64, exchange));
    as_tried(caller, tried)
}

/// The output of a call, with its failure as a value for [`call_error`].
fn as_tried(caller: &mut Caller<'_, Ctx>, tried: Result<Span>) -> Result<i64> {
    end_if_interrupted(caller)?;
    caller.data_mut().call_error = None;
    match tried {
        Ok(output) => Ok(output.offset as i64),
        Err(error) => {
            let message = as_value(error)?;
            caller.data().up()?.caught(standing::stands(&mut *caller));
            caller.data_mut().call_error = Some(message);
            Ok(0)
        }
    }
}

/// Handle of the message of the last failed [`try_call_plugin`]; 0 when it succeeded.
///
/// # Errors
/// The arena cannot grow.
pub(super) fn call_error(caller: &mut Caller<'_, Ctx>) -> Result<i64> {
    let Some(message) = caller.data().call_error.clone() else { return Ok(0) };
    Ok(caller.put(message.as_bytes())?.offset as i64)
}

/// The message of a failed call, for a failure of the callee. An interruption, and missing memory or fuel for the
/// output, end the caller itself and stay errors; the callee's own lack of them arrives as a nested failure.
fn as_value(error: wasmtime::Error) -> Result<String> {
    match error.downcast::<Failure>() {
        Ok(failure) if ends_caller(failure.kind) => Err(failure.into()),
        Ok(failure) => Ok(failure.message),
        Err(error) => Err(error),
    }
}

fn ends_caller(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Interrupted | FailureKind::Oom | FailureKind::Fuel)
}

/// Starts a child process from the source whose name `name` is the handle of, and returns its id.
///
/// # Errors
/// The handle is invalid, the load fails or is denied, or the caller is interrupted.
pub(super) fn register_plugin(caller: &mut Caller<'_, Ctx>, name: i64) -> Result<i64> {
    let up = caller.data().up()?;
    let name = caller.text(name as u64, "plugin name", NAME_BYTES_MAX)?;
    let registered = up.register(&name);
    if up.sample_due() {
        up.sample(backtrace::now(&*caller, &caller.data().modules));
    }
    let id = registered.map_err(Failure::unwound)?;
    end_if_interrupted(caller)?;
    Ok(id as i64)
}

/// Ends process `id`.
///
/// # Errors
/// `id` is no descendant of the caller, or the caller is interrupted.
pub(super) fn free_plugin(caller: &Caller<'_, Ctx>, id: i64) -> Result<()> {
    let up = caller.data().up()?;
    up.free(id as u64).map_err(Failure::unwound)?;
    end_if_interrupted(caller)
}

/// The id of the process with the name that `name` is the handle of; 0 when there is none.
///
/// # Errors
/// The handle is invalid.
pub(super) fn find_plugin(caller: &mut Caller<'_, Ctx>, name: i64) -> Result<i64> {
    let up = caller.data().up()?;
    let name = caller.text(name as u64, "plugin name", NAME_BYTES_MAX)?;
    Ok(up.find(&name) as i64)
}

/// The id of the calling process.
///
/// # Errors
/// No call runs.
pub(super) fn self_plugin(caller: &Caller<'_, Ctx>) -> Result<i64> {
    Ok(caller.data().up()?.current() as i64)
}

/// The id of its parent; 0 for the shell.
///
/// # Errors
/// No call runs.
pub(super) fn parent_plugin(caller: &Caller<'_, Ctx>) -> Result<i64> {
    Ok(caller.data().up()?.parent() as i64)
}

/// The final check of host functions that may take long.
///
/// # Errors
/// The call is interrupted.
pub fn end_if_interrupted(caller: &Caller<'_, Ctx>) -> Result<()> {
    match &caller.data().up {
        Some(up) if up.interrupted() => Err(Failure::interrupted().into()),
        _ => Ok(()),
    }
}

/// Runs one nested call whose function and input are blocks of the caller; the output becomes a block of the caller.
///
/// # Errors
/// A handle is invalid, the call fails, or the output has no room in the arena.
pub fn nested(
    caller: &mut Caller<'_, Ctx>,
    function: u64,
    input: u64,
    call: impl FnOnce(&mut dyn Exchange) -> Result<(), Failure>,
) -> Result<Span> {
    let arena = caller.data().arena()?;
    let ctx = caller.data_mut();
    let function = ctx.span(function, "function name")?;
    if function.length > NAME_BYTES_MAX {
        return Err(refused(BlockError::LongFunctionName { bytes: function.length, bytes_max: NAME_BYTES_MAX }));
    }
    let input = ctx.span(input, "input")?;
    // The output is charged when it is put into a block.
    fuel::charge(caller, input.length)?;
    let output = Standing::during(caller, |caller| {
        let mut exchange = CallerBytes { caller, arena, function, input, output: Span::default() };
        call(&mut exchange).map_err(Failure::unwound)?;
        Ok(exchange.output)
    });
    if caller.data().debugger.is_some() {
        // A step that began in the callee ends in its caller.
        debugged::follow_plan(caller, false);
    }
    output
}

/// The caller's side of a nested call: spans of its arena.
struct CallerBytes<'a, 'b> {
    caller: &'a mut Standing<'b>,
    arena: Arena,
    function: Span,
    input: Span,
    output: Span,
}

impl CallerBytes<'_, '_> {
    fn data(&self) -> &[u8] {
        self.arena.memory.data(self.caller.caller())
    }
}

/// The bytes of a span. Spans of the block table always lie in memory; any other would be empty.
fn of(span: Span, data: &[u8]) -> &[u8] {
    span.of(data).unwrap_or_default()
}

impl Exchange for CallerBytes<'_, '_> {
    fn host_data(&mut self) -> &mut HostData {
        &mut self.caller.caller_mut().data_mut().host_data
    }

    fn function(&self) -> Result<&str, Failure> {
        self.request().map(|(function, _)| function)
    }

    fn input(&self) -> &[u8] {
        of(self.input, self.data())
    }

    fn request(&self) -> Result<(&str, &[u8]), Failure> {
        let data = self.data();
        let function = std::str::from_utf8(of(self.function, data))
            .map_err(|_| Failure::new(FailureKind::Trap, "the function name is not UTF-8"))?;
        Ok((function, of(self.input, data)))
    }

    fn place(&self) -> Option<Backtrace> {
        Some(backtrace::now(self.caller.caller(), &self.caller.caller().data().modules))
    }

    fn deliver(&mut self, output: &[u8]) -> Result<(), Failure> {
        self.output = self.caller.caller_mut().put(output).map_err(|error| match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(error) => Failure::new(FailureKind::Trap, error.to_string()),
        })?;
        Ok(())
    }
}
