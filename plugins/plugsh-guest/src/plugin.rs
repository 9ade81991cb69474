//! A plugin seen from another: start, find, call, end. Handles are made and freed here and nowhere else.

use core::fmt;
use core::num::NonZeroU64;

use extism_pdk::{Error, FromBytesOwned, Memory, ToBytes};

use crate::{Pending, bulk, raw};

/// Another plugin, or this one, by its id. It is a name for a process and not its owner: dropping it ends nothing,
/// and the process may be gone by the time of the next call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plugin(NonZeroU64);

impl Plugin {
    /// Starts the plugin `name` as a child of the caller. `name` is what `load NAME` takes at plugsh's prompt; paths and
    /// URLs are refused unless the policy allows them.
    ///
    /// A start that fails (no such plugin, a limit, a policy) does not return: it stops the caller, whose own call ends
    /// with an error that says why. The `Err` is for hosts that answer with id 0.
    pub fn register(name: impl AsRef<str>) -> Result<Self, Error> {
        let name = name.as_ref();
        let block = Block::new(name.as_bytes());
        let id = raw::register_plugin(block.offset());
        Self::from_id(id).ok_or_else(|| Error::msg(format!("could not start `{name}`")))
    }

    /// The living plugin whose name is `name`, if there is one.
    pub fn find(name: impl AsRef<str>) -> Option<Self> {
        let block = Block::new(name.as_ref().as_bytes());
        Self::from_id(raw::find_plugin(block.offset()))
    }

    /// The plugin that asks.
    pub fn current() -> Option<Self> {
        Self::from_id(raw::self_plugin())
    }

    /// The parent of the plugin that asks; `None` when that is the shell.
    pub fn parent() -> Option<Self> {
        Self::from_id(raw::parent_plugin())
    }

    /// The plugin with this id, or `None` for 0. Whether such a plugin lives is found out by calling it.
    pub fn from_id(id: u64) -> Option<Self> {
        NonZeroU64::new(id).map(Self)
    }

    /// The id: what `ps` shows at the prompt, 1 or more.
    pub fn id(&self) -> u64 {
        self.0.get()
    }

    /// Calls `function` and decodes what it gives. `input` and the result are what extism-pdk's own functions take and
    /// give: `&str`, `String`, `&[u8]`, `Vec<u8>`, numbers, `()` for no bytes, `Json(...)`.
    ///
    /// A call that fails does not return: it stops the caller too, with an error that names the whole chain. The `Err`
    /// is for bytes that cannot be encoded or decoded. To go on after a failure, use [`try_call`](Self::try_call).
    pub fn call<'a, R: FromBytesOwned>(&self, function: &str, input: impl ToBytes<'a>) -> Result<R, Error> {
        let input = input.to_bytes()?;
        decode(self.call_bytes(function, input))
    }

    /// Like [`call`](Self::call), but a failure is a value.
    pub fn try_call<'a, R: FromBytesOwned>(&self, function: &str, input: impl ToBytes<'a>) -> Result<R, CallError> {
        let input = input.to_bytes().map_err(CallError::from_error)?;
        let output = self.try_call_bytes(function, input)?;
        decode(output).map_err(CallError::from_error)
    }

    /// Like [`call`](Self::call) with bytes in and bytes out, and so without a copy to decode them: the way to move much.
    pub fn call_bytes(&self, function: &str, input: impl AsRef<[u8]>) -> Vec<u8> {
        let function = Block::new(function.as_bytes());
        let input = Block::new(input.as_ref());
        take(raw::call_plugin(self.id(), function.offset(), input.offset()))
    }

    /// Like [`try_call`](Self::try_call) with bytes in and bytes out.
    pub fn try_call_bytes(&self, function: &str, input: impl AsRef<[u8]>) -> Result<Vec<u8>, CallError> {
        let function = Block::new(function.as_bytes());
        let input = Block::new(input.as_ref());
        let output = raw::try_call_plugin(self.id(), function.offset(), input.offset());
        taken_or_error(output)
    }

    /// Starts a call that runs beside the caller, on a thread of its own where one is free, and takes what
    /// [`call`](Self::call) takes. [`Pending::join`] waits for it and has its output, or its failure: a start does not
    /// fail for the callee's sake. The `Err` is for bytes that cannot be encoded.
    ///
    /// What is not joined when the caller returns is cut. Calls into one plugin take turns, whoever makes them.
    pub fn start<'a>(&self, function: &str, input: impl ToBytes<'a>) -> Result<Pending, Error> {
        let input = input.to_bytes()?;
        Ok(self.start_bytes(function, input))
    }

    /// Like [`start`](Self::start) with bytes.
    pub fn start_bytes(&self, function: &str, input: impl AsRef<[u8]>) -> Pending {
        let function = Block::new(function.as_bytes());
        let input = Block::new(input.as_ref());
        Pending::new(raw::start_call(self.id(), function.offset(), input.offset()))
    }

    /// Ends the plugin, which must be a child of the caller or below one; anything else stops the caller with an error.
    /// Its own children move up to the nearest living ancestor.
    pub fn free(self) {
        raw::free_plugin(self.id());
    }
}

/// Why a [`Plugin::try_call`] or a [`Pending::try_join`] failed: the message that the callee or plugsh gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    message: String,
}

impl CallError {
    /// The message, without a final newline. It can hold what the callee wrote, so do not trust its form.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn from_error(error: Error) -> Self {
        Self { message: error.to_string() }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CallError {}

/// A block that is freed when the call that it was made for is over. No bytes need no block: its handle is 0.
struct Block(Option<Memory>);

impl Block {
    fn new(bytes: &[u8]) -> Self {
        Self((!bytes.is_empty()).then(|| bulk::block(bytes)))
    }

    fn offset(&self) -> u64 {
        self.0.as_ref().map_or(0, Memory::offset)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(memory) = self.0.take() {
            memory.free();
        }
    }
}

/// What a call gave that tells its failure as a value: 0 is a failure or no bytes, and only a failure leaves a message.
pub(crate) fn taken_or_error(output: u64) -> Result<Vec<u8>, CallError> {
    if output != 0 {
        return Ok(take(output));
    }
    match raw::call_error() {
        0 => Ok(Vec::new()),
        message => Err(CallError { message: String::from_utf8_lossy(&take(message)).into_owned() }),
    }
}

/// Copies a block that the host gave and frees it. Handle 0, and a handle that is no block, are no bytes.
pub(crate) fn take(handle: u64) -> Vec<u8> {
    let Some(memory) = (handle != 0).then(|| Memory::find(handle)).flatten() else {
        return Vec::new();
    };
    let bytes = bulk::bytes(&memory);
    memory.free();
    bytes
}

pub(crate) fn decode<R: FromBytesOwned>(bytes: Vec<u8>) -> Result<R, Error> {
    R::from_bytes_owned(&bytes)
}
