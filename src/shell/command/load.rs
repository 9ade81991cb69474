//! `load`: a source to a process.

use std::time::Duration;

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::supervision::CRASHES_MAX_MAX;
use crate::kernel::{
    CrashesMax, JobEnd, JobOutput, LoadRequest, OnCrash, ProcessLabel, Restart, Supervision, watchable,
};
use crate::runtime::Host;
use crate::secrets::without_secrets;
use crate::shell::loading::options::LoadOptions;
use crate::shell::loading::{request, start};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_duration;
use crate::shell::waits::WaitOutcome;

pub static COMMAND: Command = Command {
    name: "load",
    group: Group::Plugins,
    summary: "start a plugin as a process",
    description: "SOURCE is a name (of a built-in plugin or one in the plugin directories), a path or a URL: wasm, wat, or \
        an Extism manifest in JSON or TOML. The process gets the source's name, or that of `--as`. Options add to what \
        a manifest says. WASI is there when the module imports it. `--timeout` counts calls; to fetch and compile a plugin \
        is bounded by `--load-timeout` alone. After a crash the next call starts a fresh instance, \
        unless `--restart` or `--on-crash` says otherwise. A stand-in of `--import` gets the bytes of a function's one \
        handle as its input; of several arguments, or of numbers, a JSON array with an entry each, where an i64 that is \
        a block's handle is its text, or `{\"base64\": ...}`. What it gives becomes a handle, or is read as a number where \
        the result is one (an array again for several). TYPES after the name say what an i64 is: \
        `--import 'env.put(handle, i64) -> i64=kv.put'`.",
    examples: &[
        Example { lines: "load echo\nload echo\nload echo --as parrot", output: "1:echo\n2:echo-2\n3:parrot" },
        Example { lines: "load echo --memory-max 64p --timeout 2s --config lang=en", output: "1:echo" },
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
    #[arg(long, default_value = "native", value_parser = ["native", "extism"])]
    host: String,
    /// after a crash: never start it again, or `on-crash=5/10s`: at most 5 times in 10 s
    #[arg(long, value_name = "never|on-crash[=MAX/WINDOW]", value_parser = parse_restart)]
    restart: Option<Restart>,
    /// when it crashes: reset throws its instance away, kill ends it
    #[arg(long, value_parser = ["reset", "kill"])]
    on_crash: Option<String>,
    /// reload it when its file changes; what a manifest names by URL is not looked at before
    #[arg(long)]
    watch: bool,
    /// the most time to fetch and compile it; 0: as without this option
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    load_timeout: Option<Duration>,
    #[command(flatten)]
    options: LoadOptions,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<LoadWords>()?;
    let host = if words.host == "extism" { Host::Extism } else { Host::Native };
    let on_crash = if words.on_crash.as_deref() == Some("kill") { OnCrash::Kill } else { OnCrash::Reset };
    let supervision = Supervision { on_crash, restart: words.restart.unwrap_or_default() };
    let deadline = session.kernel().load_deadline(words.load_timeout);
    let request = request(session, &words.source, words.name, host, &words.options, deadline)?;
    if words.watch {
        watchable(&request.program).map_err(|error| session.call_error(error))?;
    }
    let request = LoadRequest { supervision, ..request };
    if session.kernel().breakpoints().is_empty() {
        let label = start(session, request)?;
        return started(session, &label, words.watch);
    }
    // As a job: a breakpoint may hold what it calls while it starts.
    let text = format!("load {}", without_secrets(&words.source));
    let job = session.kernel().start_load(request, text).map_err(|error| session.call_error(error))?;
    match session.wait_or_park(&job, false)? {
        WaitOutcome::Ended(end) => loaded(session, &end, words.watch),
        blocked => {
            let continuation = Box::new(move |session: &mut Session, end: &JobEnd| loaded(session, end, words.watch));
            session.park_job(&job, &blocked, continuation, false)
        }
    }
}

/// The reply of a load that ran as a job.
fn loaded(session: &mut Session, end: &JobEnd, watch: bool) -> Result<Reply, ShellError> {
    match &end.result {
        Ok(JobOutput::Loaded(label)) => started(session, label, watch),
        Ok(output) => Ok(Reply::Output { bytes: output.bytes(), raw: false }),
        Err(error) => Err(session.call_error(error.clone())),
    }
}

fn started(session: &mut Session, label: &ProcessLabel, watch: bool) -> Result<Reply, ShellError> {
    if watch {
        session.kernel().watch(label.id).map_err(|error| session.call_error(error))?;
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
