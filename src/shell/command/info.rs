//! `info`: all facts of one process.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::{Arguments, Command, Group, Run, syntax};
use crate::json::{as_ms, as_us};
use crate::kernel::{
    CallFailure, CrashesMax, OnCrash, ProcessDetail, ProcessId, ProcessState, ProcessView, Restart, StackView,
};
use crate::runtime::{Export, Host, ImportName, MemoryUse, PLUGIN_LIMITS, Spec, WasiInput};
use crate::shell::lookup::ended;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::units::show_duration;
use crate::shell::words::limits::plugin_limits;
use crate::shell::words::processes::{counter_rows, state_role, state_text};
use crate::shell::words::stack::{Fold, StackRow, stack_lines, stack_rows};
use crate::text::{listed, wrapped};

/// The command `info`.
pub static COMMAND: Command = Command {
    name: "info",
    group: Group::Watching,
    summary: "show all that is known of a process",
    description: "Its functions, exports, imports, limits, configuration keys and environment (not their values), counters and last error.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        info echo\n\
        # 1:echo idle\n\
        #   source    built-in:echo (host: native)\n\
        #   module    main sha256:…\n\
        #   functions echo echo_bulk nothing relay spam spam_all spam_bulk spam_leak\n\
        # …\n\
        #   calls     0, 0 failed, 0 resets\n\
        # …"],
    syntax: syntax::<InfoOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct InfoOptions {
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// show all frames of the last error
    #[arg(long)]
    all: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

/// Width at which values wrap, in columns.
const VALUE_WIDTH: usize = 88;

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<InfoOptions>()?;
    let id = session.process(&options.plugin)?;
    let detail = session.kernel().process(id).ok_or_else(|| ended(id))?;
    let stack = session.kernel().last_stack(id);
    if session.wants_json(options.json) {
        return Ok(Reply::json(&Info::of(&detail, stack.as_ref())));
    }
    let mut lines = lines(&detail);
    if let Some(stack) = stack.filter(StackView::has_frames) {
        lines.extend(stack_lines(&stack, if options.all { Fold::Nothing } else { Fold::Runtime }));
    }
    Ok(Reply::Lines(lines))
}

fn lines(detail: &ProcessDetail) -> Vec<Line> {
    let view = &detail.view;
    let state = state_text(&view.state);
    let title =
        Line::new().with(Role::Name, view.label().to_string()).with(state_role(&view.state), format!(" {state}"));
    let mut lines = vec![title];
    // The key stands on the first line of a wrapped value.
    let mut entry = |key: &str, parts: Vec<String>| {
        for (index, part) in parts.into_iter().enumerate() {
            let key = if index == 0 { key } else { "" };
            lines.push(Line::new().with(Role::Dim, format!("  {key:<10}")).plain(part));
        }
    };
    if let ProcessState::Crashed { crash } = &view.state {
        entry("crashed", words(&crash.to_string()));
    }
    entry("source", words(&format!("{} (host: {})", view.source, view.host.as_str())));
    entry("node", words(view.node.as_deref().unwrap_or_default()));
    for (name, sha256) in &detail.modules {
        entry("module", words(&format!("{name} sha256:{sha256}")));
    }
    entry("functions", words(&detail.functions.join(" ")));
    let exports: Vec<String> = detail.exports.iter().map(ToString::to_string).collect();
    entry("exports", listed(&exports, VALUE_WIDTH));
    for (index, imports) in by_module(&detail.imports).into_iter().enumerate() {
        entry(if index == 0 { "imports" } else { "" }, words(&imports));
    }
    entry("children", words(&detail.children.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")));
    entry("limits", listed(&limits(&detail.spec), VALUE_WIDTH));
    entry("crashes", listed(&supervision(detail), VALUE_WIDTH));
    entry("config", words(&detail.spec.config.keys().cloned().collect::<Vec<_>>().join(" ")));
    entry("WASI", listed(&wasi_input(&detail.spec.wasi_input), VALUE_WIDTH));
    entry("may load", words(&detail.spec.may_load.join(" ")));
    entry("may call", words(&detail.spec.may_call.clone().unwrap_or_default().join(" ")));
    for (title, figures) in counter_rows(view) {
        entry(title, words(&figures.to_string()));
    }
    if let Some(error) = &detail.last_error {
        lines.push(Line::new().with(Role::Dim, "  last error ").with(Role::Bad, error.with_reason()));
    }
    lines
}

/// A value in lines, broken between words; no line for an empty value.
fn words(text: &str) -> Vec<String> {
    if text.is_empty() { Vec::new() } else { wrapped(text, VALUE_WIDTH) }
}

/// The imports by module, as one text: `env: call_plugin register_plugin`.
fn by_module(imports: &[ImportName]) -> Vec<String> {
    let mut modules: Vec<(&str, Vec<&str>)> = Vec::new();
    for ImportName { module, name } in imports {
        match modules.iter_mut().find(|(known, _)| *known == module) {
            Some((_, names)) => names.push(name),
            None => modules.push((module, vec![name])),
        }
    }
    modules.into_iter().map(|(module, names)| format!("{module}: {}", names.join(" "))).collect()
}

/// The crash policy; `None` for the default.
fn supervision(detail: &ProcessDetail) -> Vec<String> {
    let mut words = Vec::new();
    if detail.supervision.on_crash == OnCrash::Kill {
        words.push("a crash ends it".to_owned());
    }
    match detail.supervision.restart {
        Restart::Never => words.push("not started again".to_owned()),
        Restart::OnCrash(Some(CrashesMax { crashes_max, window })) => {
            words.push(format!("started again {crashes_max} times in {}", show_duration(window)));
        }
        Restart::OnCrash(None) => {}
    }
    if detail.is_watched {
        words.push("reloaded when its file changes".to_owned());
    }
    words
}

/// Environment (names, not values), arguments and standard input.
fn wasi_input(input: &WasiInput) -> Vec<String> {
    let mut items = Vec::new();
    if !input.env.is_empty() {
        items.push(format!("environment {}", input.env.keys().cloned().collect::<Vec<_>>().join(" ")));
    }
    if !input.given_args().is_empty() {
        items.push(format!("arguments {}", input.given_args().join(" ")));
    }
    items.extend(input.stdin.as_ref().map(|path| format!("standard input {}", path.display())));
    items
}

fn limits(spec: &Spec) -> Vec<String> {
    let mut limits = plugin_limits(spec);
    let hosts = if spec.allowed_hosts.is_empty() { "none".to_owned() } else { spec.allowed_hosts.join(" ") };
    limits.push(format!("hosts {hosts}"));
    let paths: Vec<String> = spec.allowed_paths.iter().map(ToString::to_string).collect();
    limits.push(format!("paths {}", if paths.is_empty() { "none".to_owned() } else { paths.join(" ") }));
    if !spec.wasi {
        limits.push("no WASI".to_owned());
    }
    limits
}

/// A process in JSON; of configuration and environment, the keys only.
#[derive(Serialize)]
struct Info<'a> {
    id: ProcessId,
    name: &'a str,
    parent: ProcessId,
    state: &'static str,
    held: bool,
    source: &'a str,
    host: Host,
    /// The node that its instance is on.
    node: Option<&'a str>,
    modules: Vec<ModuleRow<'a>>,
    functions: &'a [String],
    exports: &'a [Export],
    imports: &'a [ImportName],
    children: Vec<ProcessId>,
    #[serde(flatten)]
    spec: SpecRow<'a>,
    #[serde(flatten)]
    counters: Counters,
    #[serde(flatten)]
    memory: MemoryRow,
    last_error: Option<String>,
    /// Where the plugins stood at the last error.
    stack: Option<Vec<StackRow<'a>>>,
}

#[derive(Serialize)]
struct ModuleRow<'a> {
    name: &'a str,
    sha256: &'a str,
}

/// Limits of the process.
#[derive(Serialize)]
struct SpecRow<'a> {
    config_keys: Vec<&'a String>,
    #[serde(flatten, serialize_with = "limits_by_field")]
    limits: &'a Spec,
    allowed_hosts: &'a [String],
    allowed_paths: Vec<String>,
    wasi: bool,
    env_keys: Vec<&'a String>,
    args: &'a [String],
    stdin: Option<String>,
    may_load: &'a [String],
    may_call: Option<&'a [String]>,
}

fn limits_by_field<S: Serializer>(spec: &Spec, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(PLUGIN_LIMITS.iter().map(|row| (row.field, (row.value)(spec))))
}

/// Counters of the process.
#[derive(Serialize)]
struct Counters {
    calls: u64,
    errors: u64,
    resets: u64,
    bytes_in: u64,
    bytes_out: u64,
    #[serde(rename = "busy_us", serialize_with = "as_us")]
    busy: Duration,
    #[serde(rename = "self_us", serialize_with = "as_us")]
    self_time: Duration,
    #[serde(rename = "age_ms", serialize_with = "as_ms")]
    age: Duration,
}

/// Memory of the process.
#[derive(Serialize)]
struct MemoryRow {
    memory_bytes: u64,
    resident_bytes: Option<u64>,
    committed_bytes: u64,
    guest_memory_bytes: u64,
    block_bytes: u64,
    table_bytes: u64,
    kept_bytes: u64,
}

/// A process in JSON, as `info --json` has it. `stack`: where the plugins stood at its last error.
pub fn info_json(detail: &ProcessDetail, stack: Option<&StackView>) -> serde_json::Value {
    serde_json::to_value(Info::of(detail, stack)).unwrap_or_default()
}

impl Info<'_> {
    fn of<'a>(detail: &'a ProcessDetail, stack: Option<&'a StackView>) -> Info<'a> {
        let view = &detail.view;
        Info {
            id: view.id,
            name: &view.name,
            parent: view.parent,
            state: view.state.json_word(),
            held: view.state.is_held(),
            source: &view.source,
            host: view.host,
            node: view.node.as_deref(),
            modules: detail.modules.iter().map(|(name, sha256)| ModuleRow { name, sha256 }).collect(),
            functions: &detail.functions,
            exports: &detail.exports,
            imports: &detail.imports,
            children: detail.children.iter().map(|label| label.id).collect(),
            spec: SpecRow::of(&detail.spec),
            counters: Counters::of(view),
            memory: MemoryRow::of(view.memory),
            last_error: detail.last_error.as_deref().map(CallFailure::with_reason),
            stack: stack.map(stack_rows),
        }
    }
}

impl SpecRow<'_> {
    fn of(spec: &Spec) -> SpecRow<'_> {
        SpecRow {
            config_keys: spec.config.keys().collect(),
            limits: spec,
            allowed_hosts: &spec.allowed_hosts,
            allowed_paths: spec.allowed_paths.iter().map(|path| path.host.display().to_string()).collect(),
            wasi: spec.wasi,
            env_keys: spec.wasi_input.env.keys().collect(),
            args: spec.wasi_input.given_args(),
            stdin: spec.wasi_input.stdin.as_ref().map(|path| path.display().to_string()),
            may_load: &spec.may_load,
            may_call: spec.may_call.as_deref(),
        }
    }
}

impl Counters {
    fn of(view: &ProcessView) -> Counters {
        let ProcessView { calls, errors, resets, bytes_in, bytes_out, busy, self_time, age, .. } = *view;
        Counters { calls, errors, resets, bytes_in, bytes_out, busy, self_time, age }
    }
}

impl MemoryRow {
    fn of(memory: MemoryUse) -> MemoryRow {
        MemoryRow {
            memory_bytes: memory.total_bytes(),
            resident_bytes: memory.resident_bytes,
            committed_bytes: memory.committed_bytes(),
            guest_memory_bytes: memory.guest_bytes,
            block_bytes: memory.block_bytes,
            table_bytes: memory.table_bytes,
            kept_bytes: memory.kept_bytes,
        }
    }
}
