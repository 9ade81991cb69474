//! The binary: argv in, exit code out. Its arguments are in `cli`, what it does in `modes`, everything else in the
//! library.

mod cli;
mod modes;

use std::process::ExitCode;

use clap::error::ErrorKind;

use cli::Cli;
use cli::compile::CompileArgs;
use cli::given_words::given_words;
use cli::mistake::wrong_arguments;
use plugsh::allocator;
use plugsh::front::script;
use plugsh::front::signals;
use plugsh::shell;
use plugsh::shell::ShellError;

fn main() -> ExitCode {
    keep_backtraces_off();
    allocator::return_large_blocks();
    signals::survive_file_size_limit();
    let result = match CompileArgs::read() {
        Some(Ok(arguments)) => modes::compile::compile(&arguments),
        Some(Err(error)) => Err(wrong_arguments(&error, &given_words())),
        None => read_and_run(),
    };
    modes::home::close();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // A closed standard output needs no message: the exit code tells it.
            if error.kind != shell::reply::ErrorKind::BrokenPipe {
                script::print_error(&error);
            }
            ExitCode::from(error.code())
        }
    }
}

fn read_and_run() -> Result<u8, ShellError> {
    let words = given_words();
    match Cli::read(&words) {
        Ok(cli) => modes::run(cli),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            script::print(error.render().to_string().as_bytes())
        }
        Err(error) => Err(wrong_arguments(&error, &words)),
    }
}

/// Disables backtraces of library errors under `RUST_BACKTRACE=1`: the extism crate makes an error at each call, which
/// a backtrace makes slow. Panics keep theirs; `RUST_LIB_BACKTRACE=1` enables the libraries'.
fn keep_backtraces_off() {
    if std::env::var_os("RUST_LIB_BACKTRACE").is_none() {
        // SAFETY: `main` calls this first, so no other thread can read the environment yet.
        unsafe { std::env::set_var("RUST_LIB_BACKTRACE", "0") };
    }
}
