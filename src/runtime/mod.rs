//! One plugin instance, in one of two hosts behind one trait.
//!
//! This room compiles, instantiates, calls, interrupts and accounts for instances. It knows no processes: what a plugin
//! asks of other plugins it hands up through [`Upcalls`], which the kernel implements. `native/` runs Extism's guest
//! ABI directly on wasmtime; `sdk` runs the same plugin in the extism crate's own `Plugin`, as the reference; `source`
//! turns a name, path or URL into a [`Program`], and `images` compiles each program once. `host_functions` is the table
//! of functions that both hosts offer, `stack` names the places where a guest stands, `stand_in` and `substitute` serve
//! imports that neither host has. `source_lines` and `variables` read debug information by `dwarf`.

pub mod about;
pub mod advice;
mod allowed_path;
mod block_error;
pub mod config;
pub mod coverage;
mod dwarf;
pub mod exports;
pub mod failure;
mod guest_end;
pub mod host_answer;
pub mod host_functions;
pub mod host_request;
pub mod hosts;
mod id_block;
pub mod images;
pub mod imports;
pub mod inspect;
pub mod interface;
pub mod item_type;
pub mod limit;
mod lru;
pub mod native;
pub mod nodes;
mod place;
pub mod product_function;
pub mod program;
#[cfg(feature = "nodes")]
pub mod remote;
pub mod sdk;
pub mod source;
pub mod source_lines;
pub mod stack;
pub mod stand_in;
mod stand_in_error;
pub mod stand_in_types;
pub mod stopping;
pub mod substitute;
pub mod variables;
pub mod wasi_input;
pub mod wasm_words;

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use advice::{Advice, Worded, Wording, Words};
pub use allowed_path::AllowedPath;
pub use config::Config;
pub use coverage::{Coverage, CoverageReport, FileCoverage};
pub use failure::{Explained, Failure, FailureKind, Problem};
pub use host_answer::{AnswerFailure, AnswerKind, AnswerMode, GivenBytes, HostAnswer};
pub use host_request::HostRequest;
pub use images::Images;
pub use inspect::Inspect;
pub use interface::{Export, FunctionId, ImportName, Interface};
pub use item_type::{FunctionType, ItemType, ValueType};
pub use limit::{Notation, PAGE_BYTES, PLUGIN_LIMITS, PluginLimit, PluginLimitRow};
pub use native::callers;
pub use native::{
    CompilationStage, CompilationView, CompilerOptions, Instrumentation, NoCompilerProcess, Percent, Served, Tools,
    WASM_STACK_BYTES_MAX, serve,
};
pub use nodes::{NodeEnd, NodeFigures, NodeState, NodeView, NodeWatcher, Nodes};
pub use place::Place;
pub use program::{FuelCount, Host, ImportStandIn, ModuleBytes, Program, Spec, StubImports, WrittenValues, sha256_hex};
pub use source_lines::{LineTables, SourceLines};
pub use stack::{Backtrace, FrameRole, GuestFrame, RawFrame, SourceLanguage, Symbols};
pub use stopping::{StopPlan, Stopped};
pub use wasi_input::WasiInput;

/// One program, compiled once and shared by all its instances.
pub trait Image: Send + Sync {
    /// The exports and imports of the main module.
    fn interface(&self) -> &Interface;
    /// The approximate size of the compiled code, in bytes.
    fn code_bytes(&self) -> u64;
    /// Makes an instance and runs its start function and constructors, on behalf of the top call of `up`.
    ///
    /// # Errors
    /// Link errors, and the failures of a call: start functions are guest code, can trap, spin and be interrupted.
    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure>;
}

/// One live instance. Only one call runs in it at a time; the kernel sees to that.
pub trait Guest: Send {
    /// Takes the next call's input: one copy, which `up` can interrupt, and whatever the call before left behind is
    /// gone.
    ///
    /// # Errors
    /// The copy was interrupted, or no memory is left for the input.
    fn set_input(&mut self, input: &[u8], up: &dyn Upcalls) -> Result<(), Failure>;
    /// Runs a function to its end on behalf of the top call of `up`: the length of what it gave, which
    /// [`Guest::output`] then is.
    ///
    /// # Errors
    /// Failures of the guest and of the host. One that says [`Failure::keeps_instance`] leaves the instance usable;
    /// after any other it must be dropped.
    fn run(&mut self, function: FunctionId, up: Arc<dyn Upcalls>) -> Result<u64, Failure>;
    /// The input of the present call, as far as the instance still has it: empty once its block is freed. For failed
    /// calls, whose caller has let go of it.
    fn input(&self) -> &[u8] {
        &[]
    }
    /// The output of the last call that ended well; empty before that. Valid until the next `set_input`.
    fn output(&self) -> &[u8];
    /// The cost of the last run, one that failed too.
    fn cost(&self) -> Cost {
        Cost::NOTHING
    }
    /// The instance's current memory use.
    fn memory(&self) -> MemoryUse;
    /// The resident part of that use, in bytes; `None` where the system does not tell. Takes some microseconds a
    /// mebibyte.
    fn resident_bytes(&self) -> Option<u64> {
        None
    }
    /// The instance's variables and memory, for a debugger; `None` where the host does not show them.
    fn inspect(&mut self) -> Option<&mut dyn Inspect> {
        None
    }
    /// True after the instance ended by itself (`_start`, an exit); the next call needs a fresh instance.
    fn spent(&self) -> bool {
        false
    }
    /// The machine that it is on; `None`: this one.
    fn place(&self) -> Option<Place<'_>> {
        None
    }
}

/// The cost of one run of an instance, without its nested calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cost {
    /// Bytes of linear memory (and garbage-collected heap) that the run added and left; `None`: the host does not tell.
    pub grew_bytes: Option<u64>,
    /// Units of fuel; `None`: not counted.
    pub fuel: Option<u64>,
    /// Nanoseconds between this machine and the instance's, there and back; `None`: the instance is here.
    pub wire_ns: Option<u64>,
}

impl Cost {
    /// The cost of a call that did not run.
    pub const NOTHING: Cost = Cost { grew_bytes: Some(0), fuel: None, wire_ns: None };
}

/// The committed memory of an instance, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MemoryUse {
    /// The guest's linear memories and garbage-collected heap.
    pub guest_bytes: u64,
    /// The blocks that cross between host and guest.
    pub block_bytes: u64,
    /// Tables, counted as eight bytes an element.
    pub table_bytes: u64,
    /// Host-side data: variables, the block table, globals and references to functions.
    pub kept_bytes: u64,
    /// The resident part of all that; `None` where the system does not tell, or where it was not requested.
    pub resident_bytes: Option<u64>,
}

impl MemoryUse {
    /// The figure to show: resident bytes where known, else committed ones.
    pub fn total_bytes(&self) -> u64 {
        self.resident_bytes.unwrap_or_else(|| self.committed_bytes())
    }

    /// All committed bytes.
    pub fn committed_bytes(&self) -> u64 {
        self.guest_bytes + self.block_bytes + self.table_bytes + self.kept_bytes
    }
}

/// The bytes of a nested call as the caller's host sees them: nothing is copied until the callee's memory is known.
pub trait Exchange {
    /// The kernel's data on the calling instance, kept between calls and opaque to this room.
    fn host_data(&mut self) -> &mut HostData;
    /// The function's name as the guest wrote it.
    ///
    /// # Errors
    /// The name is no UTF-8, or too long.
    fn function(&self) -> Result<&str, Failure>;
    /// The input, in the caller's memory.
    fn input(&self) -> &[u8];
    /// The function's name and the input.
    ///
    /// # Errors
    /// As of [`Exchange::function`].
    fn request(&self) -> Result<(&str, &[u8]), Failure> {
        Ok((self.function()?, self.input()))
    }
    /// Where the caller stands; `None` where its host does not tell.
    fn place(&self) -> Option<Backtrace> {
        None
    }
    /// Takes the output into the caller's memory: called at most once, after the callee ended well.
    ///
    /// # Errors
    /// The copy was interrupted, or the caller has no memory left for the output.
    fn deliver(&mut self, output: &[u8]) -> Result<(), Failure>;
}

/// The kernel's data with the lifetime of an instance.
pub type HostData = Option<Box<dyn Any + Send>>;

/// Levels of a plugin's log, as the PDK has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Off,
}

impl LogLevel {
    /// Every level, from the lowest; the last one keeps nothing.
    pub const ALL: [LogLevel; 6] =
        [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error, LogLevel::Off];

    /// The level's name, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Trace => "trace",
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
            LogLevel::Off => "off",
        }
    }
}

/// Where a guest stands that runs, or waits in a nested call.
#[derive(Debug)]
pub struct InstanceStack {
    /// The instance's: one value for the instances of one code.
    pub spec: Arc<Spec>,
    pub backtrace: Backtrace,
}

/// The names of a process, as policy rules match it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProcessNames {
    /// `front-2`.
    pub name: String,
    /// `front`: the name of its source.
    pub plugin: String,
}

/// A standard stream of WASI that a guest writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum StandardStream {
    Output,
    Error,
}

/// The system calls of a running instance, implemented by the kernel.
///
/// One value serves one chain of calls; "the caller" is always the top call of that chain.
pub trait Upcalls: Send + Sync {
    /// True when the running call must end now. Read by the epoch callback and after every host function: one atomic
    /// load.
    fn interrupted(&self) -> bool;
    /// Whether the running call is to take its frames for a profile, with [`Upcalls::sample`]. Asked by the epoch
    /// callback and after loads.
    fn sample_due(&self) -> bool {
        false
    }
    /// Where the running call stands, for the profile that asked.
    fn sample(&self, _at: Backtrace) {}
    /// The running call's deadline, if any.
    fn deadline(&self) -> Option<Instant>;
    /// Sleeps for `at_most`.
    ///
    /// # Errors
    /// [`FailureKind::Interrupted`] when the call was to end meanwhile.
    fn sleep(&self, at_most: Duration) -> Result<(), Failure>;
    /// `register_plugin`: starts a process by name; the caller becomes its parent.
    ///
    /// # Errors
    /// The policy denies the load, a limit is met, the source gives no program, or its start functions fail.
    fn register(&self, name: &str) -> Result<u64, Failure>;
    /// `call_plugin`: runs a nested call to its end.
    ///
    /// # Errors
    /// The policy denies the call, a limit is met, no such process lives, or the call fails.
    fn call(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<(), Failure>;
    /// `start_call`: starts a call beside the caller, and gives its ticket.
    ///
    /// # Errors
    /// The policy denies the call, a limit is met, or no such process lives.
    fn start(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<u64, Failure>;
    /// `poll_call`: whether a call that the caller started has ended, so that a join would not wait.
    ///
    /// # Errors
    /// The caller started no call of that ticket, or has joined it.
    fn has_ended(&self, ticket: u64) -> Result<bool, Failure>;
    /// `join_call`: waits for a call that the caller started, and delivers its output.
    ///
    /// # Errors
    /// As of [`Upcalls::has_ended`], and the failure of the call itself.
    fn join(self: Arc<Self>, ticket: u64, exchange: &mut dyn Exchange) -> Result<(), Failure>;
    /// A failed nested call's error was given to the caller as a value. The caller and its callers stand at `_stands`.
    fn caught(&self, _stands: Vec<InstanceStack>) {}
    /// True when the running call is to be stopped where it is, for a look or a hold. Read by the epoch callback alone.
    fn is_stop_wanted(&self) -> bool {
        false
    }
    /// Stops the running call; returns when it may go on. The guest and its callers stand at `_stands`; `_at`: it can
    /// be looked into.
    ///
    /// # Errors
    /// [`FailureKind::Interrupted`] when the call was to end meanwhile.
    fn stop(&self, _stands: Vec<InstanceStack>, _at: Option<Stopped<'_>>) -> Result<(), Failure> {
        Ok(())
    }
    /// Where the running guest is to stop in its code; `None`: the plan `known` still holds.
    fn stop_plan(&self, _known: Option<u64>, _modules: &[ModuleBytes]) -> Option<StopPlan> {
        None
    }
    /// The lines that ran, where they are noted.
    fn coverage(&self) -> Option<&Coverage> {
        None
    }
    /// The lines of a module of the running guest.
    fn source_lines(&self, module: &ModuleBytes) -> Arc<SourceLines> {
        Arc::new(SourceLines::read(&module.bytes))
    }
    /// Start functions or constructors of an instance for the running call took this long, failed ones too.
    fn ran_start(&self, _took: Duration) {}
    /// `free_plugin`: ends a process that the caller (or one of its descendants) spawned.
    ///
    /// # Errors
    /// The process is none that the caller or one of its descendants spawned.
    fn free(&self, id: u64) -> Result<(), Failure>;
    /// `find_plugin`: the id of a living process, or 0.
    fn find(&self, name: &str) -> u64;
    /// The names by which policy rules match a living process; `None`: none has the id.
    fn names_of(&self, _id: u64) -> Option<ProcessNames> {
        None
    }
    /// `self_plugin`: the caller's id.
    fn current(&self) -> u64;
    /// `parent_plugin`: the id of the caller's parent, 0 for the shell.
    fn parent(&self) -> u64;
    /// Bytes that the caller wrote to one of WASI's standard streams. False: nobody takes them; they are for its log.
    fn wrote(&self, _stream: StandardStream, _bytes: &[u8]) -> bool {
        false
    }
    /// Whether somebody takes what the caller writes to WASI's standard streams.
    fn takes_streams(&self) -> bool {
        false
    }
    /// Whether the caller's requests to its host are recorded. One atomic load.
    fn watches_host(&self) -> bool {
        false
    }
    /// The caller asked its host for something, which has ended.
    fn asked_host(&self, _request: HostRequest<'_>) {}
    /// Where the answers to the caller's requests come from. One atomic load.
    fn answer_mode(&self) -> AnswerMode {
        AnswerMode::Live
    }
    /// Keeps an answer that the caller got.
    fn keep_answer(&self, _answer: HostAnswer) {}
    /// The caller's next answer, which must be one to this request.
    ///
    /// # Errors
    /// The recording has no further answer for the caller, or one to another request.
    fn recorded_answer(&self, function: &str, asked: &str) -> Result<HostAnswer, Failure> {
        Err(Failure::new(FailureKind::Denied, format!("no recording answers `{function}` ({asked})")))
    }
    /// A line for the caller's log; bounded and made safe above.
    fn log(&self, level: LogLevel, text: &str);
    /// The lowest level that is kept now; a guest may ask.
    fn log_level(&self) -> LogLevel;
    /// Calls the plugin that stands in for an imported host function (`load --import`), by its place in
    /// [`Spec::imports`].
    ///
    /// # Errors
    /// As of [`Upcalls::call`].
    fn import(self: Arc<Self>, index: usize, exchange: &mut dyn Exchange) -> Result<(), Failure>;
    /// Charges the caller for growth by `bytes`; false refuses the growth, as the limit of all processes is met.
    fn grow(&self, bytes: u64) -> bool;
    /// Takes back `bytes` of a granted growth that failed or was released.
    fn shrink(&self, bytes: u64);
}
