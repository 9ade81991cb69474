//! Programs before compilation: modules as bytes, and the spec of their instances.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::stand_in_types::StandInTypes;
use super::{AllowedPath, Config, Failure, FailureKind, Instrumentation, WasiInput};

/// The host that runs a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Host {
    /// plugsh's own runtime on wasmtime.
    #[default]
    Native,
    /// The extism crate's `Plugin`, as a product would run it.
    Extism,
}

impl Host {
    /// The value of `--host`.
    pub fn as_str(self) -> &'static str {
        match self {
            Host::Native => "native",
            Host::Extism => "extism",
        }
    }
}

/// The behaviour of a stubbed import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StubImports {
    /// Calling it traps.
    Trap,
    /// Calling it returns zeros.
    Zero,
}

/// One module of a program.
#[derive(Debug, Clone)]
pub struct ModuleBytes {
    /// The link name; `main` for the callable module.
    pub name: String,
    /// wasm or wat, as read.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of `bytes`, in hexadecimal.
    pub sha256: String,
    /// The origin of a module that was linked to the program from elsewhere.
    pub linked_from: Option<String>,
}

impl ModuleBytes {
    /// The link name and origin of a module that was linked to the program from elsewhere.
    pub fn link(&self) -> Option<(String, String)> {
        Some((self.name.clone(), self.linked_from.clone()?))
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Modules and their spec: all data for an image and its instances.
#[derive(Debug, Clone)]
pub struct Program {
    /// The linked modules, `main` last.
    pub modules: Vec<ModuleBytes>,
    /// The manifest's spec, which the command line and the policy may change.
    pub spec: Spec,
    /// The origin: a path, a URL, or `built-in:NAME`. Mask before showing: a URL may have a password.
    pub origin: String,
    /// The default name of its processes: a valid process name.
    pub stem: String,
}

/// A host function of some product that a plugin stands in for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImportStandIn {
    pub module: String,
    pub function: String,
    /// The types of arguments and results, where they were given.
    #[serde(default)]
    pub types: Option<StandInTypes>,
    /// The function called in its place, as `PLUGIN.FUNCTION`.
    pub target: String,
}

/// The permissions, limits and inputs of an instance. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    pub config: Config,
    /// Globs over host names; empty allows no host.
    pub allowed_hosts: Vec<String>,
    pub allowed_paths: Vec<AllowedPath>,
    /// True when the allowed paths were resolved as the process was granted them: one that leads elsewhere by now (over
    /// a symbolic link that a plugin put there) is not opened.
    pub paths_resolved: bool,
    /// Limit of linear memories, tables and blocks together; `None`: wasm's own limit.
    pub memory_bytes_max: Option<u64>,
    /// Limit of the var store; 0 disables the store.
    pub var_bytes_max: u64,
    pub http_response_bytes_max: u64,
    /// Timeout of one call.
    pub timeout: Option<Duration>,
    /// Fuel of one call, in wasmtime's units.
    pub fuel: Option<u64>,
    pub fuel_count: FuelCount,
    /// Environment, arguments and standard input under WASI.
    pub wasi_input: WasiInput,
    /// Patterns of sources that the guest may load in addition to the policy's.
    pub may_load: Vec<String>,
    /// Patterns of all functions that the guest may call, in place of the policy's; `None`: the policy decides.
    pub may_call: Option<Vec<String>>,
    /// False with `--no-wasi`: a module that imports WASI fails to load.
    pub wasi: bool,
    pub stub_imports: Option<StubImports>,
    pub imports: Vec<ImportStandIn>,
    /// Whether its payloads are private: never kept, shown or written.
    pub private: bool,
    /// Values that were written with a reference to the environment.
    pub written: WrittenValues,
    /// The node that its instances run on, or a glob of nodes; `None`: they run here.
    pub on: Option<String>,
    /// Whether a debugger can stop its instances in their code: they are slower then.
    pub debugged: bool,
}

/// The values of an instance that came from variables of plugsh's environment, each by its key as it was written
/// (`${API_KEY}`): shown and written down in place of the value, which may be a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct WrittenValues {
    /// Of the configuration.
    pub config: BTreeMap<String, String>,
    /// Of WASI's environment.
    pub env: BTreeMap<String, String>,
}

/// Extism's default for the var store (1 MiB), from its `MemoryOptions`.
pub const VAR_BYTES_MAX_DEFAULT: u64 = 1024 * 1024;
/// Extism's default for an HTTP response (50 MiB), from its `http_request`.
pub const HTTP_RESPONSE_BYTES_MAX_DEFAULT: u64 = 50 * 1024 * 1024;

/// Whether the fuel of calls is counted where none limits it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FuelCount {
    #[default]
    No,
    /// The kernel's switch was on as the program was loaded.
    Traced,
    /// Asked for at the load, whatever the switch says; children inherit it.
    Asked,
}

/// Fuel of a call that is counted but not limited: more than years of work.
const FUEL_UNLIMITED: u64 = u64::MAX >> 1;

impl Spec {
    /// Whether calls use fuel: it is limited or counted.
    #[inline]
    pub fn is_fuelled(&self) -> bool {
        self.fuel.is_some() || self.fuel_count != FuelCount::No
    }

    /// The engine that its instances need.
    pub fn instrumentation(&self) -> Instrumentation {
        Instrumentation { fuel: self.is_fuelled(), debug: self.debugged }
    }

    /// The fuel of one call; `None` where it is neither limited nor counted.
    #[inline]
    pub fn fuel_given(&self) -> Option<u64> {
        match self.fuel_count {
            FuelCount::No => self.fuel,
            FuelCount::Traced | FuelCount::Asked => Some(self.fuel.unwrap_or(FUEL_UNLIMITED)),
        }
    }

    /// Resolves the allowed paths, so that a link that a plugin creates later cannot redirect a grant. A missing path
    /// stays as it is; the instance reports it.
    pub fn resolve_paths(&mut self) {
        for path in self.allowed_paths.iter_mut().filter(|_| !self.paths_resolved) {
            path.host = path.host.canonicalize().unwrap_or_else(|_| std::mem::take(&mut path.host));
        }
        if let Some(stdin) = self.wasi_input.stdin.as_mut().filter(|_| !self.paths_resolved) {
            *stdin = stdin.canonicalize().unwrap_or_else(|_| std::mem::take(stdin));
        }
        self.paths_resolved = true;
    }

    /// An allowed path, resolved now; `None` when it is missing or differs from the granted one.
    pub fn held_path(&self, path: &AllowedPath) -> Option<PathBuf> {
        path.host.canonicalize().ok().filter(|now| !self.paths_resolved || *now == path.host)
    }

    /// Fails when a path granted in resolved form leads elsewhere now.
    ///
    /// # Errors
    /// A path leads elsewhere now, or cannot be resolved; the failure names it.
    pub fn stays_put(&self, path: &AllowedPath) -> Result<(), Failure> {
        if self.paths_resolved && path.host.exists() && self.held_path(path).is_none() {
            let why = format!("allowed path `{}` is not what was granted any more", path.host.display());
            return Err(Failure::new(FailureKind::Load, why));
        }
        Ok(())
    }
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            config: Config::default(),
            allowed_hosts: Vec::new(),
            allowed_paths: Vec::new(),
            paths_resolved: false,
            memory_bytes_max: None,
            var_bytes_max: VAR_BYTES_MAX_DEFAULT,
            http_response_bytes_max: HTTP_RESPONSE_BYTES_MAX_DEFAULT,
            timeout: None,
            fuel: None,
            fuel_count: FuelCount::No,
            wasi_input: WasiInput::default(),
            may_load: Vec::new(),
            may_call: None,
            wasi: true,
            stub_imports: None,
            imports: Vec::new(),
            private: false,
            written: WrittenValues::default(),
            on: None,
            debugged: false,
        }
    }
}
