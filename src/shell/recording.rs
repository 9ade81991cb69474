//! The file of `record FILE`: JSON lines, one for each call and each change of processes and stubs. Jobs' threads write
//! it as calls end; it is read back whole.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::answers::AnswerEntry;
use super::project::secrets::concealed;
use super::reply::ShellError;
use crate::journal::Filter;
use crate::kernel::hooks::{NestedCall, RecordedCall, StubAnswer, StubSpec, StubbedImport};
use crate::kernel::{ProcessDetail, ProcessId};
use crate::runtime::source::is_name;
use crate::runtime::stand_in::StandInTypes;
use crate::runtime::{Host, Spec, sha256_hex};
use crate::secrets::without_secrets;
use crate::text::{json_cause, without_bom};

/// Version of the format.
pub const VERSION: u32 = 1;
/// Version of a deep recording.
pub const DEEP_VERSION: u32 = 2;
/// Longest input or output that is written; of a longer one its length and hash are.
pub const WRITTEN_BYTES_MAX: usize = 16 << 20;
/// The longest recording that is read.
pub const RECORDING_BYTES_MAX: u64 = 1 << 30;

/// One line of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Entry {
    /// The first line.
    Recording {
        version: u32,
    },
    /// A process that the shell has started.
    Process(ProcessEntry),
    /// A living process that got new code.
    Reload(ProcessEntry),
    Restart {
        process: String,
    },
    Kill {
        process: String,
        recursive: bool,
    },
    Stub(StubEntry),
    /// Without a function: all stubs of the plugin.
    Unstub {
        plugin: String,
        function: Option<String>,
    },
    /// A call from the shell.
    Call(CallEntry),
    /// An answer of the host, in a deep recording.
    Answer(AnswerEntry),
}

/// A stub; without bytes and commands it answers with its input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StubEntry {
    pub plugin: String,
    pub function: String,
    pub output_base64: Option<String>,
    pub run: Option<String>,
    /// The module whose import it answers for.
    #[serde(default)]
    pub module: Option<String>,
    #[serde(default)]
    pub types: Option<StandInTypes>,
    /// The calls that it answers.
    #[serde(default)]
    pub expr: Option<String>,
}

/// The start options of a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProcessId>,
    pub name: String,
    pub source: String,
    pub host: Host,
    pub spec: Spec,
    pub modules: Vec<ModuleEntry>,
    /// Modules that `--link` added: `NAME=SOURCE`.
    pub links: Vec<String>,
}

/// A module's name and the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleEntry {
    pub name: String,
    pub sha256: String,
}

/// A call and its results, which a replay compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEntry {
    pub seq: u64,
    pub process: String,
    pub function: String,
    pub bytes_in: u64,
    /// Null when it was too long, or a private plugin's.
    pub input_base64: Option<String>,
    pub outcome: String,
    pub bytes_out: u64,
    pub output_base64: Option<String>,
    /// Where the output itself is not written; null for a private plugin's and for a failure.
    pub output_sha256: Option<String>,
    pub error: Option<String>,
    /// Units of fuel of the call itself; null: not counted.
    #[serde(default)]
    pub fuel: Option<u64>,
    /// A fault or breakpoint changed the call or one below it: its results need not repeat.
    pub changed: bool,
    /// The calls below it, in the order they began.
    pub calls: Vec<NestedCallEntry>,
}

/// One nested call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NestedCallEntry {
    pub depth: u16,
    pub caller: String,
    pub callee: String,
    pub function: String,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub outcome: String,
    /// Units of fuel of the call itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
}

impl From<&NestedCall> for NestedCallEntry {
    fn from(made: &NestedCall) -> NestedCallEntry {
        NestedCallEntry {
            depth: made.depth,
            caller: made.caller.as_str().to_owned(),
            callee: made.callee.as_str().to_owned(),
            function: made.function.as_str().to_owned(),
            bytes_in: made.bytes_in,
            bytes_out: made.bytes_out,
            outcome: made.outcome.as_str().to_owned(),
            fuel: made.fuel,
        }
    }
}

impl From<&ProcessDetail> for ProcessEntry {
    fn from(detail: &ProcessDetail) -> ProcessEntry {
        let module = |(name, sha256): &(String, String)| ModuleEntry { name: name.clone(), sha256: sha256.clone() };
        ProcessEntry {
            id: Some(detail.view.id),
            name: detail.view.name.clone(),
            source: detail.view.source.clone(),
            host: detail.view.host,
            spec: concealed(detail.spec.clone()),
            modules: detail.modules.iter().map(module).collect(),
            links: detail.links.iter().map(|(name, source)| format!("{name}={}", without_secrets(source))).collect(),
        }
    }
}

impl From<&StubSpec> for StubEntry {
    fn from(spec: &StubSpec) -> StubEntry {
        let (output_base64, run) = match &spec.answer {
            StubAnswer::Bytes(bytes) => (Some(STANDARD.encode(bytes)), None),
            StubAnswer::Echo => (None, None),
            StubAnswer::Run(commands) => (None, Some(commands.clone())),
        };
        let (module, types) = match spec.import.clone() {
            Some(StubbedImport { module, types }) => (Some(module), types),
            None => (None, None),
        };
        let (plugin, function) = (spec.plugin.clone(), spec.function.clone());
        let expr = spec.filter.as_ref().map(|filter| filter.source().to_owned());
        StubEntry { plugin, function, output_base64, run, module, types, expr }
    }
}

impl StubEntry {
    /// The stub to set again; `None` when its bytes or its expression are none.
    pub fn spec(&self) -> Option<StubSpec> {
        let answer = match (&self.output_base64, &self.run) {
            (Some(text), _) => StubAnswer::Bytes(STANDARD.decode(text).ok()?.into()),
            (None, Some(commands)) => StubAnswer::Run(commands.clone()),
            (None, None) => StubAnswer::Echo,
        };
        let import = self.module.clone().map(|module| StubbedImport { module, types: self.types.clone() });
        let filter = self.expr.as_deref().map(Filter::parse).transpose().ok()?;
        Some(StubSpec { plugin: self.plugin.clone(), function: self.function.clone(), filter, answer, import })
    }
}

impl From<&RecordedCall<'_>> for CallEntry {
    fn from(call: &RecordedCall<'_>) -> CallEntry {
        let written =
            |bytes: &[u8]| (!call.private && bytes.len() <= WRITTEN_BYTES_MAX).then(|| STANDARD.encode(bytes));
        let output = call.result.ok();
        let output_base64 = output.and_then(written);
        let hashed = output.filter(|_| !call.private && output_base64.is_none());
        CallEntry {
            seq: call.seq,
            process: call.process.name.clone(),
            function: call.function.as_str().to_owned(),
            bytes_in: call.input.len() as u64,
            input_base64: written(call.input),
            outcome: call.result.err().map_or("ok", |error| error.outcome.as_str()).to_owned(),
            bytes_out: output.map_or(0, |output| output.len() as u64),
            output_base64,
            output_sha256: hashed.map(sha256_hex),
            error: call.result.err().map(|error| error.to_string()),
            fuel: call.fuel,
            changed: call.changed,
            calls: call.nested_calls.iter().map(NestedCallEntry::from).collect(),
        }
    }
}

/// Reads a recording; a mistake is told with its line.
///
/// # Errors
/// The file cannot be read, is over [`RECORDING_BYTES_MAX`], or is no recording; with the line.
pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Entry>, ShellError> {
    let mut entries = Vec::new();
    for (line, number) in without_bom(bytes).split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty())
    {
        let entry = serde_json::from_slice(line).map_err(|error| {
            let cause = json_cause(&error);
            ShellError::failed(format!("`{name}`, line {number}: {cause}; is it a file of `record`?"))
        })?;
        match entry {
            Entry::Recording { version } if ![VERSION, DEEP_VERSION].contains(&version) => {
                let message = format!(
                    "`{name}` has version {version} of the format, and this plugsh reads {VERSION} and {DEEP_VERSION}"
                );
                return Err(ShellError::failed(message));
            }
            entry => entries.push(entry),
        }
    }
    match entries.first() {
        Some(Entry::Recording { .. }) => Ok(entries),
        _ => Err(ShellError::failed(format!("`{name}` is no file of `record`"))),
    }
}

/// Whether entries are those of a deep recording.
pub fn is_deep(entries: &[Entry]) -> bool {
    matches!(entries.first(), Some(Entry::Recording { version: DEEP_VERSION }))
}

/// Access that a recording needs beyond calls of plugins; each entry once, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BeyondCalls {
    /// Commands that stubs run; they may start programs of the system.
    pub programs: Vec<String>,
    /// Paths of this machine that plugins may read, write or load from.
    pub paths: Vec<String>,
    pub hosts: Vec<String>,
}

/// The access that entries need. Stubs that the session has already (`is_own`) need none.
pub fn beyond_calls(entries: &[Entry], is_own: &dyn Fn(&StubEntry) -> bool) -> BeyondCalls {
    let mut requested = BeyondCalls::default();
    let add = |list: &mut Vec<String>, text: String| {
        if !list.contains(&text) {
            list.push(text);
        }
    };
    for entry in entries {
        match entry {
            Entry::Stub(stub) if !is_own(stub) => {
                if let (None, Some(commands)) = (&stub.output_base64, &stub.run) {
                    add(&mut requested.programs, commands.clone());
                }
            }
            Entry::Process(process) | Entry::Reload(process) => {
                let spec = &process.spec;
                let held = spec.allowed_paths.iter().map(|path| &path.host).chain(&spec.wasi_input.stdin);
                for path in held {
                    add(&mut requested.paths, path.display().to_string());
                }
                // Guests may load any plugin by name.
                for pattern in spec.may_load.iter().filter(|pattern| !is_name(pattern)) {
                    add(&mut requested.paths, pattern.clone());
                }
                for host in &spec.allowed_hosts {
                    add(&mut requested.hosts, host.clone());
                }
            }
            _ => {}
        }
    }
    requested
}

/// A call's input, where the recording holds it.
pub fn input_of(call: &CallEntry) -> Option<Vec<u8>> {
    STANDARD.decode(call.input_base64.as_ref()?).ok()
}

/// The living processes that the shell started, by id: a recording begins with them.
pub fn started_by_shell(kernel: &crate::kernel::Kernel) -> Vec<ProcessDetail> {
    let ids: Vec<ProcessId> =
        kernel.processes(false).into_iter().filter(|view| view.parent == 0).map(|view| view.id).collect();
    ids.into_iter().filter_map(|id| kernel.process(id)).collect()
}
