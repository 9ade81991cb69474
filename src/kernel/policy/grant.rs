//! The spec of a guest's child: the grants of its manifest or of the policy, never more than its parent holds.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::rule::{ChildGrants, ConfigGrant};
use crate::name_glob::Glob;
use crate::runtime::hosts;
use crate::runtime::{AllowedPath, Config, FuelCount, Spec, WasiInput, WrittenValues};

/// The permissions that a manifest asks for and its parent does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnheldGrant {
    /// A key of the config.
    Config(String),
    Host(String),
    Path(PathBuf),
}

impl fmt::Display for UnheldGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnheldGrant::Config(key) => write!(f, "config `{key}`"),
            UnheldGrant::Host(host) => write!(f, "host `{host}`"),
            UnheldGrant::Path(path) => write!(f, "path `{}`", path.display()),
        }
    }
}

/// The spec of a child: `asked` is its program's own spec, `parent` its parent's, `grants` the policy for the parent's
/// children. The second value lists, for the child's log, requests that were not granted.
pub fn child_spec(asked: &Spec, parent: &Spec, grants: &ChildGrants) -> (Spec, Vec<UnheldGrant>) {
    let mut refused = Vec::new();
    let hosts = grants.hosts.as_ref().unwrap_or(&asked.allowed_hosts);
    let paths = grants.paths.as_ref().unwrap_or(&asked.allowed_paths);
    let spec = Spec {
        config: config(asked, parent, grants, &mut refused),
        allowed_hosts: hosts_within(hosts, &parent.allowed_hosts, &mut refused),
        allowed_paths: paths_within(paths, parent, &mut refused),
        paths_resolved: true,
        memory_bytes_max: least([asked.memory_bytes_max, parent.memory_bytes_max, grants.memory_bytes_max]),
        var_bytes_max: asked.var_bytes_max.min(parent.var_bytes_max),
        http_response_bytes_max: asked.http_response_bytes_max.min(parent.http_response_bytes_max),
        timeout: least::<Duration, 3>([asked.timeout, parent.timeout, grants.timeout]),
        fuel: least([asked.fuel, parent.fuel, grants.fuel]),
        fuel_count: match parent.fuel_count {
            FuelCount::Asked => FuelCount::Asked,
            FuelCount::No | FuelCount::Traced => FuelCount::No,
        },
        wasi_input: wasi_input(parent, grants),
        // `may_load` is granted to the parent alone; `may_call` also binds its children.
        may_load: Vec::new(),
        may_call: parent.may_call.clone(),
        wasi: asked.wasi && parent.wasi,
        stub_imports: asked.stub_imports,
        imports: asked.imports.clone(),
        private: asked.private || parent.private,
        written: WrittenValues::default(),
        on: grants.on.clone(),
        debugged: parent.debugged,
    };
    (spec, refused)
}

/// The part of a spec that grants leave, for a process whose parent is on another machine; the second value lists
/// what they do not leave. Config, environment and arguments are the parent's own, and stay.
pub fn within_grants(asked: &Spec, grants: &ChildGrants) -> (Spec, Vec<UnheldGrant>) {
    let mut refused = Vec::new();
    let held =
        Spec { allowed_paths: grants.paths.clone().unwrap_or_else(|| asked.allowed_paths.clone()), ..Spec::default() };
    let stdin = asked.wasi_input.stdin.as_ref();
    if let Some(stdin) = stdin.filter(|stdin| grants.paths.is_some() && grants.stdin.as_ref() != Some(*stdin)) {
        refused.push(UnheldGrant::Path(stdin.clone()));
    }
    let spec = Spec {
        allowed_hosts: match &grants.hosts {
            Some(hosts) => hosts_within(&asked.allowed_hosts, hosts, &mut refused),
            None => asked.allowed_hosts.clone(),
        },
        allowed_paths: paths_within(&asked.allowed_paths, &held, &mut refused),
        memory_bytes_max: least([asked.memory_bytes_max, grants.memory_bytes_max]),
        timeout: least([asked.timeout, grants.timeout]),
        fuel: least([asked.fuel, grants.fuel]),
        ..asked.clone()
    };
    (spec, refused)
}

fn least<T: Ord, const N: usize>(limits: [Option<T>; N]) -> Option<T> {
    limits.into_iter().flatten().min()
}

/// Without grants: the entries of the manifest that the parent holds too. With grants: the entries they list.
fn config(asked: &Spec, parent: &Spec, grants: &ChildGrants, refused: &mut Vec<UnheldGrant>) -> Config {
    let mut config = BTreeMap::new();
    let passes: Vec<&Glob> = grants.config.iter().flatten().filter_map(ConfigGrant::pass).collect();
    for (key, value) in &*parent.config {
        if passes.iter().any(|glob| glob.matches(key)) {
            config.insert(key.clone(), value.clone());
        }
    }
    for (key, value) in &*asked.config {
        let held = grants.config.is_none() && parent.config.get(key) == Some(value);
        if held || passes.iter().any(|glob| glob.matches(key)) {
            config.insert(key.clone(), value.clone());
        } else {
            refused.push(UnheldGrant::Config(key.clone()));
        }
    }
    for grant in grants.config.iter().flatten() {
        if let ConfigGrant::Set { key, value } = grant {
            config.insert(key.clone(), value.clone());
        }
    }
    Config::from(config).shared_with([&asked.config, &parent.config])
}

/// By the policy alone: a manifest cannot ask for WASI input, and a child does not inherit its parent's.
fn wasi_input(parent: &Spec, grants: &ChildGrants) -> WasiInput {
    let mut env = BTreeMap::new();
    for grant in grants.env.iter().flatten() {
        match grant {
            ConfigGrant::Set { key, value } => drop(env.insert(key.clone(), value.clone())),
            ConfigGrant::Pass { glob, .. } => {
                let held = parent.wasi_input.env.iter().filter(|(key, _)| glob.matches(key));
                env.extend(held.map(|(key, value)| (key.clone(), value.clone())));
            }
        }
    }
    WasiInput { env, args: grants.args.clone().unwrap_or_default(), stdin: grants.stdin.clone() }
}

impl ConfigGrant {
    fn pass(&self) -> Option<&Glob> {
        match self {
            ConfigGrant::Pass { glob, .. } => Some(glob),
            ConfigGrant::Set { .. } => None,
        }
    }
}

/// Host globs that both lists allow. Where two globs cannot be compared, neither is granted.
fn hosts_within(asked: &[String], held: &[String], refused: &mut Vec<UnheldGrant>) -> Vec<String> {
    let mut given: Vec<String> = Vec::new();
    for host in asked {
        let before = given.len();
        if held.iter().any(|wider| hosts::covers(wider, host)) {
            given.push(host.clone());
        } else {
            given.extend(held.iter().filter(|narrower| hosts::covers(host, narrower)).cloned());
        }
        if given.len() == before {
            refused.push(UnheldGrant::Host(host.clone()));
        }
    }
    given.sort();
    given.dedup();
    given
}

/// Paths within one that the parent holds, both resolved. The resolved path is granted, read-only where either is.
fn paths_within(asked: &[AllowedPath], parent: &Spec, refused: &mut Vec<UnheldGrant>) -> Vec<AllowedPath> {
    let held: Vec<(std::path::PathBuf, bool)> =
        parent.allowed_paths.iter().filter_map(|path| Some((parent.held_path(path)?, path.read_only))).collect();
    let mut given = Vec::new();
    for path in asked {
        let host = path.host.canonicalize().ok();
        let within = |host: &Path| held.iter().filter(|(held, _)| host.starts_with(held)).map(|(_, ro)| *ro).min();
        match host.and_then(|host| Some((within(&host)?, host))) {
            Some((read_only, host)) => {
                given.push(AllowedPath { host, guest: path.guest.clone(), read_only: read_only || path.read_only });
            }
            None => refused.push(UnheldGrant::Path(path.host.clone())),
        }
    }
    given
}
