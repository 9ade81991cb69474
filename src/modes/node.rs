//! `plugsh node`: the options of a node, and what its operator is told.

use std::sync::mpsc::channel;

use plugsh::front::repl::paths::cache_dir;
use plugsh::front::script;
use plugsh::front::signals;
use plugsh::kernel::Policy;
use plugsh::machine;
use plugsh::node::{Node, NodeEvent, NodeOptions};
use plugsh::runtime::{CompilerOptions, Explained};
use plugsh::shell::ShellError;
use plugsh::shell::units::show_bytes;
use plugsh::shell::words;
use plugsh::text::{counted, io_cause};

use crate::cli::global::Global;
use crate::cli::nodes::NodeArgs;

/// Runs a node until a signal ends it.
///
/// # Errors
/// The options do not fit, there is no server, it refuses the credentials, or another node has the name.
pub fn run(arguments: &NodeArgs, global: &Global) -> Result<u8, ShellError> {
    let settings = global.nodes.settings(format!("plugsh node {}", arguments.name)).map_err(ShellError::failed)?;
    let nats =
        settings.ok_or_else(|| ShellError::usage("`plugsh node` needs `--nats URL`, the server of its system"))?;
    let policy = global.policy.as_deref().map(Policy::read).transpose();
    let policy = policy.map_err(|error| ShellError::failed(error.line(words::SHELL)))?;
    let limits = global.limits.limits().map_err(ShellError::usage)?;
    let compiler = CompilerOptions {
        program: machine::this_program(),
        heavy_max: limits.compilations_max,
        memory_bytes_max: limits.compile_memory_bytes_max,
        ..CompilerOptions::default()
    };
    let options = NodeOptions {
        nats,
        system: global.nodes.system.clone(),
        name: arguments.name.clone(),
        policy,
        cache_dir: cache_dir(),
        compiler,
        memory_bytes_max: arguments.memory,
        on_event: Box::new(|event| script::notice(&event_text(&event))),
    };
    let node = Node::open(options).map_err(|error| ShellError::failed(error.line(words::SHELL)))?;
    let (figures, system) = (node.figures(), global.nodes.system.as_str());
    let offers = format!("{}, {}", counted(figures.cores.into(), "core"), show_bytes(figures.memory_bytes_max));
    script::notice(&format!("node `{}` of system `{system}` at {}: {offers}", node.name(), node.server()));
    let (end, ended) = channel();
    // The second of two in a row finds nobody who receives it.
    let installed = signals::on_end(move || end.send(()).is_err());
    installed.map_err(|error| ShellError::failed(format!("signals: {}", io_cause(&error))))?;
    // The sender lives as long as the program.
    let _ = ended.recv();
    drop(ended);
    node.close();
    Ok(0)
}

fn event_text(event: &NodeEvent) -> String {
    match event {
        NodeEvent::HomeAppeared { home } => format!("home {home:x} is there"),
        NodeEvent::HomeGone { home, is_lost, instances } => {
            let why = if *is_lost { "is lost" } else { "has ended" };
            format!("home {home:x} {why}; {} dropped", counted(*instances as u64, "instance"))
        }
        NodeEvent::Disconnected => "the connection is lost".to_owned(),
        NodeEvent::Connected => "connected".to_owned(),
    }
}
