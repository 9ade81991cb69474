//! The binary: argv in, exit code out. Everything else lives in the library.

mod cli;
mod home;
mod project_modes;
mod serve_node;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;

use cli::mistake::wrong_arguments;
use cli::{CallArgs, Cli, CompileArgs, Global, Mode, NewArgs, ScriptArgs, TestArgs, remote_call};
use plugsh::allocator;
use plugsh::front::attach;
use plugsh::front::one_call::{self, CallInput, CallSource, OneCall, OutputForm};
use plugsh::front::opening::RcFile;
use plugsh::front::repl::paths::{cache_dir, home_error};
use plugsh::front::script::{self, LineSource, Scripts};
use plugsh::front::serve;
use plugsh::front::signals;
use plugsh::front::streams;
use plugsh::front::suite::Suite;
use plugsh::kernel::{Kernel, KernelOptions, OwnerId, Policy};
use plugsh::machine;
use plugsh::runtime::{Coverage, Explained, Instrumentation, LogLevel, Served, Wording, serve as compile_served};
use plugsh::shell;
use plugsh::shell::command::{TABLE, about, closest_topic};
use plugsh::shell::limit_args::LimitArgs;
use plugsh::shell::place::ARGUMENTS_MAX;
use plugsh::shell::plain;
use plugsh::shell::scaffold;
use plugsh::shell::words;
use plugsh::shell::{SessionOptions, ShellError};
use plugsh::text::{closest, io_cause, quoted};

fn main() -> ExitCode {
    keep_backtraces_off();
    allocator::return_large_blocks();
    signals::survive_file_size_limit();
    let result = match CompileArgs::read() {
        Some(Ok(arguments)) => compile(&arguments),
        Some(Err(error)) => Err(wrong_arguments(&error, &Cli::words())),
        None => read_and_run(),
    };
    home::close();
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
    let words = Cli::words();
    match Cli::read(&words) {
        Ok(cli) => run(cli),
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

/// Enables the forwarding of WASI output in the stock host, as `extism call --wasi` does.
fn ask_for_wasi_output() {
    // SAFETY: only the arguments were read before, so no other thread can read the environment yet.
    unsafe { std::env::set_var(streams::ENABLE_VARIABLE, "1") };
}

fn run(cli: Cli) -> Result<u8, ShellError> {
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
        Some(Mode::Call(arguments)) if arguments.attach.is_some() => {
            attach::call::run(remote_call(*arguments, &global)?)
        }
        Some(Mode::Call(arguments)) => {
            if arguments.wasi {
                ask_for_wasi_output();
            }
            one_call::run(
                kernel(&global, words::ONE_CALL, &LimitArgs::default())?,
                global.color,
                call(*arguments, &global),
            )
        }
        Some(Mode::Serve(arguments)) => serve::run(shell_kernel(&global)?, arguments.serve(&global)?),
        Some(Mode::Attach(arguments)) => attach::run(arguments.attach(&global)?),
        Some(Mode::Ls) => list(global.json),
        Some(Mode::Help { command }) => help(command.as_deref()),
        Some(Mode::Completions { shell }) => completions(shell),
        Some(Mode::Man) => man(),
        Some(Mode::New(arguments)) => new(&arguments, global.json),
        Some(Mode::Node(arguments)) => serve_node::run(&arguments, &global),
        Some(Mode::Test(arguments)) => project_modes::test(arguments, &global),
        Some(Mode::Up(arguments)) => project_modes::up(arguments, &global),
        Some(Mode::Init(arguments)) => {
            let line = if arguments.force { "init --force" } else { "init" };
            script::run_line(shell_kernel(&global)?, line, global.color, session_options(&global))
        }
        None => script::run(shell_kernel(&global)?, scripts(script, &global)?),
    }
}

fn new(arguments: &NewArgs, json: bool) -> Result<u8, ShellError> {
    let reply = scaffold::write(&arguments.dir, arguments.lang)?;
    let reply = if json { reply.into_json().unwrap_or_default() } else { reply };
    script::print(&plain::bytes(&reply))
}

/// The project's file that was named, absolute, because `cd` moves the working directory.
fn project_file(global: &Global) -> Option<PathBuf> {
    global.project.as_ref().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()))
}

fn session_options(global: &Global) -> SessionOptions {
    SessionOptions { json: global.json, project: project_file(global), ..SessionOptions::default() }
}

fn tests(arguments: TestArgs, files: Vec<PathBuf>, global: &Global) -> Result<Suite, ShellError> {
    Ok(Suite {
        variables: variables(&arguments.variables)?,
        files,
        junit: arguments.junit,
        coverage: arguments.coverage.map(|path| (Arc::default(), path)),
        jobs: arguments.jobs.map(|jobs| usize::try_from(jobs).unwrap_or(usize::MAX)),
        timeout: arguments.timeout,
        update: arguments.update,
        json: global.json,
        color: global.color,
        // Expectations do not depend on the format of the results.
        options: SessionOptions { json: false, ..session_options(global) },
    })
}

/// The directories in PLUGSH_PATH.
fn listed_dirs() -> Vec<PathBuf> {
    let path = std::env::var_os("PLUGSH_PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|dir| !dir.as_os_str().is_empty()).collect()
}

/// Checks the plugin directories. A missing one is an error on the command line and a warning in PLUGSH_PATH, which may
/// name directories that exist only at times.
fn check_plugin_dirs(global: &Global) -> Result<(), ShellError> {
    if let Some(dir) = global.plugins.iter().find(|dir| !dir.is_dir()) {
        return Err(ShellError::usage(format!("`--plugins` of `plugsh`: no directory `{}`", dir.display())));
    }
    for dir in listed_dirs().iter().filter(|dir| !dir.is_dir()) {
        script::notice(&format!("PLUGSH_PATH lists `{}`, and there is no such directory", dir.display()));
    }
    Ok(())
}

/// Compiles the module on standard input. Errors reach the parent process by the exit code and the output.
fn compile(arguments: &CompileArgs) -> Result<u8, ShellError> {
    let instrumentation = Instrumentation { fuel: arguments.fuelled, debug: arguments.debugged };
    let served = Served { instrumentation, memory_bytes_max: arguments.memory_max, cpu_s_max: arguments.cpu_max };
    let served = compile_served(served, std::io::stdin(), std::io::stdout());
    served.map(|()| 0).map_err(|error| ShellError::failed(format!("cannot compile: {}", error.kind())))
}

/// A kernel for a shell without a project's limits.
fn shell_kernel(global: &Global) -> Result<Arc<Kernel>, ShellError> {
    kernel(global, words::SHELL, &LimitArgs::default())
}

/// A kernel as the options ask for; `limits` are a project's, which the options' come before.
fn kernel(global: &Global, wording: Wording, limits: &LimitArgs) -> Result<Arc<Kernel>, ShellError> {
    kernel_with_coverage(global, wording, limits, None)
}

/// A kernel that notes the lines of plugins that run, where there is a `coverage`.
fn kernel_with_coverage(
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

fn scripts(arguments: ScriptArgs, global: &Global) -> Result<Scripts, ShellError> {
    let lines = arguments.lines;
    let variables = variables(&lines.variables)?;
    let mut words = arguments.words.into_iter();
    let sources: Vec<LineSource> = lines.source(&mut words).into_iter().collect();
    let echo = lines.echo || (lines.pane && !sources.is_empty());
    let script_arguments: Vec<Vec<u8>> = words.map(OsString::into_encoded_bytes).collect();
    if script_arguments.len() > ARGUMENTS_MAX {
        return Err(ShellError::usage(format!("a script is given at most {ARGUMENTS_MAX} arguments")));
    }
    Ok(Scripts {
        first: None,
        sources,
        arguments: script_arguments.into(),
        variables,
        color: global.color,
        after: lines.after(),
        rc: if arguments.no_rc { RcFile::Skip } else { RcFile::Read },
        pane: lines.pane_at_start(),
        options: SessionOptions { quiet: lines.quiet, keep_going: lines.keep_going, echo, ..session_options(global) },
    })
}

/// `-v NAME=VALUE`, as often as it was given.
fn variables(given: &[String]) -> Result<Vec<(String, String)>, ShellError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(ShellError::usage(format!("`-v {text}`: write `-v NAME=VALUE`"))),
    };
    given.iter().map(pair).collect()
}

/// `plugsh ls`.
fn list(json: bool) -> Result<u8, ShellError> {
    script::print(&plain::bytes(&attach::list::list(json)?))
}

fn source(file: PathBuf) -> LineSource {
    if file.as_os_str() == "-" { LineSource::Stdin } else { LineSource::File(file) }
}

fn call(arguments: CallArgs, global: &Global) -> OneCall {
    let source = if arguments.manifest { CallSource::Manifest } else { CallSource::Word };
    let bytes = arguments.input.map(OsString::into_encoded_bytes).unwrap_or_default();
    OneCall {
        source: source(arguments.source),
        function: arguments.function,
        input: if arguments.stdin { CallInput::Stdin } else { CallInput::Bytes(bytes) },
        repeat: u64::try_from(arguments.repeat).unwrap_or(0),
        form: OutputForm::of(global.json, arguments.raw),
        host: arguments.host,
        load: arguments.load,
        streams: streams::is_enabled(),
        logs_shown: global.log_level.unwrap_or(LogLevel::Error),
    }
}

/// `plugsh help`: of the program, one of its subcommands, or the shell's own.
fn help(word: Option<&str>) -> Result<u8, ShellError> {
    let mut definition = Cli::definition();
    definition.build();
    let Some(word) = word else { return script::print(definition.render_help().to_string().as_bytes()) };
    let of_shell = about(TABLE, word);
    match (definition.find_subcommand_mut(word), of_shell) {
        (Some(mode), of_shell) => {
            let mut text = mode.render_help().to_string();
            if of_shell.is_some() {
                text.push_str(&format!(
                    "\nThe shell has a `{word}` of its own: `plugsh -c 'help {word}'` explains it.\n"
                ));
            }
            script::print(text.as_bytes())
        }
        (None, Some(reply)) => script::print(&plain::bytes(&reply)),
        (None, None) => Err(unknown_topic(&definition, word)),
    }
}

/// The error for a word that neither the program nor its shell explains.
fn unknown_topic(definition: &clap::Command, word: &str) -> ShellError {
    let near = closest(word, definition.get_subcommands().map(clap::Command::get_name));
    let hint = match near.or_else(|| closest_topic(TABLE, word)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`plugsh help` explains the program, `plugsh help all` lists the shell's commands".to_owned(),
    };
    ShellError::usage(format!("no command or topic `{}`; {hint}", quoted(word)))
}

fn completions(shell: clap_complete::Shell) -> Result<u8, ShellError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::definition(), "plugsh", &mut text);
    script::print(&text)
}

/// `plugsh man`.
fn man() -> Result<u8, ShellError> {
    let page = cli::man::page().map_err(|error| ShellError::failed(format!("the manual page: {error}")))?;
    script::print(&page)
}
