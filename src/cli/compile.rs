//! The arguments of `plugsh compile`, which no person types.

use clap::Parser;

/// `plugsh compile`: what plugsh starts to compile a heavy module. No mode that a person is shown.
#[derive(Debug, Parser)]
#[command(name = "plugsh compile")]
pub struct CompileArgs {
    /// For the engine that counts fuel.
    #[arg(long)]
    pub fuelled: bool,
    /// For the engine whose instances a debugger stops.
    #[arg(long)]
    pub debugged: bool,
    /// Bytes of memory that it may take.
    #[arg(long, value_name = "BYTES")]
    pub memory_max: u64,
    /// Seconds of processors' time that it may take.
    #[arg(long, value_name = "SECONDS")]
    pub cpu_max: u64,
}

impl CompileArgs {
    /// The arguments, if the program was started as `plugsh compile`.
    ///
    /// # Errors
    /// The arguments are wrong, or ask for help or the version; with the text to print.
    pub fn read() -> Option<Result<CompileArgs, clap::Error>> {
        let mut arguments = std::env::args_os().skip(1).peekable();
        let is_meant = arguments.peek().is_some_and(|word| word == "compile");
        is_meant.then(|| CompileArgs::try_parse_from(arguments))
    }
}
