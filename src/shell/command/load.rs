//! `load`: a source to a process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Arguments, Command, Example, Group, Run, stand_ins, syntax};
use crate::kernel::policy::{check_own_grants, load_pattern_within};
use crate::kernel::supervision::CRASHES_MAX_MAX;
use crate::kernel::{
    CrashesMax, Deadline, JobEnd, LoadRequest, OnCrash, ProcessId, ProcessLabel, Restart, Supervision, watchable,
};
use crate::runtime::program::{AllowedPath, ImportStandIn, ModuleBytes};
use crate::runtime::{Host, Program, Spec, StubImports, hosts};
use crate::secrets::without_secrets;
use crate::shell::imports::import_stand_in;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::{Bound, parse_duration};
use crate::shell::waits::{Awaited, OnInterrupt};
use crate::text::json_cause;

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

/// What `load` and `plugsh call` have in common.
#[derive(Debug, Default, clap::Args)]
pub struct LoadOptions {
    /// a value that the plugin may read; without `=` it is empty
    #[arg(long, value_name = "K=V")]
    pub config: Vec<String>,
    /// such values as one JSON object
    #[arg(long, value_name = "JSON")]
    pub set_config: Option<String>,
    /// a host that it may reach over HTTP
    #[arg(long, value_name = "GLOB")]
    pub allow_host: Vec<String>,
    /// a directory or file that it may reach, read-only with `ro:`
    #[arg(long, value_name = "[ro:]HOST[:GUEST]")]
    pub allow_path: Vec<String>,
    /// a source that it may load besides names: a path or URL, `*` within a part of it, `**` over more
    #[arg(long, value_name = "PATTERN")]
    pub may_load: Vec<String>,
    /// a function that it may call: with this, nothing else
    #[arg(long, value_name = "PLUGIN.FUNCTION")]
    pub may_call: Vec<String>,
    /// a variable of its WASI environment
    #[arg(long, value_name = "K=V")]
    pub env: Vec<String>,
    /// an argument, as WASI has them
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub arg: Vec<String>,
    /// the file that its WASI standard input is
    #[arg(long, value_name = "FILE")]
    pub wasi_stdin: Option<PathBuf>,
    /// the most memory it may have, in pages or as `10M`; 0: as without this option
    #[arg(long, value_name = "SIZE", value_parser = Bound::of_memory, allow_hyphen_values = true)]
    pub memory_max: Option<Bound>,
    /// the most time a call may take; loading is no part of it; 0: as without this option
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// the most work a call may do
    #[arg(long, value_name = "UNITS")]
    pub fuel: Option<u64>,
    /// the largest HTTP response; -1: as without this option
    #[arg(long, value_name = "SIZE", value_parser = Bound::of_size, allow_hyphen_values = true)]
    pub http_response_max: Option<Bound>,
    /// the most bytes of variables it may keep; -1: as without this option
    #[arg(long, value_name = "SIZE", value_parser = Bound::of_size, allow_hyphen_values = true)]
    pub var_max: Option<Bound>,
    /// a module that it is linked with
    #[arg(long, value_name = "[NAME=]SOURCE")]
    pub link: Vec<String>,
    /// what an import that nobody provides does when it is called
    #[arg(long, value_parser = ["trap", "zero"])]
    pub stub_imports: Option<String>,
    /// a plugin that stands in for a host function of some product
    #[arg(long, value_name = "MODULE.FUNCTION[(TYPES)]=PLUGIN.FUNCTION", value_parser = import_stand_in)]
    pub import: Vec<ImportStandIn>,
    /// never keep, show or write down what it gets and gives, nor what it calls
    #[arg(long)]
    pub private: bool,
    /// no WASI, even when the module imports it
    #[arg(long)]
    pub no_wasi: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<LoadWords>()?;
    let host = if words.host == "extism" { Host::Extism } else { Host::Native };
    let on_crash = if words.on_crash.as_deref() == Some("kill") { OnCrash::Kill } else { OnCrash::Reset };
    let supervision = Supervision { on_crash, restart: words.restart.unwrap_or_default() };
    let deadline = session.kernel.load_deadline(words.load_timeout);
    let request = request(session, &words.source, words.name, host, &words.options, deadline)?;
    if words.watch {
        watchable(&request.program).map_err(|error| session.call_error(error))?;
    }
    let request = LoadRequest { supervision, ..request };
    if session.kernel.breakpoints().is_empty() {
        let label = start(session, request)?;
        return started(session, label.id, &label.to_string(), words.watch);
    }
    // As a job: a breakpoint may hold what it calls while it starts.
    let text = format!("load {}", without_secrets(&words.source));
    let job = session.kernel.start_load(request, text).map_err(|error| session.call_error(error))?;
    match session.wait_or_hold(&job, OnInterrupt::EndJob)? {
        Awaited::Ended(end) => loaded(session, &end, words.watch),
        stuck => {
            let left = Box::new(move |session: &mut Session, end: &JobEnd| loaded(session, end, words.watch));
            session.park_job(&job, &stuck, left, false)
        }
    }
}

/// What a load comes to that was made as a job.
fn loaded(session: &mut Session, end: &JobEnd, watch: bool) -> Result<Reply, ShellError> {
    let label = end.result.as_ref().map_err(|error| session.call_error(error.clone()))?;
    let label = String::from_utf8_lossy(label);
    let id = session.process(&label)?;
    started(session, id, &label, watch)
}

fn started(session: &mut Session, id: ProcessId, label: &str, watch: bool) -> Result<Reply, ShellError> {
    if watch {
        session.kernel.watch(id).map_err(|error| session.call_error(error))?;
    }
    Ok(Reply::Lines(vec![Line::new().with(Role::Name, label)]))
}

/// Starts a process from a source with the options of the command line.
pub fn load(
    session: &mut Session,
    source: &str,
    name: Option<String>,
    host: Host,
    options: &LoadOptions,
) -> Result<ProcessLabel, ShellError> {
    let deadline = session.kernel.load_deadline(None);
    let request = request(session, source, name, host, options, deadline)?;
    start(session, request)
}

/// The same from a manifest in a file, whatever that is called.
pub fn load_manifest(
    session: &mut Session,
    path: &str,
    host: Host,
    options: &LoadOptions,
) -> Result<ProcessLabel, ShellError> {
    let deadline = session.kernel.load_deadline(None);
    let program = session.resolve_manifest(path, deadline)?;
    let request = request_of(session, program, None, host, options, deadline)?;
    start(session, request)
}

fn start(session: &mut Session, request: LoadRequest) -> Result<ProcessLabel, ShellError> {
    let imports = request.spec.imports.clone();
    let loaded = session.kernel.load_unless(request, &|| session.interrupt.is_raised());
    let label = loaded.map_err(|error| session.call_error(error))?;
    stand_ins::tell_unused(session, label.id, &imports);
    Ok(label)
}

/// What is to be started, as the manifest and the command line together say.
fn request(
    session: &mut Session,
    source: &str,
    name: Option<String>,
    host: Host,
    options: &LoadOptions,
    deadline: Option<Deadline>,
) -> Result<LoadRequest, ShellError> {
    let program = session.resolve_by(source, deadline)?;
    request_of(session, program, name, host, options, deadline)
}

fn request_of(
    session: &mut Session,
    program: Arc<Program>,
    name: Option<String>,
    host: Host,
    options: &LoadOptions,
    deadline: Option<Deadline>,
) -> Result<LoadRequest, ShellError> {
    check_paths(&options.allow_path)?;
    stand_ins::tell_missing(session, &options.import);
    let program = link(session, program, &options.link, deadline)?;
    let mut spec = options.apply(program.spec.clone())?;
    spec.wasi_input.called_by(&program.stem);
    let timeout = spec.timeout;
    Ok(LoadRequest { spec, name, host, timeout, deadline, ..LoadRequest::plain(program) })
}

/// Only directories and regular files can be given to a plugin; that one is not there would be found out when it starts.
fn check_paths(texts: &[String]) -> Result<(), ShellError> {
    for text in texts {
        let host = allowed_path(text).host;
        let why = match host.metadata() {
            Ok(meta) if meta.is_dir() || meta.is_file() => continue,
            Ok(_) => format!("`{}` is neither a directory nor a regular file", host.display()),
            Err(_) => format!("no directory or file `{}`", host.display()),
        };
        return Err(ShellError::failed(format!("`--allow-path {text}`: {why}")));
    }
    Ok(())
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

/// The program with the modules of `--link` before its own, which are there by the deadline.
pub fn link(
    session: &mut Session,
    program: Arc<Program>,
    links: &[String],
    deadline: Option<Deadline>,
) -> Result<Arc<Program>, ShellError> {
    if links.is_empty() {
        return Ok(program);
    }
    let mut linked = Program::clone(&program);
    let mut modules: Vec<ModuleBytes> = Vec::new();
    for link in links {
        let (name, source) = match link.split_once('=') {
            Some((name, source)) => (Some(name.to_owned()), source),
            None => (None, link.as_str()),
        };
        let library = session.resolve_by(source, deadline)?;
        let main = library.modules.last().ok_or_else(|| ShellError::failed(format!("`{source}` has no module")))?;
        let name = name.unwrap_or_else(|| library.stem.clone());
        modules.push(ModuleBytes { name, linked_from: Some(library.origin.clone()), ..main.clone() });
    }
    modules.append(&mut linked.modules);
    linked.modules = modules;
    Ok(Arc::new(linked))
}

impl LoadOptions {
    /// What a program may have, as the manifest and the command line together say.
    pub fn apply(&self, mut spec: Spec) -> Result<Spec, ShellError> {
        if let Some(json) = &self.set_config {
            spec.config.extend(config_object(json)?);
        }
        for entry in &self.config {
            let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
            spec.config.insert(key.to_owned(), value.to_owned());
        }
        for host in &self.allow_host {
            hosts::check(host).map_err(|why| ShellError::usage(format!("`--allow-host`: {why}")))?;
        }
        spec.allowed_hosts.extend(self.allow_host.iter().cloned());
        spec.allowed_paths.extend(self.allow_path.iter().map(|path| allowed_path(path)));
        let given = |bound: Option<Bound>| bound.and_then(|bound| bound.0);
        spec.memory_bytes_max = given(self.memory_max).or(spec.memory_bytes_max);
        spec.http_response_bytes_max = given(self.http_response_max).unwrap_or(spec.http_response_bytes_max);
        spec.var_bytes_max = given(self.var_max).unwrap_or(spec.var_bytes_max);
        spec.timeout = self.timeout.filter(|timeout| !timeout.is_zero()).or(spec.timeout);
        self.apply_input(&mut spec)?;
        self.apply_grants(&mut spec)?;
        spec.fuel = self.fuel.or(spec.fuel);
        spec.wasi &= !self.no_wasi;
        spec.private |= self.private;
        spec.imports.extend(self.import.iter().cloned());
        spec.stub_imports = match self.stub_imports.as_deref() {
            Some("zero") => Some(StubImports::Zero),
            Some(_) => Some(StubImports::Trap),
            None => spec.stub_imports,
        };
        Ok(spec)
    }
}

impl LoadOptions {
    /// WASI's environment, arguments and standard input.
    fn apply_input(&self, spec: &mut Spec) -> Result<(), ShellError> {
        let input = &mut spec.wasi_input;
        for entry in &self.env {
            let (key, value) = entry
                .split_once('=')
                .ok_or_else(|| ShellError::usage(format!("`--env {entry}`: write `--env NAME=VALUE`")))?;
            input.env.insert(key.to_owned(), value.to_owned());
        }
        input.args.extend(self.arg.iter().cloned());
        if let Some(path) = &self.wasi_stdin {
            let why = match path.metadata() {
                Ok(meta) if meta.is_file() => None,
                Ok(_) => Some("is not a regular file, and only such a one can be standard input"),
                Err(_) => Some("is not there"),
            };
            if let Some(why) = why {
                return Err(ShellError::failed(format!("standard input: `{}` {why}", path.display())));
            }
            input.stdin = Some(path.clone());
        }
        input.check().map_err(ShellError::usage)
    }

    /// What its guest may load and call.
    fn apply_grants(&self, spec: &mut Spec) -> Result<(), ShellError> {
        let dir = std::env::current_dir().unwrap_or_default();
        let patterns: Vec<String> = self.may_load.iter().map(|text| load_pattern_within(text, &dir)).collect();
        spec.may_load.extend(patterns);
        if !self.may_call.is_empty() {
            spec.may_call.get_or_insert_default().extend(self.may_call.iter().cloned());
        }
        check_own_grants(spec).map_err(ShellError::usage)
    }
}

/// An empty text and `null` say nothing, and a key's `null` is an empty value: as extism reads them.
fn config_object(json: &str) -> Result<BTreeMap<String, String>, ShellError> {
    if json.is_empty() {
        return Ok(BTreeMap::new());
    }
    let object: Option<BTreeMap<String, Option<String>>> = serde_json::from_str(json).map_err(|error| {
        let cause = json_cause(&error);
        ShellError::usage(format!("`--set-config` wants a JSON object of strings: {cause}"))
    })?;
    Ok(object.unwrap_or_default().into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect())
}

fn allowed_path(text: &str) -> AllowedPath {
    let (read_only, rest) = match text.strip_prefix("ro:") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (host, guest) = rest.split_once(':').unwrap_or((rest, rest));
    AllowedPath { host: PathBuf::from(host), guest: guest.to_owned(), read_only }
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

    #[test]
    fn the_command_line_adds_to_the_manifest() {
        let manifest = Spec {
            config: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]).into(),
            timeout: Some(Duration::from_secs(9)),
            ..Spec::default()
        };
        let options = LoadOptions {
            set_config: Some(r#"{"b": "3", "c": "4"}"#.into()),
            config: vec!["c=5=6".into(), "d=".into(), "e".into()],
            allow_path: vec!["ro:/data:/d".into(), "/tmp".into()],
            memory_max: Some(Bound(Some(65_536))),
            var_max: Some(Bound(None)),
            timeout: Some(Duration::ZERO),
            no_wasi: true,
            stub_imports: Some("zero".into()),
            ..LoadOptions::default()
        };
        let spec = options.apply(manifest).unwrap();
        let config: Vec<String> = spec.config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(config, ["a=1", "b=3", "c=5=6", "d=", "e="]);
        assert_eq!(spec.timeout, Some(Duration::from_secs(9)));
        assert_eq!(spec.memory_bytes_max, Some(65_536));
        assert_eq!(spec.var_bytes_max, Spec::default().var_bytes_max);
        assert!(!spec.wasi && spec.stub_imports == Some(StubImports::Zero));
        assert_eq!(
            spec.allowed_paths,
            [
                AllowedPath { host: "/data".into(), guest: "/d".into(), read_only: true },
                AllowedPath { host: "/tmp".into(), guest: "/tmp".into(), read_only: false },
            ]
        );
        for nothing in ["", "null", "{}"] {
            let options = LoadOptions { set_config: Some(nothing.into()), ..LoadOptions::default() };
            assert_eq!(options.apply(Spec::default()).unwrap(), Spec::default());
        }
        let bad = LoadOptions { set_config: Some("[1]".into()), ..LoadOptions::default() };
        assert!(bad.apply(Spec::default()).unwrap_err().message.starts_with("`--set-config` wants a JSON object"));
    }
}
