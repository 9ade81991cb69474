//! `policy learn`: the least policy under which what was seen would have been allowed. Calls are taken from the journal,
//! loads from a log of spawns that is kept here, because the journal has only those that were refused.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write;

use super::rule::path_text;
use crate::journal::{Outcome, Record};
use crate::kernel::view::ProcessId;
use crate::runtime::Spec;

/// Spawns that are remembered; older ones are forgotten first.
pub const SPAWNS_MAX: usize = 16_384;

/// A process that began, or was refused by the policy.
#[derive(Debug, Clone, Default)]
pub struct Spawn {
    /// 0 when it was refused.
    pub id: ProcessId,
    /// The name of what it was loaded from.
    pub plugin: String,
    /// 0: the shell.
    pub parent: ProcessId,
    /// As the guest named it; a path or URL as it was resolved.
    pub source: String,
    /// Of the parent, this one included.
    pub children: u32,
    pub hosts: Vec<String>,
    pub paths: Vec<String>,
    pub config: Vec<String>,
}

impl Spawn {
    /// Notes what it was given.
    pub fn with(mut self, spec: &Spec) -> Spawn {
        self.hosts = spec.allowed_hosts.clone();
        self.paths = spec.allowed_paths.iter().map(path_text).collect();
        self.config = spec.config.keys().cloned().collect();
        self
    }
}

/// The log of spawns.
#[derive(Debug, Default)]
pub struct Spawns {
    log: VecDeque<Spawn>,
}

/// What one plugin was seen to need.
#[derive(Default)]
struct Need {
    load: BTreeSet<String>,
    call: BTreeSet<String>,
    children_max: u32,
    hosts: BTreeSet<String>,
    paths: BTreeSet<String>,
    config: BTreeSet<String>,
}

impl Spawns {
    /// Adds a spawn.
    pub fn note(&mut self, spawn: Spawn) {
        if self.log.len() >= SPAWNS_MAX {
            self.log.pop_front();
        }
        self.log.push_back(spawn);
    }

    /// The policy, as TOML.
    pub fn learn(&self, records: &[Record]) -> String {
        let plugins: HashMap<ProcessId, &str> =
            self.log.iter().filter(|spawn| spawn.id != 0).map(|spawn| (spawn.id, spawn.plugin.as_str())).collect();
        let mut needs: BTreeMap<String, Need> = BTreeMap::new();
        for spawn in self.log.iter().filter(|spawn| spawn.parent != 0) {
            let Some(parent) = plugins.get(&spawn.parent) else { continue };
            needs.entry((*parent).to_owned()).or_default().add(spawn);
        }
        for record in records.iter().filter(|record| record.caller != 0 && was_call(record)) {
            let caller = plugins.get(&record.caller).copied().unwrap_or(record.caller_name.as_str());
            let callee = plugins.get(&record.callee).copied().unwrap_or(record.callee_name.as_str());
            let call = format!("{}.{}", escaped(callee), escaped(record.function.as_str()));
            needs.entry(caller.to_owned()).or_default().call.insert(call);
        }
        render(&needs)
    }
}

/// A call that reached a function, or that only the policy or a limit kept from it.
fn was_call(record: &Record) -> bool {
    let error = record.error.as_deref().unwrap_or_default();
    let named_nothing =
        record.outcome == Outcome::Error && (error.starts_with("no ") || error.starts_with("process `"));
    record.callee != 0 && !named_nothing
}

impl Need {
    fn add(&mut self, spawn: &Spawn) {
        self.load.insert(escaped(&spawn.source));
        self.children_max = self.children_max.max(spawn.children);
        self.hosts.extend(spawn.hosts.iter().cloned());
        self.paths.extend(spawn.paths.iter().cloned());
        self.config.extend(spawn.config.iter().map(|key| escaped(key)));
    }
}

/// A text as a glob that fits it alone.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn render(needs: &BTreeMap<String, Need>) -> String {
    let mut text = String::from(
        "# The least policy under which what was seen would have been allowed.\n\n\
         [default]\nload = []\ncall = []\nchildren_max = 0\n",
    );
    for (name, need) in needs {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n[[plugin]]\nname = {}\nload = {}\ncall = {}\nchildren_max = {}\n",
            quoted(&escaped(name)),
            list(&need.load),
            list(&need.call),
            need.children_max
        );
        if need.children_max > 0 {
            let (hosts, paths, config) = (list(&need.hosts), list(&need.paths), list(&need.config));
            let _ = write!(text, "[plugin.children]\nhosts = {hosts}\npaths = {paths}\nconfig = {config}\n");
        }
    }
    text
}

fn list(items: &BTreeSet<String>) -> String {
    match items.len() {
        0 => "[]".to_owned(),
        1 => format!("[{}]", items.iter().map(|item| quoted(item)).collect::<String>()),
        _ => {
            let lines: String = items.iter().map(|item| format!("    {},\n", quoted(item))).collect();
            format!("[\n{lines}]")
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
