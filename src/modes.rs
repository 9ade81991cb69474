//! The work of the program, a mode for each subcommand: from its arguments to the front that does it.

mod call;
pub mod compile;
mod help;
pub mod home;
mod kernel;
mod lines;
mod node;
mod project;
mod serving;

use plugsh::front::{dap, script};
use plugsh::shell::{ShellError, plain, scaffold};

use self::kernel::{check_plugin_dirs, shell_kernel};
use self::lines::{scripts, session_options};
use crate::cli::Cli;
use crate::cli::lines::ScriptArgs;
use crate::cli::mode::{Mode, NewArgs};

/// Runs the mode that was asked for, and gives the exit code.
///
/// # Errors
/// Its options do not fit together, or what it does ends with an error.
pub fn run(cli: Cli) -> Result<u8, ShellError> {
    let global = cli.global;
    if !matches!(cli.mode, Some(Mode::Help { .. } | Mode::Completions { .. } | Mode::Man | Mode::New(_))) {
        check_plugin_dirs(&global)?;
    }
    let mut mode = cli.mode;
    let script = match &mut mode {
        Some(mode) => {
            cli.script.move_to(mode)?;
            ScriptArgs::default()
        }
        None => cli.script,
    };
    match mode {
        Some(Mode::Call(arguments)) => call::run(*arguments, &global),
        Some(Mode::Serve(arguments)) => serving::serve(arguments, &global),
        Some(Mode::Attach(arguments)) => serving::attach(arguments, &global),
        Some(Mode::Dap) => dap::run(shell_kernel(&global)?, session_options(&global)),
        Some(Mode::Ls) => serving::list(global.json),
        Some(Mode::Help { command }) => help::help(command.as_deref()),
        Some(Mode::Completions { shell }) => help::completions(shell),
        Some(Mode::Man) => help::man(),
        Some(Mode::New(arguments)) => new(&arguments, global.json),
        Some(Mode::Node(arguments)) => node::run(&arguments, &global),
        Some(Mode::Test(arguments)) => project::test(arguments, &global),
        Some(Mode::Up(arguments)) => project::up(arguments, &global),
        Some(Mode::Init(arguments)) => project::init(&arguments, &global),
        None => script::run(shell_kernel(&global)?, scripts(script, &global)?),
    }
}

/// `plugsh new`.
fn new(arguments: &NewArgs, json: bool) -> Result<u8, ShellError> {
    let reply = scaffold::write(&arguments.dir, arguments.lang)?;
    let reply = if json { reply.into_json().unwrap_or_default() } else { reply };
    script::print(&plain::bytes(&reply))
}
