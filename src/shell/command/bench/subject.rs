//! The subjects of `bench`, built from its arguments: one, or two to compare.

use std::sync::Arc;
use std::time::Duration;

use super::options::{BenchOptions, SPAWN, Temporary};
use crate::kernel::{BenchRound, BenchWork, CallPlan, CallStage, LoadRequest, ProcessId};
use crate::locks::{Mutex, Rank};
use crate::runtime::sdk::StockImage;
use crate::runtime::{Host, Program};
use crate::shell::lookup::ended;
use crate::shell::reply::ShellError;
use crate::shell::session::Session;
use crate::shell::waits::OnInterrupt;

/// The built-in plugin that makes nested calls.
const CALLER: &str = "echo";
/// Most nested calls in one call of the caller.
const NESTED_CALLS: u64 = 5_000;
/// Most time of the nested calls in one call of the caller.
const NESTED_TIME: Duration = Duration::from_millis(50);
/// Runs of a probe, which estimates the time of one call.
const PROBES: u64 = 3;
/// Default input size of nested calls, in bytes.
pub const NESTED_BYTES_DEFAULT: u64 = 16;

/// One workload to measure.
pub struct Subject {
    /// Name in the report.
    pub name: String,
    /// Difference from the other subject: `native`, `extism`, `trace off`, `4 jobs`.
    pub variant: String,
    /// Workloads that run in parallel, each as a job of its own.
    pub works: Vec<BenchWork>,
    /// Calls a run.
    pub calls_each: u64,
    /// Whether the journal is on during the measurement.
    pub journal: bool,
    /// Input size of one call.
    pub bytes_in: u64,
    /// Output size of one call, where the runs do not report it.
    pub bytes_out: Option<u64>,
}

impl Subject {
    /// A subject of the same kind, whose works are left for the caller to fill in.
    fn copied(&self) -> Subject {
        Subject { name: self.name.clone(), variant: String::new(), works: Vec::new(), ..*self }
    }

    fn of(name: String, variant: &str, work: BenchWork, bytes_in: u64) -> Subject {
        Subject {
            name,
            variant: variant.to_owned(),
            works: vec![work],
            calls_each: 1,
            journal: true,
            bytes_in,
            bytes_out: None,
        }
    }
}

/// The inputs to measure, in order.
pub fn inputs(options: &BenchOptions, input: Option<Vec<u8>>) -> Vec<Arc<[u8]>> {
    let default = if options.nested.is_some() || options.parallel.is_some() { NESTED_BYTES_DEFAULT } else { 0 };
    if let Some(input) = input {
        return vec![input.into()];
    }
    let sizes = if options.sizes.is_empty() { &[default][..] } else { &options.sizes };
    sizes.iter().map(|size| letters(*size)).collect()
}

/// `size` bytes of repeated alphabet.
fn letters(size: u64) -> Arc<[u8]> {
    (b'a'..=b'z').cycle().take(usize::try_from(size).unwrap_or(usize::MAX)).collect()
}

/// The subjects to measure with this input; the first is compared with the others.
///
/// # Errors
/// A process or function does not exist, or does not fit the options.
pub fn subjects(
    session: &mut Session,
    options: &BenchOptions,
    input: Arc<[u8]>,
    temporary: &mut Temporary,
) -> Result<Vec<Subject>, ShellError> {
    if options.plugin == SPAWN {
        return spawns(session, options, input);
    }
    let named = session.process(&options.plugin)?;
    let process = match options.host {
        None => named,
        Some(host) => copy(session, named, host, temporary)?,
    };
    if let Some(count) = options.parallel {
        return parallel(session, options, process, count, &input, temporary);
    }
    let first = calls(session, options, process, input.clone(), temporary)?;
    // The journal keeps its state, except that a comparison with `trace-off` needs it on.
    let journal = session.kernel().journal().is_on() || options.against.as_deref() == Some("trace-off");
    let first = Subject { journal, ..first };
    let second = match options.against.as_deref() {
        _ if options.jobs.is_some() => return jobs(session, options, process, input, first, temporary),
        None => return Ok(vec![first]),
        Some("extism") => stock(session, options, process, input)?,
        Some("trace-off") => Subject {
            variant: "trace off".into(),
            journal: false,
            ..calls(session, options, process, input, temporary)?
        },
        Some("apart") => split_pipe(&first)?,
        Some(other) => {
            let known = "`extism`, `trace-off`, `apart` or PLUGIN.FUNCTION";
            let (process, function) = target(session, "--against", other, known)?;
            let other = BenchOptions {
                function,
                // The baseline makes plain `pdk` calls, also where the first subject uses the bulk path.
                nested: options.nested.as_ref().map(|_| "pdk".to_owned()),
                ..options.clone()
            };
            calls(session, &other, process, input, temporary)?
        }
    };
    Ok(vec![first, second])
}

fn calls(
    session: &mut Session,
    options: &BenchOptions,
    process: ProcessId,
    input: Arc<[u8]>,
    temporary: &mut Temporary,
) -> Result<Subject, ShellError> {
    match &options.nested {
        Some(how) => nested(session, options, how, process, &input, temporary),
        None => direct(session, options, process, input),
    }
}

fn direct(
    session: &Session,
    options: &BenchOptions,
    process: ProcessId,
    input: Arc<[u8]>,
) -> Result<Subject, ShellError> {
    let mut stages = vec![CallStage { process, function: options.function.clone() }];
    let mut name = format!("{}.{}", session.label(process), options.function);
    for stage in &options.pipe {
        let (process, function) = target(session, "--pipe", stage, "PLUGIN.FUNCTION")?;
        name.push_str(&format!(" | {}.{function}", session.label(process)));
        stages.push(CallStage { process, function });
    }
    let variant = host_of(session, process).as_str();
    let bytes_in = input.len() as u64;
    Ok(Subject::of(name, variant, BenchWork::Calls(plan(session, stages, input)), bytes_in))
}

/// `PLUGIN.FUNCTION` as the value of an option.
fn target(session: &Session, option: &str, text: &str, known: &str) -> Result<(ProcessId, String), ShellError> {
    let mut parts = session.split_call(text).into_iter();
    match (parts.next(), parts.next().filter(|function| !function.is_empty())) {
        (Some(plugin), Some(function)) => Ok((session.process(&plugin)?, function)),
        _ => Err(ShellError::usage(format!("`{option} {text}`: write {known}"))),
    }
}

/// One run of these calls.
pub fn plan(session: &Session, stages: Vec<CallStage>, input: Arc<[u8]>) -> CallPlan {
    let owner = session.owner();
    CallPlan { stages, input, repeat: 1, timeout: None, text: "bench".into(), background: false, owner }
}

/// A loop of calls in a fresh process of the caller.
fn nested(
    session: &mut Session,
    options: &BenchOptions,
    how: &str,
    callee: ProcessId,
    input: &[u8],
    temporary: &mut Temporary,
) -> Result<Subject, ShellError> {
    let caller = caller(session, temporary)?;
    let stage = |count: u64| nested_stage(options, how, caller, callee, count, input.len() as u64);
    // A first call yields the output size and any error.
    let (stages, order) = stage(1);
    let job = session.kernel().start(plan(session, stages, order)).map_err(|error| session.call_error(error))?;
    let end = session.wait_for_job(&job, OnInterrupt::EndJob)?;
    let output = end.bytes().map_err(|error| session.call_error(error))?;
    let (stages, order) = stage(1);
    let call_time = probe(session, BenchWork::Calls(plan(session, stages, order)))?;
    let in_time = NESTED_TIME.as_nanos() / call_time.as_nanos().max(1);
    let most = options.calls.unwrap_or(NESTED_CALLS).min(NESTED_CALLS);
    let calls_each = u64::try_from(in_time).unwrap_or(most).clamp(1, most);
    let (stages, order) = stage(calls_each);
    let name = format!("{}.{} from a plugin", session.label(callee), options.function);
    Ok(Subject {
        calls_each,
        bytes_out: String::from_utf8_lossy(&output).trim().parse().ok(),
        ..Subject::of(name, how, BenchWork::Calls(plan(session, stages, order)), input.len() as u64)
    })
}

/// The shortest time of [`PROBES`] runs.
fn probe(session: &mut Session, work: BenchWork) -> Result<Duration, ShellError> {
    let round = BenchRound { work, runs: PROBES, sample_every: 1, text: "bench".into(), owner: session.owner() };
    let bench = session.kernel().bench(round).map_err(|error| session.call_error(error))?;
    let end = session.wait_for_job(bench.job(), OnInterrupt::EndJob)?;
    end.result.clone().map_err(|error| session.call_error(error))?;
    let shortest_ns = bench.into_times().samples_ns.into_iter().min().unwrap_or(0);
    Ok(Duration::from_nanos(shortest_ns))
}

/// Starts a fresh process that makes nested calls.
///
/// # Errors
/// The process cannot be started.
pub fn caller(session: &mut Session, temporary: &mut Temporary) -> Result<ProcessId, ShellError> {
    let program = session.resolve(CALLER)?;
    start(session, program, Host::Native, temporary)
}

/// The call that makes `count` nested calls, and its input.
pub fn nested_stage(
    options: &BenchOptions,
    how: &str,
    caller: ProcessId,
    callee: ProcessId,
    count: u64,
    size: u64,
) -> (Vec<CallStage>, Arc<[u8]>) {
    let function = match how {
        "bulk" => "spam_bulk",
        "leak" => "spam_leak",
        _ => "spam",
    };
    let order = format!("{callee} {} {count} {size}", options.function);
    (vec![CallStage { process: caller, function: function.into() }], Arc::from(order.into_bytes()))
}

/// The stock SDK's call of the function, also for a nested subject: a host without nesting is the baseline.
fn stock(
    session: &Session,
    options: &BenchOptions,
    process: ProcessId,
    input: Arc<[u8]>,
) -> Result<Subject, ShellError> {
    if !options.pipe.is_empty() {
        return Err(ShellError::usage("a pipe has nothing in the SDK to be compared with"));
    }
    let program = program(session, process)?;
    let image = compile(&program)?;
    let plugin = image.plugin().map_err(|failure| ShellError::failed(failure.message))?;
    let name = format!("{}.{}", session.label(process), options.function);
    let bytes_in = input.len() as u64;
    let function = options.function.clone();
    let work = BenchWork::StockCalls { plugin: Arc::new(Mutex::new(Rank::StockPlugin, plugin)), function, input };
    Ok(Subject::of(name, Host::Extism.as_str(), work, bytes_in))
}

/// The calls of a pipe, run one by one.
fn split_pipe(pipe: &Subject) -> Result<Subject, ShellError> {
    match pipe.works.as_slice() {
        [BenchWork::Calls(plan)] if plan.stages.len() > 1 => {
            let work = BenchWork::Apart(plan.clone());
            Ok(Subject { journal: pipe.journal, ..Subject::of(pipe.name.clone(), "apart", work, pipe.bytes_in) })
        }
        _ => Err(ShellError::usage("`--against apart` takes a pipe apart; `--pipe PLUGIN.FUNCTION` makes one")),
    }
}

fn compile(program: &Program) -> Result<StockImage, ShellError> {
    StockImage::compile(program).map_err(|failure| ShellError::failed(failure.message))
}

fn jobs(
    session: &mut Session,
    options: &BenchOptions,
    process: ProcessId,
    input: Arc<[u8]>,
    first: Subject,
    temporary: &mut Temporary,
) -> Result<Vec<Subject>, ShellError> {
    let count = options.jobs.unwrap_or(1);
    let host = host_of(session, process);
    let mut works = Vec::new();
    for _ in 0..count {
        let copy = copy(session, process, host, temporary)?;
        works.append(&mut calls(session, options, copy, input.clone(), temporary)?.works);
    }
    let many = Subject {
        name: first.name.clone(),
        variant: format!("{count} jobs"),
        works,
        calls_each: first.calls_each,
        journal: first.journal,
        bytes_in: first.bytes_in,
        bytes_out: first.bytes_out,
    };
    Ok(vec![many, Subject { variant: "1 job".into(), ..first }])
}

/// Calls of `count` processes at once by a plugin, and the same calls one by one.
fn parallel(
    session: &mut Session,
    options: &BenchOptions,
    process: ProcessId,
    count: u64,
    input: &[u8],
    temporary: &mut Temporary,
) -> Result<Vec<Subject>, ShellError> {
    let journal = session.kernel().journal().is_on();
    let host = host_of(session, process);
    let single = Subject { journal, ..nested(session, options, "bulk", process, input, temporary)? };
    let mut ids = vec![process.to_string()];
    for _ in 1..count {
        ids.push(copy(session, process, host, temporary)?.to_string());
    }
    let calls_each = (single.calls_each / count).max(1) * count;
    let order = format!("{} {} {calls_each} {}", ids.join(","), options.function, input.len());
    let caller = caller(session, temporary)?;
    let stages = vec![CallStage { process: caller, function: "spam_all".into() }];
    let many = Subject {
        variant: format!("{count} at once"),
        works: vec![BenchWork::Calls(plan(session, stages, Arc::from(order.into_bytes())))],
        calls_each,
        ..single.copied()
    };
    Ok(vec![many, Subject { variant: "one by one".into(), ..single }])
}

fn spawns(session: &mut Session, options: &BenchOptions, input: Arc<[u8]>) -> Result<Vec<Subject>, ShellError> {
    let source = &options.function;
    let program = session.resolve(source)?;
    let first_call = options.input.as_ref().map(|function| (function.clone(), input.clone()));
    let request = Box::new(LoadRequest::plain(program.clone()));
    let name = match &first_call {
        Some((function, _)) => format!("spawn {source} and call {function}"),
        None => format!("spawn {source}"),
    };
    let bytes_in = if first_call.is_some() { input.len() as u64 } else { 0 };
    let work = BenchWork::Spawns { request, first_call };
    let first = Subject::of(name.clone(), Host::Native.as_str(), work, bytes_in);
    let (Some(_), Some(function)) = (&options.against, options.input.clone()) else {
        return Ok(vec![first]);
    };
    let image = Arc::new(compile(&program)?);
    let work = BenchWork::StockSpawns { image, function, input };
    Ok(vec![first, Subject::of(name, Host::Extism.as_str(), work, bytes_in)])
}

/// Starts a fresh process of `process`'s program.
fn copy(session: &Session, process: ProcessId, host: Host, temporary: &mut Temporary) -> Result<ProcessId, ShellError> {
    let program = program(session, process)?;
    start(session, program, host, temporary)
}

fn start(
    session: &Session,
    program: Arc<Program>,
    host: Host,
    temporary: &mut Temporary,
) -> Result<ProcessId, ShellError> {
    let request = LoadRequest { host, ..LoadRequest::plain(program) };
    let label = session
        .kernel()
        .load_unless(request, session.owner(), &|| session.interrupt().is_raised(), &mut || ())
        .map_err(|error| session.call_error(error))?;
    temporary.processes.push(label.id);
    Ok(label.id)
}

fn program(session: &Session, process: ProcessId) -> Result<Arc<Program>, ShellError> {
    session.kernel().program(process).ok_or_else(|| ended(process))
}

fn host_of(session: &Session, process: ProcessId) -> Host {
    session.kernel().process(process).map_or(Host::Native, |detail| detail.view.host)
}
