//! `plugsh call`: one call of a plugin that is loaded for it, or of a process that is served.

use std::ffi::OsString;

use plugsh::front::attach;
use plugsh::front::attach::call::RemoteCall;
use plugsh::front::one_call::{self, CallInput, CallSource, OneCall, OutputForm};
use plugsh::front::streams;
use plugsh::runtime::{LogLevel, PluginLimit, Spec};
use plugsh::serve::client::Connect;
use plugsh::shell::limit_args::LimitArgs;
use plugsh::shell::{ShellError, words};

use super::kernel::kernel;
use crate::cli::call::CallArgs;
use crate::cli::global::Global;

/// Runs the call and prints its output.
///
/// # Errors
/// What is asked for does not fit together, the plugin cannot be loaded, or the call fails.
pub fn run(arguments: CallArgs, global: &Global) -> Result<u8, ShellError> {
    if arguments.attach.is_some() {
        return attach::call::run(remote_call(arguments, global)?);
    }
    if arguments.wasi {
        ask_for_wasi_output();
    }
    let kernel = kernel(global, words::ONE_CALL, &LimitArgs::default())?;
    one_call::run(kernel, global.color, call(arguments, global))
}

/// Enables the forwarding of WASI output in the stock host, as `extism call --wasi` does.
fn ask_for_wasi_output() {
    // SAFETY: only the arguments were read before, so no other thread can read the environment yet.
    unsafe { std::env::set_var(streams::ENABLE_VARIABLE, "1") };
}

fn call(arguments: CallArgs, global: &Global) -> OneCall {
    let source = if arguments.manifest { CallSource::Manifest } else { CallSource::Word };
    let bytes = arguments.input.map(OsString::into_encoded_bytes).unwrap_or_default();
    OneCall {
        source: source(arguments.source),
        function: arguments.function,
        input: if arguments.stdin { CallInput::Stdin } else { CallInput::Bytes(bytes) },
        repeat: u64::try_from(arguments.repeat).unwrap_or(0),
        form: OutputForm::of(global.json, arguments.raw),
        host: arguments.host,
        load: arguments.load,
        streams: streams::is_enabled(),
        logs_shown: global.log_level.unwrap_or(LogLevel::Error),
    }
}

/// The call of `plugsh call --attach`.
///
/// # Errors
/// A limit is given that is not the call's but the process's.
fn remote_call(arguments: CallArgs, global: &Global) -> Result<RemoteCall, ShellError> {
    let mut spec = Spec::default();
    let limits = &arguments.load.limits;
    if let Some(row) = limits.0.iter().map(|(limit, _)| limit.row()).find(|row| row.limit != PluginLimit::Timeout) {
        let why = "a process has the limits that it was loaded with; `--timeout` is the call's";
        return Err(ShellError::usage(format!("`--{}` with `--attach`: {why}", row.option)));
    }
    limits.apply(&mut spec);
    let input = arguments.input.map(OsString::into_encoded_bytes);
    Ok(RemoteCall {
        connect: Connect { target: arguments.attach, token_file: arguments.token_file, ..Connect::default() },
        plugin: arguments.source,
        function: arguments.function,
        input: if arguments.stdin { None } else { Some(input.unwrap_or_default()) },
        timeout: spec.timeout,
        repeat: u64::try_from(arguments.repeat).unwrap_or(0),
        form: OutputForm::of(global.json, arguments.raw),
        color: global.color,
    })
}
