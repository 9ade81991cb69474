//! `policy learn`: the least policy that allows the observed calls and loads. Calls come from the journal. Loads come
//! from a log of spawns that is kept here, because a record of a load does not have its grants.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write;
use std::path::Path;

use super::asked::RequestedSource;
use super::pattern::{self, LoadPattern};
use crate::journal::symbol::SYMBOL_BYTES_MAX;
use crate::journal::{CallStanding, Record, RecordKind, Symbol};
use crate::kernel::view::ProcessId;
use crate::runtime::Spec;
use crate::secrets::{LEFT_OUT, without_secrets};

/// Most processes whose plugin is remembered; the oldest go first. Equals the default count of records in the journal.
pub const PROCESSES_MAX: usize = 65_536;
/// Bytes that all needs may take. New needs past this are left out, and the policy says so.
pub const NEEDS_BYTES_MAX: usize = 4 << 20;
/// Bytes of a list entry besides its text.
const ENTRY_OVERHEAD_BYTES: usize = 64;

/// A process that began, or was refused by the policy.
#[derive(Debug, Clone, Default)]
pub struct Spawn {
    /// 0 when it was refused.
    pub id: ProcessId,
    /// The name of its source.
    pub plugin: String,
    /// 0: the shell.
    pub parent: ProcessId,
    /// The source as the guest named it; for a path or URL the resolved form.
    pub source: String,
    /// Count of the parent's children, this one included.
    pub children: u32,
    pub hosts: Vec<String>,
    pub paths: Vec<String>,
    pub config: Vec<String>,
}

impl Spawn {
    /// Adds the grants of its spec.
    pub fn with(mut self, spec: &Spec) -> Spawn {
        self.hosts = spec.allowed_hosts.clone();
        self.paths = spec.allowed_paths.iter().map(ToString::to_string).collect();
        // An unescaped `=` would end the key.
        self.config = spec.config.keys().map(|key| escaped(key).replace('=', "\\=")).collect();
        self
    }
}

/// The log of spawns: equal spawns by one plugin are kept once.
#[derive(Debug, Default)]
pub struct Spawns {
    processes: HashMap<ProcessId, LearnedName>,
    /// The ids of `processes`, oldest first.
    order: VecDeque<ProcessId>,
    needs: BTreeMap<String, Need>,
    /// Bytes that `needs` takes.
    bytes: usize,
    /// True when a need was left out.
    is_partial: bool,
}

/// A process as policy rules match it.
#[derive(Debug)]
struct LearnedName {
    plugin: Symbol,
    name: Symbol,
}

/// The observed needs of one plugin.
#[derive(Debug, Default, Clone)]
struct Need {
    load: BTreeSet<String>,
    call: BTreeSet<String>,
    children_max: u32,
    hosts: BTreeSet<String>,
    paths: BTreeSet<String>,
    config: BTreeSet<String>,
}

impl Spawns {
    /// Adds a spawn: the process, its name, and its parent's plugin; `None` when the shell loaded it.
    pub fn note(&mut self, spawn: Spawn, name: Option<&str>, parent: Option<&str>) {
        if spawn.id != 0 {
            let plugin = Symbol::intern_own(&spawn.plugin);
            self.remember(spawn.id, LearnedName { plugin, name: name.map_or(plugin, Symbol::intern) });
        }
        let known = self.processes.get(&spawn.parent).map(|seen| seen.plugin.as_str());
        if spawn.parent != 0
            && let Some(parent) = parent.or(known)
        {
            self.need(parent.to_owned(), &spawn);
        }
    }

    /// The sources that processes of a plugin have loaded, or tried to.
    pub fn loaded_by(&self, plugin: &str) -> Vec<String> {
        self.needs.get(plugin).map(|need| need.load.iter().cloned().collect()).unwrap_or_default()
    }

    fn remember(&mut self, id: ProcessId, seen: LearnedName) {
        while self.order.len() >= PROCESSES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.processes.remove(&oldest);
        }
        self.order.push_back(id);
        self.processes.insert(id, seen);
    }

    fn need(&mut self, parent: String, spawn: &Spawn) {
        let need = self.needs.entry(parent).or_default();
        need.children_max = need.children_max.max(spawn.children);
        let source = source_pattern(&spawn.source);
        let lists = [
            (&mut need.load, std::slice::from_ref(&source)),
            (&mut need.hosts, &spawn.hosts),
            (&mut need.paths, &spawn.paths),
            (&mut need.config, &spawn.config),
        ];
        for (list, items) in lists {
            for item in items.iter().filter(|item| !list.contains(*item)).collect::<Vec<_>>() {
                let bytes = item.len() + ENTRY_OVERHEAD_BYTES;
                // A policy refuses patterns over this length.
                if item.len() > pattern::TEXT_BYTES_MAX || self.bytes + bytes > NEEDS_BYTES_MAX {
                    self.is_partial = true;
                    continue;
                }
                self.bytes += bytes;
                list.insert(item.clone());
            }
        }
    }

    /// The policy, as TOML.
    pub fn learn(&self, records: &[Record]) -> String {
        let mut needs = self.needs.clone();
        let mut is_partial = self.is_partial;
        let plugin = |id: ProcessId, name: Symbol| self.processes.get(&id).map_or(name, |seen| seen.plugin);
        for record in
            records.iter().filter(|record| record.kind == RecordKind::Call && record.caller != 0 && was_call(record))
        {
            let (caller, callee) =
                (plugin(record.caller, record.caller_name), plugin(record.callee, record.callee_name));
            let function = record.function;
            if [caller, callee, function].contains(&Symbol::OTHER) {
                is_partial = true;
                continue;
            }
            // The journal truncates long names; `*` stands for the lost rest.
            let rest = if function.as_str().len() >= SYMBOL_BYTES_MAX - 3 { "*" } else { "" };
            let call = format!("{}.{}{rest}", escaped(callee.as_str()), escaped(function.as_str()));
            needs.entry(caller.as_str().to_owned()).or_default().call.insert(call);
        }
        render(&needs, &self.order_of(&needs), is_partial)
    }

    /// The plugins in an order in which each process matches its own plugin's rule first, because a process named like
    /// another plugin fits that plugin's rule too. Two processes named like each other's plugins have no such order.
    fn order_of<'a>(&self, needs: &'a BTreeMap<String, Need>) -> Vec<&'a str> {
        let named = self.processes.values().filter(|seen| seen.name != seen.plugin);
        let mut before: BTreeSet<(&str, &str)> = named.map(|seen| (seen.plugin.as_str(), seen.name.as_str())).collect();
        before.retain(|(plugin, name)| needs.contains_key(*plugin) && needs.contains_key(*name));
        let mut left: Vec<&str> = needs.keys().map(String::as_str).collect();
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let is_free = |plugin: &&str| !before.iter().any(|(_, later)| later == plugin);
            let next = left.remove(left.iter().position(is_free).unwrap_or(0));
            before.retain(|(plugin, _)| *plugin != next);
            order.push(next);
        }
        order
    }
}

/// Whether the record is a call of an existing function, made or denied by the policy or a limit.
fn was_call(record: &Record) -> bool {
    record.callee != 0 && record.standing != CallStanding::Unresolved
}

/// A pattern for exactly this source. Secrets of a URL do not go into a policy: `*` replaces them.
fn source_pattern(source: &str) -> String {
    if !source.contains("://") {
        return escaped(source);
    }
    let pattern = escaped(&without_secrets(source)).replace(LEFT_OUT, "*");
    if fits(&pattern, source) {
        return pattern;
    }
    // The secret has a `/`, which `*` does not match.
    let (address, query) = source.split_once('?').unwrap_or((source, ""));
    format!("{}\\?*{}", escaped(address), "/*".repeat(query.matches('/').count()))
}

fn fits(pattern: &str, url: &str) -> bool {
    let asked = RequestedSource::Url(url.to_owned());
    LoadPattern::new(pattern, None, Path::new("/")).is_ok_and(|pattern| pattern.fits(&asked))
}

/// Escapes a text, so that it fits itself alone as a glob of names or paths.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '{' | '}' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn render(needs: &BTreeMap<String, Need>, order: &[&str], is_partial: bool) -> String {
    let mut text = String::from("# The least policy under which what was seen would have been allowed.\n");
    if is_partial {
        text.push_str("# Not all of it: there was too much to remember, or a name too long for a policy.\n");
    }
    text.push_str("\n[default]\nload = []\ncall = []\nchildren_max = 0\n");
    for (name, need) in order.iter().filter_map(|name| Some((name, needs.get(*name)?))) {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n[[plugin]]\nname = {}\nload = {}\ncall = {}\nchildren_max = {}\n",
            toml_string(&escaped(name)),
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
        1 => format!("[{}]", items.iter().map(|item| toml_string(item)).collect::<String>()),
        _ => {
            let lines: String = items.iter().map(|item| format!("    {},\n", toml_string(item))).collect();
            format!("[\n{lines}]")
        }
    }
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_loaded_by_a_secret_is_allowed_by_a_pattern_without_it() {
        for (source, pattern) in [
            ("./a[1].wasm", r"./a\[1].wasm"),
            ("https://h/x.wasm?v=1&b=*", r"https://h/x.wasm\?v=1&b=\*"),
            ("https://h/x.wasm?v=1&token=q7&b=2", r"https://h/x.wasm\?v=1&token=*&b=2"),
            ("https://h/x.wasm?token=q7/q8&b=/", r"https://h/x.wasm\?*/*/*"),
        ] {
            assert_eq!(source_pattern(source), pattern, "{source}");
            assert!(!source.contains("://") || fits(pattern, source), "{source}");
        }
        assert!(!fits(&source_pattern("https://h/x.wasm?token=q7"), "https://h/y.wasm?token=q7"));
    }
}
