//! Suspicious facts about processes, as far as the kernel can tell: memory that grows with calls, uncalled functions,
//! unused grants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::Kernel;
use super::policy::{CallPattern, LoadPattern, RequestedSource, Who};
use super::view::{InstanceGrowth, ProcessDetail, ProcessLabel};
use crate::journal::RecordKind;
use crate::journal::lint::SEQS_MAX;
use crate::runtime::host_functions::WASI;
use crate::runtime::{ImportName, ImportStandIn};
use crate::text::escape_control;

/// Growth since an instance's first call that makes a finding: in bytes, in calls, and in bytes a call. Allocators take
/// memory in large pieces, so that a few calls say nothing.
pub const GROWN_BYTES_MIN: u64 = 256 << 10;
/// Calls over which an instance must have grown to make a finding.
pub const GROWN_CALLS_MIN: u64 = 8;
/// Bytes a call, on average, that make a finding.
pub const GROWN_BYTES_EACH_MIN: u64 = 256;
/// Names of one finding.
pub const NAMES_MAX: usize = 100;

/// The end of the name of the import that a network grant is for: before Extism 1.0 it began with `extism_`.
const HTTP_REQUEST: &str = "http_request";
/// The name of the import that reads the configuration.
const CONFIG_GET: &str = "config_get";

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProcessFinding {
    /// The instance commits more memory with every call.
    Grown {
        process: ProcessLabel,
        calls: u64,
        bytes: u64,
        /// The function whose calls added most linear memory, of those in the journal.
        function: Option<String>,
        /// The last calls that added some, the newest first.
        seqs: Vec<u64>,
    },
    /// Functions of a plugin that is called, which no process of it was called by.
    UnusedFunctions { plugin: String, functions: Vec<String>, called: usize },
    /// Grants that it has not used, or cannot use.
    UnusedGrants { process: ProcessLabel, grants: Vec<UnusedGrant> },
}

/// A grant that is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "grant", content = "value", rename_all = "snake_case")]
pub enum UnusedGrant {
    /// A host, and the plugin imports no HTTP.
    Host(String),
    /// A path, and the plugin imports no WASI.
    Path(String),
    /// A key of the configuration, in a plugin that does not import the function that reads keys.
    Config(String),
    /// A key of the configuration, which it has not read in the requests to the host that are in the journal.
    UnreadConfig(String),
    /// A function that stands in for an import, and the plugin does not import that.
    Import(String),
    /// A pattern of sources, none of which a process of the plugin has loaded.
    Load(String),
    /// A pattern of functions, of which it has called none in the journal.
    Call(String),
}

impl Kernel {
    /// The findings about living processes, in the order of their kinds and ids.
    pub fn lint_processes(&self) -> Vec<ProcessFinding> {
        let processes: Vec<ProcessDetail> =
            self.processes(false).iter().filter_map(|view| self.process(view.id)).collect();
        let grown = processes.iter().filter_map(|process| self.grown(process));
        let unused = unused_functions(&processes);
        let grants = processes.iter().filter_map(|process| self.unused_grants(process));
        grown.chain(unused).chain(grants).collect()
    }

    fn unused_grants(&self, process: &ProcessDetail) -> Option<ProcessFinding> {
        let spec = &process.spec;
        let imports = |found: fn(&ImportName) -> bool| process.imports.iter().any(found);
        let mut grants: Vec<UnusedGrant> = Vec::new();
        if !imports(|import| import.name.ends_with(HTTP_REQUEST)) {
            grants.extend(spec.allowed_hosts.iter().cloned().map(UnusedGrant::Host));
        }
        if !imports(|import| import.module == WASI) {
            grants.extend(spec.allowed_paths.iter().map(|path| UnusedGrant::Path(path.host.display().to_string())));
        }
        let unused = |stand_in: &&ImportStandIn| {
            !process.imports.iter().any(|it| it.module == stand_in.module && it.name == stand_in.function)
        };
        let stand_ins = spec.imports.iter().filter(unused);
        grants.extend(stand_ins.map(|it| UnusedGrant::Import(format!("{}.{}", it.module, it.function))));
        grants.extend(self.unused_config(process));
        grants.extend(self.unused_loads(process).map(UnusedGrant::Load));
        if let Some(patterns) = &spec.may_call {
            grants.extend(self.unused_calls(process.view.id, patterns).map(UnusedGrant::Call));
        }
        grants.truncate(NAMES_MAX);
        let process = process.view.label();
        (!grants.is_empty()).then_some(ProcessFinding::UnusedGrants { process, grants })
    }

    /// The keys of its configuration that a process cannot read, or has not read while its requests were kept.
    fn unused_config(&self, process: &ProcessDetail) -> Vec<UnusedGrant> {
        let keys = process.spec.config.keys().cloned();
        if !process.imports.iter().any(|import| import.name.ends_with(CONFIG_GET)) {
            return keys.map(UnusedGrant::Config).collect();
        }
        let id = process.view.id;
        let (asked, read) = self.journal().drain().with_records(|records| {
            let (mut asked, mut read) = (false, BTreeSet::new());
            for record in records.filter(|record| record.kind == RecordKind::Host && record.caller == id) {
                asked = true;
                if record.function.as_str() == CONFIG_GET {
                    read.extend(record.detail().map(str::to_owned));
                }
            }
            (asked, read)
        });
        if !asked {
            return Vec::new();
        }
        keys.filter(|key| !read.contains(&*escape_control(key))).map(UnusedGrant::UnreadConfig).collect()
    }

    /// The patterns of sources that fit nothing that processes of a plugin have loaded.
    fn unused_loads<'a>(&self, process: &'a ProcessDetail) -> impl Iterator<Item = String> + 'a {
        let plugin = self.plugin_of(process.view.id).unwrap_or_default();
        let loaded = self.spawns().lock().loaded_by(&plugin);
        let loaded: Vec<RequestedSource> =
            loaded.iter().filter_map(|source| RequestedSource::of(source).ok()).collect();
        // A pattern that cannot be read was refused when the process was loaded.
        let fits = move |text: &str| {
            LoadPattern::new(text, None, Path::new("/"))
                .is_ok_and(|pattern| loaded.iter().any(|asked| pattern.fits(asked)))
        };
        process.spec.may_load.iter().filter(move |text| !fits(text)).cloned()
    }

    fn grown(&self, process: &ProcessDetail) -> Option<ProcessFinding> {
        let InstanceGrowth { calls, bytes } = process.growth?;
        if calls < GROWN_CALLS_MIN || bytes < GROWN_BYTES_MIN || bytes / calls < GROWN_BYTES_EACH_MIN {
            return None;
        }
        let id = process.view.id;
        let (by_function, seqs) = self.journal().drain().with_records(|records| {
            let (mut by_function, mut seqs) = (BTreeMap::<&str, u64>::new(), Vec::new());
            for record in records.rev().filter(|record| record.callee == id) {
                let Some(grew) = record.grew.bytes().filter(|bytes| *bytes > 0) else { continue };
                *by_function.entry(record.function.as_str()).or_default() += grew;
                if seqs.len() < SEQS_MAX {
                    seqs.push(record.seq);
                }
            }
            (by_function, seqs)
        });
        let most = by_function.into_iter().max_by_key(|(_, bytes)| *bytes);
        let function = most.map(|(function, _)| escape_control(function));
        Some(ProcessFinding::Grown { process: process.view.label(), calls, bytes, function, seqs })
    }

    /// The patterns that fit no call of a process in the journal.
    fn unused_calls<'a>(&self, id: u32, patterns: &'a [String]) -> impl Iterator<Item = String> + 'a {
        let called: BTreeSet<(u32, &'static str, &'static str)> = self.journal().drain().with_records(|records| {
            let made =
                records.filter(|record| record.kind == RecordKind::Call && record.caller == id && record.callee != 0);
            made.map(|record| (record.callee, record.callee_name.as_str(), record.function.as_str())).collect()
        });
        let called: Vec<(String, &str, &str)> = called
            .into_iter()
            .map(|(callee, name, function)| (self.plugin_of(callee).unwrap_or_default(), name, function))
            .collect();
        patterns.iter().filter(move |text| !is_used(text, &called)).cloned()
    }
}

fn is_used(pattern: &str, called: &[(String, &str, &str)]) -> bool {
    // A pattern that cannot be read was refused when the process was loaded.
    CallPattern::new(pattern)
        .is_ok_and(|pattern| called.iter().any(|(plugin, name, function)| pattern.fits(Who { name, plugin }, function)))
}

/// The functions that no process of a plugin was called by, for each plugin that was called at all.
fn unused_functions(processes: &[ProcessDetail]) -> Vec<ProcessFinding> {
    let mut plugins: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for process in processes {
        let (functions, called) = plugins.entry(&process.view.source).or_default();
        functions.extend(process.functions.iter().map(String::as_str));
        called.extend(process.called.iter().map(String::as_str));
    }
    let unused = plugins.into_iter().filter(|(_, (_, called))| !called.is_empty());
    let unused = unused.filter_map(|(plugin, (functions, called))| {
        let unused = functions.difference(&called).take(NAMES_MAX).map(|name| (*name).to_owned());
        let functions: Vec<String> = unused.collect();
        let plugin = plugin.to_owned();
        (!functions.is_empty()).then_some(ProcessFinding::UnusedFunctions { plugin, functions, called: called.len() })
    });
    unused.collect()
}
