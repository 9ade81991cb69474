//! `bench`: how long calls, nested calls, pipes of calls and spawns take, alone or against something else.
//!
//! `subject` turns the arguments into subjects, `measure` runs them in rounds, `figures` computes the statistics,
//! `report` shows them; `growth` measures the course of a single call.

mod figures;
mod growth;
mod measure;
mod options;
mod report;
mod subject;

use super::{Arguments, Command, Group, Kind, Run, syntax_with};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_hex;

use figures::Comparison;
use options::{BenchOptions, SPAWN, Temporary};

/// The command `bench`.
pub static COMMAND: Command = Command {
    name: "bench",
    group: Group::Watching,
    summary: "measure calls and spawns",
    description: "Calls a function again and again, after a warm-up, in rounds, and shows how long a call took and how \
        that is spread. `bench spawn SOURCE [FUNCTION]` measures starting a process (and its first call). `--against` \
        measures something else in turns with it, so that what the machine does besides falls on both: `extism` is the \
        extism SDK's own `Plugin::call` of the same wasm in this process, `trace-off` the same without the journal, \
        `apart` the calls of a pipe one by one, `PLUGIN.FUNCTION` another call. `--nested` has a plugin make the calls in a loop: by the PDK, by the PDK and \
        freeing nothing (`leak`), or by the guest crate's bulk path. `--parallel N` has a plugin start N calls at once and join \
        them, and compares that with the same calls one by one. `--pipe` feeds the output to a further call.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        bench echo echo --size 16 -n 8\n\
        # MEASURED               HOW     CALLS     …\n\
        # 1:echo.echo, 16 bytes  native      8  …"],
    syntax: syntax_with::<BenchOptions>(kind_after),
    run: Run::Plain(run),
};

/// The completion of `bench spawn SOURCE`, and of PLUGIN, which may be `spawn`.
fn kind_after(words: &[&str]) -> Option<Kind> {
    match words {
        [] => Some(Kind::ProcessOrSpawn),
        [word] if *word == SPAWN => Some(Kind::Loadable),
        _ => None,
    }
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    check_spawn(&arguments)?;
    let (mut options, mut input) = arguments.parse::<BenchOptions>()?;
    if options.plugin == SPAWN {
        // The INPUT argument of `bench spawn` is the function of the first call.
        options.input = input.take().map(|function| String::from_utf8_lossy(&function).into_owned());
    }
    let input = match (input, options.hex) {
        (Some(text), true) => Some(parse_hex(&text).map_err(ShellError::usage)?),
        (input, _) => input,
    };
    check(&options, input.is_some())?;
    let journal = session.kernel().journal().clone();
    let was_on = journal.is_on();
    // Processes started for the measurement end with it, also on failure.
    let mut temporary = Temporary::default();
    let result = match options.growth {
        true => growth::run(session, &options, &mut temporary),
        false => compare(session, &options, input, &mut temporary),
    };
    journal.set_on(was_on);
    temporary.end(session);
    result.map(|()| Reply::Nothing)
}

/// Checks the arguments of `bench spawn`, which differ from those of other measurements.
fn check_spawn(arguments: &Arguments) -> Result<(), ShellError> {
    if arguments.positional(0) != Some(SPAWN) {
        return Ok(());
    }
    match arguments.positional_count() {
        1 => Err(ShellError::usage("`bench spawn` wants SOURCE; usage: `bench spawn SOURCE [FUNCTION] [OPTIONS]`")),
        2 | 3 => Ok(()),
        _ => Err(ShellError::usage(
            "`bench spawn SOURCE FUNCTION` takes no INPUT; `--size` gives its call that many bytes",
        )),
    }
}

fn check(options: &BenchOptions, has_input: bool) -> Result<(), ShellError> {
    let usage = |message: &str| Err(ShellError::usage(message));
    if options.plugin == SPAWN {
        let calls_only = !options.pipe.is_empty() || options.nested.is_some() || has_many(options);
        if calls_only || options.host.is_some() {
            return usage("`bench spawn` takes `--size`, `-n`, `--against extism` and `--json` alone");
        }
        return match options.against.as_deref() {
            None => Ok(()),
            Some("extism") if options.input.is_some() => Ok(()),
            Some("extism") => usage("the SDK starts a plugin with its first call: `bench spawn SOURCE FUNCTION`"),
            Some(_) => usage("`bench spawn` is compared with `extism` alone"),
        };
    }
    if has_input && !options.sizes.is_empty() {
        return usage("INPUT and `--size` do not go together");
    }
    if options.parallel.is_some() && (options.jobs.is_some() || options.nested.is_some()) {
        return usage(
            "`--parallel` is measured against calls of its own kind, one by one: it takes no `--nested` and no `--jobs`",
        );
    }
    if options.parallel.is_some() && has_input {
        return usage("`--parallel` makes the input itself, as long as `--size` says");
    }
    if options.nested.is_some() && (has_input || !options.pipe.is_empty()) {
        return usage("`--nested` makes the input itself, as long as `--size` says, and takes no `--pipe`");
    }
    if has_many(options) && (options.against.is_some() || !options.pipe.is_empty()) {
        return usage(
            "`--jobs` and `--parallel` are measured against one at a time: they take no `--against` and no `--pipe`",
        );
    }
    Ok(())
}

/// Whether several calls are to run at once.
fn has_many(options: &BenchOptions) -> bool {
    options.jobs.is_some() || options.parallel.is_some()
}

/// Measures each input size and shows the results; after Ctrl-C, the results so far.
fn compare(
    session: &mut Session,
    options: &BenchOptions,
    input: Option<Vec<u8>>,
    temporary: &mut Temporary,
) -> Result<(), ShellError> {
    let mut comparisons: Vec<Comparison> = Vec::new();
    let mut ended = Ok(());
    for bytes in subject::inputs(options, input) {
        let subjects = subject::subjects(session, options, bytes, temporary)?;
        let measured = measure::rounds(session, subjects, options.calls);
        comparisons.extend(measured.comparison);
        ended = measured.ended;
        if ended.is_err() {
            break;
        }
    }
    if ended.is_ok() || !comparisons.is_empty() {
        for reply in report::replies(&comparisons, session.wants_json(options.json)) {
            session.emit(&reply)?;
        }
    }
    ended
}
