//! The arguments of `bench`, and the temporary processes of a measurement.

use crate::kernel::ProcessId;
use crate::runtime::Host;
use crate::shell::session::Session;
use crate::shell::units::{parse_size, parse_within};

/// The word in PLUGIN's place that selects the measurement of spawns.
pub const SPAWN: &str = "spawn";

/// The words of `bench`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct BenchOptions {
    #[arg(value_name = "PLUGIN")]
    pub plugin: String,
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    #[arg(id = "input", value_name = "INPUT")]
    pub input: Option<String>,
    /// call it with that many bytes; may stand several times
    #[arg(long = "size", value_name = "SIZE", value_parser = parse_size)]
    pub sizes: Vec<u64>,
    /// how many calls in all; by default as many as take about a second
    #[arg(short = 'n', value_name = "CALLS", value_parser = |text: &str| parse_within(text, 1..=u64::MAX))]
    pub calls: Option<u64>,
    /// feed the output to this call too; may stand several times
    #[arg(long = "pipe", value_name = "PLUGIN.FUNCTION")]
    pub pipe: Vec<String>,
    /// a plugin makes the calls, in a loop
    #[arg(long, value_parser = ["pdk", "leak", "bulk"])]
    pub nested: Option<String>,
    /// one long nested call: what its first calls took, and its last
    #[arg(long, requires = "nested")]
    pub growth: bool,
    /// so many jobs at once, each on a process of its own, against one
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_within(text, 2..=64_u64))]
    pub jobs: Option<u64>,
    /// a plugin makes so many calls at once, each of a process of its own, against calls one by one
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_within(text, 1..=64_u64))]
    pub parallel: Option<u64>,
    /// in a fresh process in this host
    #[arg(long)]
    pub host: Option<Host>,
    /// what to compare with: extism, trace-off, apart, or PLUGIN.FUNCTION
    #[arg(long, value_name = "WHAT")]
    pub against: Option<String>,
    /// INPUT is hexadecimal
    #[arg(long)]
    pub hex: bool,
    /// write JSON
    #[arg(long)]
    pub json: bool,
}

/// Processes started for the measurement.
#[derive(Default)]
pub struct Temporary {
    pub processes: Vec<ProcessId>,
}

impl Temporary {
    /// Ends them.
    pub fn end(self, session: &Session) {
        for process in self.processes {
            // An error here means that the process has ended already.
            let _ = session.kernel().kill(process, true);
        }
    }
}
