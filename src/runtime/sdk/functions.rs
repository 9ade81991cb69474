//! plugsh's host functions for the SDK, in both namespaces.

use std::rc::Rc;

use extism::convert::MemoryHandle;
use extism::{CurrentPlugin, Function, PTR, UserData, Val, ValType};

use super::frame::{self, Frame, Stage};
use crate::runtime::{Exchange, Failure, FailureKind, HostData};

/// The namespaces that offer these functions.
const MODULES: [&str; 2] = ["extism:host/user", "env"];
/// Longest plugin or function name that a guest may hand over, in bytes.
const NAME_BYTES_MAX: u64 = 4096;

/// plugsh's host functions.
pub fn plugshs() -> Vec<Function> {
    MODULES.into_iter().flat_map(ours).collect()
}

fn ours(module: &'static str) -> [Function; 8] {
    [
        define(module, "register_plugin", &[PTR], &[PTR], |frame, plugin, inputs, outputs| {
            let name = text(frame, plugin, inputs.first(), "plugin name")?;
            let id = frame.nested(|up| up.register(&name)).map_err(Failure::unwound)?;
            give(outputs, id)
        }),
        define(module, "call_plugin", &[PTR, PTR, PTR], &[PTR], |frame, plugin, inputs, outputs| {
            let exchange = call_plugin(frame, plugin, inputs).map_err(Failure::unwound)?;
            let handle = put(plugin, &exchange.output)?;
            give(outputs, handle)
        }),
        define(module, "try_call_plugin", &[PTR, PTR, PTR], &[PTR], |frame, plugin, inputs, outputs| {
            let tried = call_plugin(frame, plugin, inputs);
            if frame.up().interrupted() {
                return Err(Failure::interrupted());
            }
            frame.set_call_error(tried.as_ref().err().map(|failure| failure.message.clone()));
            let handle = match tried {
                Ok(exchange) => put(plugin, &exchange.output)?,
                Err(_) => 0,
            };
            give(outputs, handle)
        }),
        define(module, "call_error", &[], &[PTR], |frame, plugin, _, outputs| {
            called(frame)?;
            let handle = match frame.call_error() {
                Some(message) => put(plugin, message.as_bytes())?,
                None => 0,
            };
            give(outputs, handle)
        }),
        define(module, "free_plugin", &[PTR], &[], |frame, _, inputs, _| {
            let id = number(inputs.first());
            frame.nested(|up| up.free(id)).map_err(Failure::unwound)
        }),
        define(module, "find_plugin", &[PTR], &[PTR], |frame, plugin, inputs, outputs| {
            let name = text(frame, plugin, inputs.first(), "plugin name")?;
            give(outputs, frame.up().find(&name))
        }),
        define(module, "self_plugin", &[], &[PTR], |frame, _, _, outputs| give(outputs, frame.up().current())),
        define(module, "parent_plugin", &[], &[PTR], |frame, _, _, outputs| give(outputs, frame.up().parent())),
    ]
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

fn call_plugin(frame: &Rc<Frame>, plugin: &mut CurrentPlugin, inputs: &[Val]) -> Result<Copied, Failure> {
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

pub(super) fn refused(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Trap, message)
}
