//! A load as a product describes it: the plugin, its name, its grants and its limits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::Error;
use super::{Host, ProcessId};
use crate::kernel::{CallError, Kernel, LoadRequest, OnCrash, Supervision};
use crate::runtime::source::program_of;
use crate::runtime::{AllowedPath, PAGE_BYTES, Program, Spec, hosts};

/// A plugin to load, with what it is granted. A manifest's own settings hold where nothing else is said.
#[derive(Debug, Clone)]
pub struct Load {
    source: LoadSource,
    name: Option<String>,
    host: Host,
    timeout_of_start: Option<Duration>,
    ends_on_crash: bool,
    /// Changes to the settings of the program, in the order given.
    changes: Vec<SpecChange>,
}

#[derive(Debug, Clone)]
enum LoadSource {
    /// A name, a path or a URL.
    Word(String),
    /// The bytes of a module, with the default name of its process.
    Module { name: String, bytes: Vec<u8> },
}

/// One change to a program's settings.
#[derive(Debug, Clone)]
enum SpecChange {
    Config { key: String, value: String },
    Host(String),
    Path(AllowedPath),
    MemoryMax(u64),
    Fuel(u64),
    Timeout(Duration),
    MayLoad(String),
    MayCall(String),
    Private,
}

impl Load {
    /// A plugin by its name in the plugin directories, by a path (with a `/` or a suffix), or by a URL: wasm, wat or
    /// an Extism manifest.
    pub fn new(source: impl Into<String>) -> Load {
        Load::of(LoadSource::Word(source.into()))
    }

    /// A plugin whose bytes are at hand, wasm or wat. `name` is its process's name, with `-2`, `-3` behind it where
    /// that is taken.
    pub fn module(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Load {
        Load::of(LoadSource::Module { name: name.into(), bytes: bytes.into() })
    }

    fn of(source: LoadSource) -> Load {
        Load {
            source,
            name: None,
            host: Host::Native,
            timeout_of_start: None,
            ends_on_crash: false,
            changes: Vec::new(),
        }
    }

    fn with(mut self, change: SpecChange) -> Load {
        self.changes.push(change);
        self
    }

    /// The process's name, which nobody else may have.
    pub fn name(self, name: impl Into<String>) -> Load {
        Load { name: Some(name.into()), ..self }
    }

    /// The host that runs it: plugsh's own, or the extism crate's `Plugin`.
    pub fn host(self, host: Host) -> Load {
        Load { host, ..self }
    }

    /// A value of its configuration.
    pub fn config(self, key: impl Into<String>, value: impl Into<String>) -> Load {
        self.with(SpecChange::Config { key: key.into(), value: value.into() })
    }

    /// A host that it may send HTTP requests to: a name, or a glob as `*.example.com`.
    pub fn allow_host(self, pattern: impl Into<String>) -> Load {
        self.with(SpecChange::Host(pattern.into()))
    }

    /// A directory or file that it may reach through WASI by the path `guest`.
    pub fn allow_path(self, host: impl Into<PathBuf>, guest: impl Into<String>) -> Load {
        self.with(SpecChange::Path(AllowedPath { host: host.into(), guest: guest.into(), read_only: false }))
    }

    /// A directory or file that it may read, and not write, through WASI by the path `guest`.
    pub fn allow_path_read_only(self, host: impl Into<PathBuf>, guest: impl Into<String>) -> Load {
        self.with(SpecChange::Path(AllowedPath { host: host.into(), guest: guest.into(), read_only: true }))
    }

    /// The most bytes of its memories, tables and blocks together, at least a page of 64 KiB.
    pub fn memory_max(self, bytes: u64) -> Load {
        self.with(SpecChange::MemoryMax(bytes.max(PAGE_BYTES)))
    }

    /// The most fuel of one call: about an instruction a unit.
    pub fn fuel(self, units: u64) -> Load {
        self.with(SpecChange::Fuel(units))
    }

    /// The longest that one call of it may take, nested calls included.
    pub fn timeout(self, timeout: Duration) -> Load {
        self.with(SpecChange::Timeout(timeout))
    }

    /// The longest that its start functions may take.
    pub fn start_timeout(self, timeout: Duration) -> Load {
        Load { timeout_of_start: Some(timeout), ..self }
    }

    /// A source that it may load in addition to what the policy allows.
    pub fn may_load(self, pattern: impl Into<String>) -> Load {
        self.with(SpecChange::MayLoad(pattern.into()))
    }

    /// A function that it may call, as `cart.*`. Once one is given, it may call no others, whatever the policy says.
    pub fn may_call(self, pattern: impl Into<String>) -> Load {
        self.with(SpecChange::MayCall(pattern.into()))
    }

    /// Keeps its inputs and outputs out of traces.
    pub fn private(self) -> Load {
        self.with(SpecChange::Private)
    }

    /// Ends the process when a call of it traps, instead of starting it afresh at the next call.
    pub fn end_on_crash(self) -> Load {
        Load { ends_on_crash: true, ..self }
    }

    /// Starts the process.
    ///
    /// # Errors
    /// As of [`System::load`](super::System::load).
    pub(super) fn run(self, kernel: &Arc<Kernel>) -> Result<ProcessId, Error> {
        let (program, lookup) = match self.source {
            LoadSource::Word(source) => kernel.resolve_to_load(&source, None, &mut |_, _| true)?,
            LoadSource::Module { name, bytes } => {
                check_name(&name)?;
                let program =
                    program_of(&name, bytes).map_err(|failure| CallError::of(failure, super::wording::PRODUCT))?;
                (Arc::new(program), Duration::ZERO)
            }
        };
        let spec = spec_of(&program, self.changes)?;
        let on_crash = if self.ends_on_crash { OnCrash::Kill } else { OnCrash::Reset };
        let request = LoadRequest {
            spec,
            name: self.name,
            host: self.host,
            timeout: self.timeout_of_start,
            lookup,
            supervision: Supervision { on_crash, ..Supervision::default() },
            ..LoadRequest::plain(program)
        };
        Ok(kernel.load(request)?.id)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if crate::kernel::names::is_valid(name) {
        return Ok(());
    }
    let name = crate::text::quoted(name);
    let why = "a name is letters, digits, `_`, `.`, `-`, and begins with a letter or `_`";
    Err(Error::refused(format!("`{name}` cannot be a name: {why}")))
}

fn spec_of(program: &Program, changes: Vec<SpecChange>) -> Result<Spec, Error> {
    let mut spec = program.spec.clone();
    for change in changes {
        match change {
            SpecChange::Config { key, value } => drop(spec.config.insert(key, value)),
            SpecChange::Host(pattern) => {
                hosts::check(&pattern).map_err(|error| Error::refused(error.to_string()))?;
                spec.allowed_hosts.push(pattern);
            }
            SpecChange::Path(path) => spec.allowed_paths.push(path),
            SpecChange::MemoryMax(bytes) => spec.memory_bytes_max = Some(bytes),
            SpecChange::Fuel(units) => spec.fuel = Some(units),
            SpecChange::Timeout(timeout) => spec.timeout = Some(timeout),
            SpecChange::MayLoad(pattern) => spec.may_load.push(pattern),
            SpecChange::MayCall(pattern) => spec.may_call.get_or_insert_default().push(pattern),
            SpecChange::Private => spec.private = true,
        }
    }
    Ok(spec)
}

impl From<&str> for Load {
    fn from(source: &str) -> Load {
        Load::new(source)
    }
}

impl From<String> for Load {
    fn from(source: String) -> Load {
        Load::new(source)
    }
}
