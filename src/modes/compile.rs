//! `plugsh compile`: what plugsh starts to compile a heavy module.

use plugsh::runtime::{Instrumentation, Served, serve};
use plugsh::shell::ShellError;

use crate::cli::compile::CompileArgs;

/// Compiles the module on standard input. Errors reach the parent process by the exit code and the output.
///
/// # Errors
/// The module cannot be compiled within the bounds.
pub fn compile(arguments: &CompileArgs) -> Result<u8, ShellError> {
    let instrumentation = Instrumentation { fuel: arguments.fuelled, debug: arguments.debugged };
    let served = Served { instrumentation, memory_bytes_max: arguments.memory_max, cpu_s_max: arguments.cpu_max };
    let served = serve(served, std::io::stdin(), std::io::stdout());
    served.map(|()| 0).map_err(|error| ShellError::failed(format!("cannot compile: {}", error.kind())))
}
