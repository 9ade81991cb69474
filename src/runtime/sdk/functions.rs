//! plugsh's host functions for the SDK, in all their namespaces.

use std::rc::Rc;

use extism::convert::MemoryHandle;
use extism::{CurrentPlugin, Function, UserData, Val, ValType};

use super::frame::{self, StockCall, StockStage};
use crate::runtime::block_error::BlockError;
use crate::runtime::host_functions::{BLOCKS, NAME_BYTES_MAX, PLUGINS, PluginFunction};
use crate::runtime::id_block;
use crate::runtime::stand_in_types::NumberType;
use crate::runtime::{Exchange, Failure, FailureKind, HostData, Problem};

/// plugsh's host functions.
pub fn plugshs() -> Vec<Function> {
    let in_namespace =
        |(namespace, ids)| PluginFunction::ALL.iter().map(move |function| plugshs_own(namespace, ids, *function));
    let numbers = PLUGINS.into_iter().map(|namespace| (namespace, Ids::Numbers));
    numbers.chain([(BLOCKS, Ids::Blocks)]).flat_map(in_namespace).collect()
}

/// Encoding of plugin ids in a namespace.
#[derive(Clone, Copy)]
enum Ids {
    Numbers,
    /// Ids are blocks, as in [`id_block`].
    Blocks,
}

impl Ids {
    /// The id that the plugin gave as the first argument.
    fn take(self, call: &mut HostCall<'_>) -> Result<u64, Failure> {
        match self {
            Ids::Numbers => Ok(call.number(0)),
            Ids::Blocks => {
                call.needs_memory()?;
                id_block::read(&bytes(call.plugin, call.number(0), "plugin id")?).map_err(refused)
            }
        }
    }

    /// An id as the plugin gets it.
    fn give(self, call: &mut HostCall<'_>, id: u64) -> Result<u64, Failure> {
        match self {
            Ids::Numbers => Ok(id),
            Ids::Blocks => {
                call.needs_memory()?;
                put(call.plugin, &id_block::write(id))
            }
        }
    }
}

fn plugshs_own(namespace: &str, ids: Ids, function: PluginFunction) -> Function {
    let answer: PluginBody = match function {
        PluginFunction::RegisterPlugin => register_plugin,
        PluginFunction::CallPlugin => call_plugin,
        PluginFunction::TryCallPlugin => try_call_plugin,
        PluginFunction::CallError => |call, _| call_error(call),
        PluginFunction::StartCall => start_call,
        PluginFunction::PollCall => poll_call,
        PluginFunction::JoinCall => join_call,
        PluginFunction::TryJoinCall => try_join_call,
        PluginFunction::FreePlugin => free_plugin,
        PluginFunction::FindPlugin => find_plugin,
        PluginFunction::SelfPlugin => |call, ids| ids.give(call, call.frame.up().current()),
        PluginFunction::ParentPlugin => |call, ids| ids.give(call, call.frame.up().parent()),
    };
    let row = function.row();
    let params: Vec<ValType> = row.params.iter().map(|param| val_type(param.ty)).collect();
    let results: Vec<ValType> = row.result.iter().map(|result| val_type(result.ty)).collect();
    define(namespace, row.name, &params, &results, move |call| {
        let result = answer(call, ids)?;
        call.give([Val::I64(result as i64)]);
        Ok(())
    })
}

/// The body of a function of plugsh's: its result, which a function without one drops.
type PluginBody = fn(&mut HostCall<'_>, Ids) -> Result<u64, Failure>;

/// One call of a host function.
pub(super) struct HostCall<'a> {
    /// The plugin's call that the host function serves.
    pub(super) frame: Rc<StockCall>,
    pub(super) plugin: &'a mut CurrentPlugin,
    pub(super) inputs: &'a [Val],
    outputs: &'a mut [Val],
}

/// The SDK's name of a type.
pub(super) fn val_type(ty: NumberType) -> ValType {
    match ty {
        NumberType::I32 => ValType::I32,
        NumberType::I64 => ValType::I64,
        NumberType::F32 => ValType::F32,
        NumberType::F64 => ValType::F64,
        NumberType::V128 => ValType::V128,
    }
}

fn register_plugin(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let name = call.text(0, "plugin name")?;
    let id = call.frame.nested(|up| up.register(&name)).map_err(Failure::unwound)?;
    ids.give(call, id)
}

fn call_plugin(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let id = ids.take(call)?;
    let output = call.nested(id).map_err(Failure::unwound)?;
    put(call.plugin, &output)
}

fn try_call_plugin(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let id = ids.take(call)?;
    let tried = call.nested(id);
    as_tried(call, tried)
}

/// The output of a call, with its failure as a value for [`call_error`].
fn as_tried(call: &mut HostCall<'_>, tried: Result<Vec<u8>, Failure>) -> Result<u64, Failure> {
    if call.frame.up().interrupted() {
        return Err(Failure::interrupted());
    }
    call.frame.set_call_error(tried.as_ref().err().map(|failure| failure.message.clone()));
    tried.map_or(Ok(0), |output| put(call.plugin, &output))
}

fn start_call(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let id = ids.take(call)?;
    let mut exchange = call.exchange()?;
    let ticket = call.frame.nested(|up| up.start(id, &mut exchange)).map_err(Failure::unwound)?;
    ids.give(call, ticket)
}

fn poll_call(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let ticket = ids.take(call)?;
    let has_ended = call.frame.nested(|up| up.has_ended(ticket)).map_err(Failure::unwound)?;
    ids.give(call, u64::from(has_ended))
}

fn join_call(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let ticket = ids.take(call)?;
    let output = call.joined(ticket).map_err(Failure::unwound)?;
    put(call.plugin, &output)
}

fn try_join_call(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let ticket = ids.take(call)?;
    let tried = call.joined(ticket);
    as_tried(call, tried)
}

fn call_error(call: &mut HostCall<'_>) -> Result<u64, Failure> {
    call.needs_memory()?;
    call.frame.call_error().map_or(Ok(0), |message| put(call.plugin, message.as_bytes()))
}

fn free_plugin(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let id = ids.take(call)?;
    call.frame.nested(|up| up.free(id)).map_err(Failure::unwound)?;
    Ok(0)
}

fn find_plugin(call: &mut HostCall<'_>, ids: Ids) -> Result<u64, Failure> {
    let name = call.text(0, "plugin name")?;
    let id = call.frame.up().find(&name);
    ids.give(call, id)
}

impl HostCall<'_> {
    /// The argument at `at` as bits; 0 when there is none.
    pub(super) fn number(&self, at: usize) -> u64 {
        self.inputs.get(at).and_then(Val::i64).unwrap_or_default() as u64
    }

    fn text(&mut self, at: usize, what: &'static str) -> Result<String, Failure> {
        self.needs_memory()?;
        let bytes = bytes(self.plugin, self.number(at), what)?;
        let length = bytes.len() as u64;
        if length > NAME_BYTES_MAX {
            return Err(BlockError::TooLong { what, bytes: length, bytes_max: NAME_BYTES_MAX }.into());
        }
        String::from_utf8(bytes).map_err(|_| BlockError::NotUtf8 { what }.into())
    }

    /// Refuses a call that needs the plugin's memory before the SDK knows where that is.
    ///
    /// # Errors
    /// The SDK does not know the plugin's memory yet.
    pub(super) fn needs_memory(&self) -> Result<(), Failure> {
        match self.frame.stage {
            StockStage::Called => Ok(()),
            StockStage::Starting => {
                Err(refused("a start function cannot ask for other plugins in the extism SDK; the native host can"))
            }
        }
    }

    /// Waits for a started call: the output.
    fn joined(&mut self, ticket: u64) -> Result<Vec<u8>, Failure> {
        self.needs_memory()?;
        let mut exchange = Copied::of(Vec::new());
        self.frame.nested(|up| up.join(ticket, &mut exchange))?;
        Ok(exchange.output)
    }

    /// Calls a process, the second argument being a function and the third an input: the output.
    fn nested(&mut self, id: u64) -> Result<Vec<u8>, Failure> {
        let mut exchange = self.exchange()?;
        self.frame.nested(|up| up.call(id, &mut exchange))?;
        Ok(exchange.output)
    }

    /// The function and the input of a call, which are the second argument and the third.
    fn exchange(&mut self) -> Result<Copied, Failure> {
        self.needs_memory()?;
        let function = bytes(self.plugin, self.number(1), "function name")?;
        let length = function.len() as u64;
        if length > NAME_BYTES_MAX {
            return Err(BlockError::LongFunctionName { bytes: length, bytes_max: NAME_BYTES_MAX }.into());
        }
        let function =
            String::from_utf8(function).map_err(|_| BlockError::NotUtf8 { what: "the function name" }.into());
        let input = bytes(self.plugin, self.number(2), "input")?;
        Ok(Copied { function, ..Copied::of(input) })
    }

    /// Returns results to the plugin.
    pub(super) fn give(&mut self, results: impl IntoIterator<Item = Val>) {
        self.outputs.iter_mut().zip(results).for_each(|(output, result)| *output = result);
    }
}

/// A function of the SDK around one of ours: finds the call it serves, and keeps the failure that it ends with.
pub(super) fn define(
    module: &str,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    body: impl Fn(&mut HostCall<'_>) -> Result<(), Failure> + Send + Sync + 'static,
) -> Function {
    let call = move |plugin: &mut CurrentPlugin, inputs: &[Val], outputs: &mut [Val], _: UserData<()>| {
        let mut call = HostCall { frame: frame::current()?, plugin, inputs, outputs };
        body(&mut call).map_err(|failure| {
            call.frame.fail(failure.clone());
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

/// A block's bytes; handle 0 is "no bytes".
///
/// # Errors
/// The handle is of no block.
pub(super) fn bytes(plugin: &mut CurrentPlugin, handle: u64, what: &'static str) -> Result<Vec<u8>, Failure> {
    let block = plugin.memory_handle(handle).ok_or(BlockError::NoBlock { what, handle })?;
    if block.is_empty() {
        return Ok(Vec::new());
    }
    plugin.memory_bytes(block).map(<[u8]>::to_vec).map_err(|error| refused(error.to_string()))
}

/// A new block that holds `bytes`.
///
/// # Errors
/// The plugin's memory cannot grow.
pub(super) fn put(plugin: &mut CurrentPlugin, bytes: &[u8]) -> Result<u64, Failure> {
    let block: MemoryHandle = plugin
        .memory_new(bytes)
        .map_err(|_| Failure::new(FailureKind::Oom, "oom (out of memory): a memory limit was met"))?;
    Ok(block.offset())
}

fn refused(problem: impl Into<Problem>) -> Failure {
    Failure::new(FailureKind::Trap, problem)
}
