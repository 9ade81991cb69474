//! The kernels that the options of the program ask for.

use std::path::PathBuf;
use std::sync::Arc;

use plugsh::front::repl::paths::{cache_dir, home_error};
use plugsh::front::script;
use plugsh::kernel::{Kernel, KernelOptions, OwnerId, Policy};
use plugsh::machine;
use plugsh::runtime::{Coverage, Explained, Wording};
use plugsh::shell::limit_args::LimitArgs;
use plugsh::shell::{ShellError, words};
use plugsh::text::io_cause;

use super::home;
use crate::cli::global::Global;

/// The directories in PLUGSH_PATH.
fn listed_dirs() -> Vec<PathBuf> {
    let path = std::env::var_os("PLUGSH_PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|dir| !dir.as_os_str().is_empty()).collect()
}

/// Checks the plugin directories. A missing one is an error on the command line and a warning in PLUGSH_PATH, which may
/// name directories that exist only at times.
///
/// # Errors
/// One of the command line is missing.
pub fn check_plugin_dirs(global: &Global) -> Result<(), ShellError> {
    if let Some(dir) = global.plugins.iter().find(|dir| !dir.is_dir()) {
        return Err(ShellError::usage(format!("`--plugins` of `plugsh`: no directory `{}`", dir.display())));
    }
    for dir in listed_dirs().iter().filter(|dir| !dir.is_dir()) {
        script::notice(&format!("PLUGSH_PATH lists `{}`, and there is no such directory", dir.display()));
    }
    Ok(())
}

/// A kernel for a shell without a project's limits.
///
/// # Errors
/// A limit, the policy or a directory is wrong, or `--nats` reaches no server.
pub fn shell_kernel(global: &Global) -> Result<Arc<Kernel>, ShellError> {
    kernel(global, words::SHELL, &LimitArgs::default())
}

/// A kernel as the options ask for; `limits` are a project's, which the options' come before.
///
/// # Errors
/// A limit, the policy or a directory is wrong, or `--nats` reaches no server.
pub fn kernel(global: &Global, wording: Wording, limits: &LimitArgs) -> Result<Arc<Kernel>, ShellError> {
    kernel_with_coverage(global, wording, limits, None)
}

/// A kernel that notes the lines of plugins that run, where there is a `coverage`.
///
/// # Errors
/// A limit, the policy or a directory is wrong, or `--nats` reaches no server.
pub fn kernel_with_coverage(
    global: &Global,
    wording: Wording,
    limits: &LimitArgs,
    coverage: Option<Arc<Coverage>>,
) -> Result<Arc<Kernel>, ShellError> {
    if let Some(mistake) = home_error() {
        script::notice(&mistake);
    }
    // Absolute, because `cd` moves the working directory.
    let absolute = |dir: PathBuf| std::path::absolute(&dir).unwrap_or(dir);
    let plugin_dirs: Vec<PathBuf> = global.plugins.iter().cloned().chain(listed_dirs()).map(absolute).collect();
    let limit_args = limits.and(&global.limits);
    let limits = limit_args.limits().map_err(ShellError::usage)?;
    let policy = global.policy.as_deref().map(Policy::read).transpose();
    let policy = policy.map_err(|error| ShellError::failed(error.line(wording)))?;
    let core_dump_dir = global.coredump.clone().map(absolute);
    if let Some(dir) = &core_dump_dir {
        std::fs::create_dir_all(dir)
            .map_err(|error| ShellError::failed(format!("cannot make `{}`: {}", dir.display(), io_cause(&error))))?;
    }
    let (cache_dir, compiler) = (cache_dir(), machine::this_program());
    let payloads = limit_args.payloads();
    let perf_map = global.perf_map;
    let options = KernelOptions {
        plugin_dirs,
        limits,
        cache_dir,
        compiler,
        core_dump_dir,
        perf_map,
        wording,
        payloads,
        coverage,
        ..KernelOptions::default()
    };
    let kernel = Kernel::new(options);
    if let Some(level) = global.log_level {
        kernel.set_log_level(OwnerId::FIRST, level);
    }
    if let Some(seed) = global.seed {
        kernel.set_seed(seed);
    }
    kernel.set_policy(policy);
    home::connect(&kernel, &global.nodes)?;
    Ok(kernel)
}
