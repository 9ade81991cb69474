//! `load`: a source to a process.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::trace::host::notice_unseen;
use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::supervision::CRASHES_MAX_MAX;
use crate::kernel::{
    CrashesMax, JobEnd, JobOutput, LoadRequest, OnCrash, ProcessId, ProcessLabel, Restart, Supervision, watchable,
};
use crate::runtime::{FuelCount, Host};
use crate::secrets::without_secrets;
use crate::shell::loading::options::LoadOptions;
use crate::shell::loading::{LoadChoice, directory, request, start};
use crate::shell::reply::{ErrorKind, Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_duration;
use crate::shell::waits::WaitOutcome;
use crate::text::counted;

/// The command `load`.
pub static COMMAND: Command = Command {
    name: "load",
    group: Group::Plugins,
    summary: "start a plugin as a process",
    description: "SOURCE is a name (of a built-in plugin or one in the plugin directories), a path or a URL: wasm, wat, or \
        an Extism manifest in JSON or TOML. A directory (`./plugins`, with a `/`) gives a process for each .wasm and .wat file \
        in it, by name, hidden ones left out; one that cannot be loaded is told, the others are loaded, and `load` fails \
        at the end. The process gets the source's name, or that of `--as`. Options add to what \
        a manifest says. WASI is there when the module imports it. `--timeout` counts calls; to fetch and compile a plugin \
        is bounded by `--load-timeout` alone. After a crash the next call starts a fresh instance, \
        unless `--restart` or `--on-crash` says otherwise. A stand-in of `--import` gets the bytes of a function's one \
        handle as its input; of several arguments, or of numbers, a JSON array with an entry each, where an i64 that is \
        a block's handle is its text, or `{\"base64\": ...}`. What it gives becomes a handle, or is read as a number where \
        the result is one (an array again for several). TYPES after the name say what an i64 is: \
        `--import 'env.put(handle, i64) -> i64=kv.put'`.",
    examples: &[
        "\
        load echo\n\
        # 1:echo\n\
        load echo\n\
        # 2:echo-2\n\
        load echo --as parrot\n\
        # 3:parrot\n\
        load ehco\n\
        # no plugin named `ehco`; did you mean `echo`?",
        "\
        !mkdir all; echo '(module)' > all/a.wat; echo '(module)' > all/b.wat\n\
        load ./all\n\
        # 1:a\n\
        # 2:b",
        "\
        load echo --memory-max 64p --timeout 2s --config lang=en\n\
        # 1:echo",
    ],
    syntax: syntax::<LoadWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
// `--wasi-stdin` for `plugsh call`, where `--stdin` is the call's input.
#[command(mut_arg("wasi_stdin", |arg| arg.long("stdin")))]
struct LoadWords {
    #[arg(value_name = "SOURCE")]
    source: String,
    /// the process's name
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// native: this shell's own runtime; extism: the stock SDK
    #[arg(long, default_value = "native")]
    host: Host,
    /// after a crash: never start it again, or `on-crash=5/10s`: at most 5 times in 10 s
    #[arg(long, value_name = "never|on-crash[=MAX/WINDOW]", value_parser = parse_restart)]
    restart: Option<Restart>,
    /// when it crashes: reset throws its instance away, kill ends it
    #[arg(long)]
    on_crash: Option<OnCrash>,
    /// reload it when its file changes, and what it starts when theirs do; a manifest's URLs are not looked at before
    #[arg(long)]
    watch: bool,
    /// the most time to fetch and compile it; 0: as without this option
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    load_timeout: Option<Duration>,
    /// count the fuel of its calls, and of what it loads, as `trace fuel on` does of all
    #[arg(long)]
    fuel_count: bool,
    #[command(flatten)]
    options: LoadOptions,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<LoadWords>()?;
    let host = words.host;
    let supervision =
        Supervision { on_crash: words.on_crash.unwrap_or_default(), restart: words.restart.unwrap_or_default() };
    if let Some(dir) = directory::directory(&words.source) {
        return load_directory(session, dir, &words, host, supervision);
    }
    let request = ready(session, &words.source, &words, host, supervision)?;
    if session.kernel().breakpoints().is_empty() {
        let label = start(session, request)?;
        return started(session, &label, words.watch);
    }
    // A load is a job: a breakpoint may hold what it calls while it starts.
    let text = format!("load {}", without_secrets(&words.source));
    let job = session.kernel().start_load(request, text, session.owner()).map_err(|error| session.call_error(error))?;
    match session.wait_or_park(&job, false)? {
        WaitOutcome::Ended(end) => loaded(session, &end, words.watch),
        blocked => {
            let continuation = Box::new(move |session: &mut Session, end: &JobEnd| loaded(session, end, words.watch));
            session.park_job(&job, &blocked, continuation, false)
        }
    }
}

/// The request for one source.
fn ready(
    session: &mut Session,
    source: &str,
    words: &LoadWords,
    host: Host,
    supervision: Supervision,
) -> Result<LoadRequest, ShellError> {
    let deadline = session.kernel().load_deadline(words.load_timeout);
    let choice = LoadChoice { name: words.name.clone(), host, options: &words.options, deadline };
    let request = request(session, source, choice)?;
    if words.watch {
        watchable(&request.program).map_err(|error| session.call_error(error))?;
    }
    let mut request = LoadRequest { supervision, ..request };
    if words.fuel_count {
        request.spec.fuel_count = FuelCount::Asked;
    }
    Ok(request)
}

/// A module of a directory, in JSON.
#[derive(Serialize)]
struct FileRow {
    file: String,
    id: Option<ProcessId>,
    name: Option<String>,
    error: Option<String>,
}

/// Loads each module of a directory. The error of one is shown, and at the end counted.
fn load_directory(
    session: &mut Session,
    dir: &Path,
    words: &LoadWords,
    host: Host,
    supervision: Supervision,
) -> Result<Reply, ShellError> {
    if words.name.is_some() {
        return Err(ShellError::usage("`--as` names one process, and a directory may give several"));
    }
    if !session.kernel().breakpoints().is_empty() {
        let way_on = "`delete` them, or load its files one by one";
        return Err(ShellError::failed(format!(
            "`{}`: no directory is loaded while breakpoints are set; {way_on}",
            dir.display()
        )));
    }
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for path in directory::modules(dir)? {
        let file = path.display().to_string();
        let request = ready(session, &file, words, host, supervision);
        let label =
            request.and_then(|request| start(session, request)).and_then(|label| watched(session, label, words.watch));
        match label {
            Err(error) if error.kind == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                session.show_error(&error);
                rows.push(FileRow { file, id: None, name: None, error: Some(error.to_string()) });
            }
            Ok(label) => {
                lines.push(Line::new().with(Role::Name, label.to_string()));
                rows.push(FileRow { file, id: Some(label.id), name: Some(label.name.to_string()), error: None });
            }
        }
    }
    let failed = rows.iter().filter(|row| row.error.is_some()).count();
    let reply = Reply::News { lines, json: serde_json::to_value(&rows).unwrap_or_default() };
    if failed == 0 {
        return Ok(reply);
    }
    session.emit(&reply)?;
    let all = counted(rows.len() as u64, "module");
    Err(ShellError::failed(format!("`{}`: {failed} of {all} not loaded", dir.display())))
}

/// The reply of a load that ran as a job.
fn loaded(session: &mut Session, end: &JobEnd, watch: bool) -> Result<Reply, ShellError> {
    match &end.result {
        Ok(JobOutput::Loaded(label)) => started(session, label, watch),
        Ok(output) => Ok(Reply::Output { bytes: output.bytes(), raw: false }),
        Err(error) => Err(session.call_error(error.clone())),
    }
}

/// A process that was started, watched where that is asked for.
fn watched(session: &Session, label: ProcessLabel, watch: bool) -> Result<ProcessLabel, ShellError> {
    if watch {
        session.kernel().watch(label.id).map_err(|error| session.call_error(error))?;
    }
    Ok(label)
}

fn started(session: &mut Session, label: &ProcessLabel, watch: bool) -> Result<Reply, ShellError> {
    let label = watched(session, label.clone(), watch)?;
    if session.kernel().traces_host().is_some() {
        notice_unseen(session, Some(label.id));
    }
    let line = Line::new().with(Role::Name, label.to_string());
    Ok(Reply::news(line, serde_json::json!({ "id": label.id, "name": label.name })))
}

/// Reads `never`, `on-crash` or `on-crash=MAX/WINDOW`.
fn parse_restart(text: &str) -> Result<Restart, String> {
    let wrong = || format!("`{text}`: write `never`, `on-crash` or `on-crash=5/10s`");
    match text.split_once('=') {
        None if text == "never" => Ok(Restart::Never),
        None if text == "on-crash" => Ok(Restart::OnCrash(None)),
        Some(("on-crash", limit)) => {
            let (most, window) = limit.split_once('/').ok_or_else(wrong)?;
            let crashes_max: u32 = most.parse().map_err(|_| wrong())?;
            if !(1..=CRASHES_MAX_MAX).contains(&crashes_max) {
                return Err(format!("`{text}`: from 1 to {CRASHES_MAX_MAX} crashes can be counted"));
            }
            Ok(Restart::OnCrash(Some(CrashesMax { crashes_max, window: parse_duration(window)? })))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_read() {
        let most = CrashesMax { crashes_max: 5, window: Duration::from_secs(10) };
        assert_eq!(parse_restart("never"), Ok(Restart::Never));
        assert_eq!(parse_restart("on-crash"), Ok(Restart::OnCrash(None)));
        assert_eq!(parse_restart("on-crash=5/10s"), Ok(Restart::OnCrash(Some(most))));
        for wrong in ["", "always", "on-crash=", "on-crash=5", "on-crash=0/1s", "on-crash=9999/1s", "never=1/1s"] {
            assert!(parse_restart(wrong).is_err(), "{wrong}");
        }
    }
}
