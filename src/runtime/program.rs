//! What is to be run, before it is compiled: modules as bytes, and what an instance of them may have.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stand_in_types::StandInTypes;
use super::{Config, Failure, FailureKind, WasiInput};

/// Which host runs a process.
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
    /// As written after `--host`.
    pub fn as_str(self) -> &'static str {
        match self {
            Host::Native => "native",
            Host::Extism => "extism",
        }
    }
}

/// What happens to an import that nobody provides.
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
    /// The name it is linked by; `main` for the one that is called.
    pub name: String,
    /// wasm or wat, as read.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of `bytes`, in hexadecimal.
    pub sha256: String,
    /// Where it came from, when it is none of its program's own but was linked to it.
    pub linked_from: Option<String>,
}

impl ModuleBytes {
    /// The name it is linked by and where it came from, of one that was linked to its program.
    pub fn link(&self) -> Option<(String, String)> {
        Some((self.name.clone(), self.linked_from.clone()?))
    }
}

/// Modules and what their manifest says of them: all that is needed to make an image and its instances.
#[derive(Debug, Clone)]
pub struct Program {
    /// The linked modules, `main` last.
    pub modules: Vec<ModuleBytes>,
    /// From the manifest; the command line and the policy may change it.
    pub spec: Spec,
    /// Where it came from: a path, a URL, or `built-in:NAME`. Not to be shown as it is: a URL may have a password.
    pub origin: String,
    /// The name a process of it gets by default: a valid process name.
    pub stem: String,
}

/// A directory, or one file, that a plugin may reach through WASI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedPath {
    pub host: PathBuf,
    pub guest: String,
    pub read_only: bool,
}

/// A host function of some product that a plugin stands in for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImportStandIn {
    pub module: String,
    pub function: String,
    /// What its arguments and results are, where that was said.
    #[serde(default)]
    pub types: Option<StandInTypes>,
    /// `PLUGIN.FUNCTION` that is called in its place.
    pub target: String,
}

/// What an instance may have. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    pub config: Config,
    /// Globs over host names; empty: no host.
    pub allowed_hosts: Vec<String>,
    pub allowed_paths: Vec<AllowedPath>,
    /// True when the allowed paths were resolved as the process was granted them: one that leads elsewhere by now (over
    /// a symbolic link that a plugin put there) is not opened.
    pub paths_resolved: bool,
    /// All linear memories and tables and blocks together; `None`: wasm's own limit.
    pub memory_bytes_max: Option<u64>,
    /// The var store; 0 disables it.
    pub var_bytes_max: u64,
    pub http_response_bytes_max: u64,
    /// For one call.
    pub timeout: Option<Duration>,
    /// Work per call, in wasmtime's units.
    pub fuel: Option<u64>,
    /// What WASI has for it to begin with.
    pub wasi_input: WasiInput,
    /// Patterns of what its guest may load besides what the policy, or no policy, lets it.
    pub may_load: Vec<String>,
    /// Patterns of all functions that its guest may call, whatever the policy says; `None`: as the policy says.
    pub may_call: Option<Vec<String>>,
    /// False with `--no-wasi`: a module that imports WASI then does not load.
    pub wasi: bool,
    pub stub_imports: Option<StubImports>,
    pub imports: Vec<ImportStandIn>,
    /// Its bytes are never kept, shown or written down.
    pub private: bool,
}

/// Extism's default for the var store (1 MiB), from its `MemoryOptions`.
pub const VAR_BYTES_MAX_DEFAULT: u64 = 1024 * 1024;
/// Extism's default for an HTTP response (50 MiB), from its `http_request`.
pub const HTTP_RESPONSE_BYTES_MAX_DEFAULT: u64 = 50 * 1024 * 1024;

impl Spec {
    /// Settles where the allowed paths lead: what a person granted is what is there now, not what a link leads to that
    /// some plugin puts there later. One that is not there stays as it is, for the instance to complain of.
    pub fn resolve_paths(&mut self) {
        for path in self.allowed_paths.iter_mut().filter(|_| !self.paths_resolved) {
            path.host = path.host.canonicalize().unwrap_or_else(|_| std::mem::take(&mut path.host));
        }
        if let Some(stdin) = self.wasi_input.stdin.as_mut().filter(|_| !self.paths_resolved) {
            *stdin = stdin.canonicalize().unwrap_or_else(|_| std::mem::take(stdin));
        }
        self.paths_resolved = true;
    }

    /// Where one of the allowed paths leads now; `None` when nothing is there, or it is not what was granted.
    pub fn held_path(&self, path: &AllowedPath) -> Option<PathBuf> {
        path.host.canonicalize().ok().filter(|now| !self.paths_resolved || *now == path.host)
    }

    /// Fails when a path that was granted in its resolved form leads elsewhere now.
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
            wasi_input: WasiInput::default(),
            may_load: Vec::new(),
            may_call: None,
            wasi: true,
            stub_imports: None,
            imports: Vec::new(),
            private: false,
        }
    }
}
