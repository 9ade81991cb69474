//! The builder of a system: limits, policy, plugin directories, and the product's host functions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Error;
use super::{CallingPlugin, Limits, LogLevel, ProductError, Value, ValueType, wording};
use crate::kernel::view::OwnerId;
use crate::kernel::{Kernel, KernelOptions, Policy};
use crate::limits::LimitError;
use crate::runtime::product_function::{ProductFunction, ProductFunctions};

/// The settings of a new system.
///
/// ```
/// use plugsh::System;
/// use plugsh::system::Limits;
///
/// # fn main() -> Result<(), plugsh::system::Error> {
/// let system = System::builder()
///     .limits(Limits { depth_max: 8, processes_max: 100, ..Limits::default() })
///     .policy("[[plugin]]\nname = 'front'\nload = ['count_vowels']\ncall = ['count_vowels.*']")
///     .build()?;
/// system.load("front")?;
/// system.call("front", "run", "")?;
/// assert_eq!(system.processes().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    limits: Limits,
    plugin_dirs: Vec<PathBuf>,
    cache_dir: Option<PathBuf>,
    policy: PolicySource,
    log_level: Option<LogLevel>,
    functions: Functions,
}

/// The place of the policy.
#[derive(Debug, Default)]
enum PolicySource {
    /// Plugins load names only, and call whom they find.
    #[default]
    BuiltIn,
    Text(String),
    File(PathBuf),
}

#[derive(Default)]
struct Functions(Vec<ProductFunction>);

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|function| (function.module(), function.name()))).finish()
    }
}

impl Builder {
    /// The limits of the whole system; those of plugsh where none are given.
    pub fn limits(self, limits: Limits) -> Self {
        Builder { limits, ..self }
    }

    /// One more directory in which names of plugins are looked up, after those given before, and before the built-in
    /// plugins.
    pub fn plugin_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.plugin_dirs.push(dir.into());
        self
    }

    /// A directory of compiled modules that outlive the system. Whoever can write there can run code in the product.
    pub fn cache_dir(self, dir: impl Into<PathBuf>) -> Self {
        Builder { cache_dir: Some(dir.into()), ..self }
    }

    /// A policy: the sources and functions that plugins may load and call, as TOML; `plugsh help policy` has its form.
    pub fn policy(self, toml: impl Into<String>) -> Self {
        Builder { policy: PolicySource::Text(toml.into()), ..self }
    }

    /// A policy in a file. Relative paths in it start from its directory.
    pub fn policy_file(self, file: impl Into<PathBuf>) -> Self {
        Builder { policy: PolicySource::File(file.into()), ..self }
    }

    /// The lowest level of plugins' log lines that is kept; [`LogLevel::Info`] where none is given.
    pub fn log_level(self, level: LogLevel) -> Self {
        Builder { log_level: Some(level), ..self }
    }

    /// A host function that plugins import as `module.name`. `body` gets the arguments and the results, which are zeros
    /// until they are set; both have these types. Its error becomes the error of the plugin's call, its panic a trap.
    /// Calls of several plugins run it at once, each on its own thread.
    pub fn host_function(
        mut self,
        module: &str,
        name: &str,
        params: impl IntoIterator<Item = ValueType>,
        results: impl IntoIterator<Item = ValueType>,
        body: impl Fn(&mut CallingPlugin<'_>, &[Value], &mut [Value]) -> Result<(), ProductError> + Send + Sync + 'static,
    ) -> Self {
        self.functions.0.push(ProductFunction::new(module, name, params, results, body));
        self
    }

    /// The kernel of the system.
    ///
    /// # Errors
    /// As of [`Builder::build`].
    pub(super) fn kernel(self) -> Result<Arc<Kernel>, Error> {
        self.limits.check().map_err(|error| Error::refused(limit_text(error)))?;
        if let Some(dir) = self.plugin_dirs.iter().find(|dir| !dir.is_dir()) {
            return Err(Error::refused(format!("no directory `{}`", dir.display())));
        }
        let policy = match &self.policy {
            PolicySource::BuiltIn => None,
            PolicySource::Text(text) => Some(policy_of(text)?),
            PolicySource::File(file) => Some(Policy::read(file).map_err(|error| Error::refused(error.to_string()))?),
        };
        let functions = ProductFunctions::new(self.functions.0);
        let functions = functions.map_err(|error| Error::refused(error.to_string()))?;
        let kernel = Kernel::new(KernelOptions {
            plugin_dirs: self.plugin_dirs.iter().map(|dir| absolute(dir)).collect(),
            limits: self.limits,
            cache_dir: self.cache_dir,
            host_functions: functions,
            wording: wording::PRODUCT,
            ..KernelOptions::default()
        });
        if let Some(level) = self.log_level {
            kernel.set_log_level(OwnerId::FIRST, level);
        }
        kernel.set_policy(policy);
        Ok(kernel)
    }
}

/// The product may change its working directory.
fn absolute(dir: &Path) -> PathBuf {
    std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned())
}

/// A policy in TOML.
///
/// # Errors
/// The text is no policy; with the line.
pub fn policy_of(toml: &str) -> Result<Policy, Error> {
    let policy = Policy::parse(toml, "policy", Path::new("."));
    policy.map_err(|error| Error::refused(error.to_string()))
}

fn limit_text(error: LimitError) -> String {
    match error {
        LimitError::BelowLeast { limit, value, least } => {
            format!("limit `{}` is {value}; at least {least} is needed", limit.row().name)
        }
        LimitError::AboveMost { limit, value, most } => {
            format!("limit `{}` is {value}; at most {most} is supported", limit.row().name)
        }
        LimitError::AboveMapCount { value, most } => {
            format!("limit `processes` is {value}; the system's `vm.max_map_count` has room for {most}")
        }
    }
}
