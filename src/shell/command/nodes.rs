//! `nodes`: the machines that can run plugins for this one.

use super::{Arguments, Command, Group, Run, syntax};
use crate::runtime::{Advice, NodeState, NodeView, Problem};
use crate::shell::listing::{self, Column, Unit};
use crate::shell::reply::{Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::{show_bytes, show_duration};
use crate::shell::words::SHELL;

/// The command `nodes`.
pub static COMMAND: Command = Command {
    name: "nodes",
    group: Group::Watching,
    summary: "list the machines that plugins can run on",
    description: "`plugsh node --nats URL --name gpu1` offers a machine, over a NATS server; `plugsh --nats URL` uses those \
        of its system (`--system`). `load big --on gpu1` starts a plugin there, `--on 'gpu*'` on the least loaded that fits, \
        and a policy's `on` says it for children; nothing moves by itself. Here are the processes, their tree, the policy, \
        the trace, kills and breakpoints; there are the instances. A plugin on a node calls any other, wherever that is, and \
        each such call comes through here. What is sent is sent once: when a node is lost (three missed heartbeats, or \
        nobody listens) or ends, its calls end as `lost`, which means that they may or may not have run, and its processes are \
        crashed and start again, on a node that fits, as `--restart` says. A node whose home is lost drops what it holds \
        for it. A path of `--allow-path` is the node's, and a node's own `--policy` holds whatever is asked of it. `vars` and \
        `peek` look into a plugin there; core dumps and profiles are of plugins here alone. LOAD is \
        the calls that run for each core; TRIP is a message there and back.",
    examples: &[
        "\
        nodes\n\
        # no nodes are connected; start plugsh with `--nats URL`",
        "\
        load echo --on gpu1\n\
        # cannot load `built-in:echo`: no nodes are connected; start plugsh …",
    ],
    syntax: syntax::<NodesOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct NodesOptions {
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<NodesOptions>()?;
    let no_nodes = || {
        let problem = Problem::advised("no nodes are connected", Advice::Connect);
        ShellError::failed(problem.line(SHELL))
    };
    let nodes = session.kernel().nodes().ok_or_else(no_nodes)?;
    Ok(listing::reply(&nodes, &COLUMNS, session.wants_json(options.json)))
}

const COLUMNS: [Column<NodeView>; 8] = [
    Column::left("name", |node| cell(Role::Name, node.name.clone())),
    Column::left("state", |node: &NodeView| cell(state_role(node.state), node.state.word())),
    Column::right("load", |node: &NodeView| plain(load_text(node))).importance(5),
    Column::figures("instances", Unit::Count, |node: &NodeView| node.figures.instances.into()).importance(3),
    Column::right("cores", |node: &NodeView| plain(node.figures.cores.to_string())).importance(2),
    Column::right("mem", |node: &NodeView| {
        let figures = node.figures;
        plain(format!("{} of {}", show_bytes(figures.memory_bytes), show_bytes(figures.memory_bytes_max)))
    })
    .importance(4),
    Column::right("trip", |node: &NodeView| plain(node.round_trip.map_or_else(|| "-".to_owned(), show_duration)))
        .importance(6),
    Column::left("version", |node: &NodeView| cell(Role::Dim, node.version.clone())).importance(1),
];

fn state_role(state: NodeState) -> Role {
    match state {
        NodeState::Living => Role::Good,
        NodeState::Lost | NodeState::Ended | NodeState::OtherVersion => Role::Bad,
    }
}

/// Calls that run for each core.
fn load_text(node: &NodeView) -> String {
    format!("{:.1}", f64::from(node.figures.running) / f64::from(node.figures.cores.max(1)))
}
