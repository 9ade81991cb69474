//! plugsh's host functions for the SDK, in both namespaces.

use std::rc::Rc;

use extism::convert::MemoryHandle;
use extism::{CurrentPlugin, Function, UserData, Val, ValType};

use super::frame::{self, Frame, Stage};
use crate::runtime::host_functions::{NAME_BYTES_MAX, PLUGINS, PluginFunction};
use crate::runtime::stand_in_types::NumberType;
use crate::runtime::{Exchange, Failure, FailureKind, HostData, Problem};

/// plugsh's host functions.
pub fn plugshs() -> Vec<Function> {
    let in_namespace = |namespace| PluginFunction::ALL.iter().map(move |function| plugshs_own(namespace, *function));
    PLUGINS.into_iter().flat_map(in_namespace).collect()
}

fn plugshs_own(namespace: &str, function: PluginFunction) -> Function {
    let body: Body = match function {
        PluginFunction::RegisterPlugin => register_plugin,
        PluginFunction::CallPlugin => call_plugin,
        PluginFunction::TryCallPlugin => try_call_plugin,
        PluginFunction::CallError => call_error,
        PluginFunction::FreePlugin => free_plugin,
        PluginFunction::FindPlugin => find_plugin,
        PluginFunction::SelfPlugin => |frame, _, _, outputs| give(outputs, frame.up().current()),
        PluginFunction::ParentPlugin => |frame, _, _, outputs| give(outputs, frame.up().parent()),
    };
    let row = function.row();
    let params: Vec<ValType> = row.params.iter().map(|param| val_type(param.ty)).collect();
    let results: Vec<ValType> = row.result.iter().map(|result| val_type(result.ty)).collect();
    define(namespace, row.name, &params, &results, body)
}

/// What answers a function: the call it serves, the plugin that calls, arguments, and where results go.
type Body = fn(&Rc<Frame>, &mut CurrentPlugin, &[Val], &mut [Val]) -> Result<(), Failure>;

fn val_type(ty: NumberType) -> ValType {
    match ty {
        NumberType::I32 => ValType::I32,
        NumberType::I64 => ValType::I64,
        NumberType::F32 => ValType::F32,
        NumberType::F64 => ValType::F64,
    }
}

fn register_plugin(
    frame: &Rc<Frame>,
    plugin: &mut CurrentPlugin,
    inputs: &[Val],
    outputs: &mut [Val],
) -> Result<(), Failure> {
    let name = text(frame, plugin, inputs.first(), "plugin name")?;
    let id = frame.nested(|up| up.register(&name)).map_err(Failure::unwound)?;
    give(outputs, id)
}

fn call_plugin(
    frame: &Rc<Frame>,
    plugin: &mut CurrentPlugin,
    inputs: &[Val],
    outputs: &mut [Val],
) -> Result<(), Failure> {
    let exchange = nested_call(frame, plugin, inputs).map_err(Failure::unwound)?;
    let handle = put(plugin, &exchange.output)?;
    give(outputs, handle)
}

fn try_call_plugin(
    frame: &Rc<Frame>,
    plugin: &mut CurrentPlugin,
    inputs: &[Val],
    outputs: &mut [Val],
) -> Result<(), Failure> {
    let tried = nested_call(frame, plugin, inputs);
    if frame.up().interrupted() {
        return Err(Failure::interrupted());
    }
    frame.set_call_error(tried.as_ref().err().map(|failure| failure.message.clone()));
    let handle = match tried {
        Ok(exchange) => put(plugin, &exchange.output)?,
        Err(_) => 0,
    };
    give(outputs, handle)
}

fn call_error(frame: &Rc<Frame>, plugin: &mut CurrentPlugin, _: &[Val], outputs: &mut [Val]) -> Result<(), Failure> {
    called(frame)?;
    let handle = match frame.call_error() {
        Some(message) => put(plugin, message.as_bytes())?,
        None => 0,
    };
    give(outputs, handle)
}

fn free_plugin(frame: &Rc<Frame>, _: &mut CurrentPlugin, inputs: &[Val], _: &mut [Val]) -> Result<(), Failure> {
    let id = number(inputs.first());
    frame.nested(|up| up.free(id)).map_err(Failure::unwound)
}

fn find_plugin(
    frame: &Rc<Frame>,
    plugin: &mut CurrentPlugin,
    inputs: &[Val],
    outputs: &mut [Val],
) -> Result<(), Failure> {
    let name = text(frame, plugin, inputs.first(), "plugin name")?;
    give(outputs, frame.up().find(&name))
}

/// A function of the SDK around one of ours: finds the call it serves, and keeps the failure that it ends with.
pub(super) fn define(
    module: &str,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    body: impl Fn(&Rc<Frame>, &mut CurrentPlugin, &[Val], &mut [Val]) -> Result<(), Failure> + Send + Sync + 'static,
) -> Function {
    let call = move |plugin: &mut CurrentPlugin, inputs: &[Val], outputs: &mut [Val], _: UserData<()>| {
        let frame = frame::current()?;
        body(&frame, plugin, inputs, outputs).map_err(|failure| {
            frame.fail(failure.clone());
            failure.into()
        })
    };
    Function::new(name, params.to_vec(), results.to_vec(), UserData::new(()), call).with_namespace(module)
}

/// The bytes of a nested call, copied out of the caller's memory: the SDK lends it for one host function at a time.
pub(super) struct Copied {
    function: Result<String, Failure>,
    input: Vec<u8>,
    pub(super) output: Vec<u8>,
    /// Goes with the call: a call by way of the SDK costs more than what it could save.
    host_data: HostData,
}

impl Copied {
    /// A call whose function is known to the kernel.
    pub(super) fn of(input: Vec<u8>) -> Self {
        Copied { function: Ok(String::new()), input, output: Vec::new(), host_data: None }
    }
}

impl Exchange for Copied {
    fn host_data(&mut self) -> &mut HostData {
        &mut self.host_data
    }

    fn function(&self) -> Result<&str, Failure> {
        self.function.as_deref().map_err(Clone::clone)
    }

    fn input(&self) -> &[u8] {
        &self.input
    }

    fn deliver(&mut self, output: &[u8]) -> Result<(), Failure> {
        self.output = output.to_vec();
        Ok(())
    }
}

fn nested_call(frame: &Rc<Frame>, plugin: &mut CurrentPlugin, inputs: &[Val]) -> Result<Copied, Failure> {
    called(frame)?;
    let [id, function, input] = [0, 1, 2].map(|at| number(inputs.get(at)));
    let function = bytes(plugin, function, "function name")?;
    if function.len() as u64 > NAME_BYTES_MAX {
        let why = format!("a function name of {} bytes; at most {NAME_BYTES_MAX} are taken", function.len());
        return Err(refused(why));
    }
    let function = String::from_utf8(function).map_err(|_| refused("the function name is not UTF-8"));
    let mut exchange = Copied { function, input: bytes(plugin, input, "input")?, output: Vec::new(), host_data: None };
    frame.nested(|up| up.call(id, &mut exchange))?;
    Ok(exchange)
}

fn text(frame: &Rc<Frame>, plugin: &mut CurrentPlugin, handle: Option<&Val>, what: &str) -> Result<String, Failure> {
    called(frame)?;
    let bytes = bytes(plugin, number(handle), what)?;
    if bytes.len() as u64 > NAME_BYTES_MAX {
        return Err(refused(format!("{what} has {} bytes; at most {NAME_BYTES_MAX} are taken", bytes.len())));
    }
    String::from_utf8(bytes).map_err(|_| refused(format!("{what} is not UTF-8")))
}

/// Refuses what needs the plugin's memory before the SDK knows where that is.
pub(super) fn called(frame: &Rc<Frame>) -> Result<(), Failure> {
    match frame.stage {
        Stage::Called => Ok(()),
        Stage::Starting => {
            Err(refused("a start function cannot ask for other plugins in the extism SDK; the native host can"))
        }
    }
}

/// A block's bytes; handle 0 is "no bytes".
pub(super) fn bytes(plugin: &mut CurrentPlugin, handle: u64, what: &str) -> Result<Vec<u8>, Failure> {
    let block = plugin.memory_handle(handle).ok_or_else(|| refused(format!("invalid handle for {what}: {handle}")))?;
    if block.is_empty() {
        return Ok(Vec::new());
    }
    plugin.memory_bytes(block).map(<[u8]>::to_vec).map_err(|error| refused(error.to_string()))
}

/// A new block that holds `bytes`.
pub(super) fn put(plugin: &mut CurrentPlugin, bytes: &[u8]) -> Result<u64, Failure> {
    let block: MemoryHandle = plugin
        .memory_new(bytes)
        .map_err(|_| Failure::new(FailureKind::Oom, "oom (out of memory): a memory limit was met"))?;
    Ok(block.offset())
}

pub(super) fn number(value: Option<&Val>) -> u64 {
    value.and_then(Val::i64).unwrap_or_default() as u64
}

pub(super) fn give(outputs: &mut [Val], value: u64) -> Result<(), Failure> {
    if let Some(output) = outputs.first_mut() {
        *output = Val::I64(value as i64);
    }
    Ok(())
}

pub(super) fn refused(problem: impl Into<Problem>) -> Failure {
    Failure::new(FailureKind::Trap, problem)
}
