//! One rule of a policy: the plugins that it applies to, and its permissions. A field that is `None` leaves the
//! decision to the default.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::asked::Who;
use super::pattern::{CallPattern, LoadPattern};
use crate::journal::units::{exact_duration, show_bytes};
use crate::json::some_as_ms;
use crate::name_glob::Glob;
use crate::runtime::AllowedPath;
use crate::text::{split_at_unescaped, unescaped};

/// The permissions of the plugins whose name fits.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// The glob as written, or `default`.
    pub name: String,
    /// First line of the rule in the file, from 1; `None` for `[default]`.
    pub line: Option<usize>,
    #[serde(skip)]
    pub(super) glob: Glob,
    #[serde(rename = "load")]
    pub(super) loads: Option<Vec<LoadPattern>>,
    #[serde(rename = "call")]
    pub(super) calls: Option<Vec<CallPattern>>,
    pub children_max: Option<u32>,
    pub children: ChildGrants,
}

/// The grants for a plugin's children, bounded by the plugin's own. Sizes are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChildGrants {
    pub memory_bytes_max: Option<u64>,
    pub fuel: Option<u64>,
    #[serde(rename = "timeout_ms", serialize_with = "some_as_ms")]
    pub timeout: Option<Duration>,
    /// Replaces the list of the child's manifest.
    pub hosts: Option<Vec<String>>,
    /// Replaces the list of the child's manifest.
    #[serde(serialize_with = "as_path_texts")]
    pub paths: Option<Vec<AllowedPath>>,
    #[serde(rename = "config_keys", serialize_with = "as_keys")]
    pub config: Option<Vec<ConfigGrant>>,
    /// WASI's environment: variables passed on from the parent, or values.
    #[serde(rename = "env_keys", serialize_with = "as_keys")]
    pub env: Option<Vec<ConfigGrant>>,
    /// WASI's arguments.
    pub args: Option<Vec<String>>,
    /// The file for WASI's standard input, resolved when the policy was read.
    pub stdin: Option<PathBuf>,
    /// The node that they run on, or a glob of nodes; `None`: they run here.
    pub on: Option<String>,
}

/// An entry of `config` or `env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigGrant {
    /// `KEY`, a glob: the values of the child's manifest (for `config`), else of its parent.
    Pass { key: String, glob: Glob },
    /// `KEY=VALUE`.
    Set { key: String, value: String },
}

impl Rule {
    /// Whether it applies to this plugin.
    pub fn fits(&self, who: Who<'_>) -> bool {
        self.glob.matches(who.name) || self.glob.matches(who.plugin)
    }

    /// The patterns of `load`, as written; `None`: any name.
    pub fn load_texts(&self) -> Option<Vec<String>> {
        Some(self.loads.as_ref()?.iter().map(|pattern| pattern.text().to_owned()).collect())
    }

    /// The patterns of `call`, as written; `None`: everything.
    pub fn call_texts(&self) -> Option<Vec<String>> {
        Some(self.calls.as_ref()?.iter().map(|pattern| pattern.text().to_owned()).collect())
    }

    /// The rule, with its `None` fields taken from `default`.
    pub(super) fn or(mut self, default: &Rule) -> Rule {
        let own = self.children;
        let other = default.children.clone();
        self.loads = self.loads.or_else(|| default.loads.clone());
        self.calls = self.calls.or_else(|| default.calls.clone());
        self.children_max = self.children_max.or(default.children_max);
        self.children = ChildGrants {
            memory_bytes_max: own.memory_bytes_max.or(other.memory_bytes_max),
            fuel: own.fuel.or(other.fuel),
            timeout: own.timeout.or(other.timeout),
            hosts: own.hosts.or(other.hosts),
            paths: own.paths.or(other.paths),
            config: own.config.or(other.config),
            env: own.env.or(other.env),
            args: own.args.or(other.args),
            stdin: own.stdin.or(other.stdin),
            on: own.on.or(other.on),
        };
        self
    }
}

impl ChildGrants {
    /// The paths in the form of `--allow-path`; `None`: those of the child's manifest.
    pub fn path_texts(&self) -> Option<Vec<String>> {
        Some(self.paths.as_ref()?.iter().map(AllowedPath::to_string).collect())
    }

    /// The keys of `config`, without values; `None`: the manifest's keys that the parent has too.
    pub fn config_keys(&self) -> Option<Vec<String>> {
        keys(self.config.as_deref())
    }

    /// The names of `env`, without values; `None`: no environment.
    pub fn env_keys(&self) -> Option<Vec<String>> {
        keys(self.env.as_deref())
    }

    /// All grants on one line.
    pub fn words(&self) -> String {
        let list = |what: &str, items: Option<Vec<String>>| {
            let items = items.map(|items| if items.is_empty() { "none".to_owned() } else { items.join(" ") });
            items.map(|items| format!("{what} {items}"))
        };
        let words: Vec<String> = [
            self.memory_bytes_max.map(|bytes| format!("memory {}", show_bytes(bytes))),
            self.fuel.map(|fuel| format!("fuel {fuel}")),
            self.timeout.map(|timeout| format!("timeout {}", exact_duration(timeout))),
            list("hosts", self.hosts.clone()),
            list("paths", self.path_texts()),
            list("config", self.config_keys()),
            list("env", self.env_keys()),
            list("args", self.args.clone()),
            self.stdin.as_ref().map(|path| format!("stdin {}", path.display())),
            self.on.as_ref().map(|on| format!("on {on}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if words.is_empty() { "what their manifests ask for".to_owned() } else { words.join(", ") }
    }
}

fn as_keys<S: Serializer>(grants: &Option<Vec<ConfigGrant>>, serializer: S) -> Result<S::Ok, S::Error> {
    keys(grants.as_deref()).serialize(serializer)
}

fn as_path_texts<S: Serializer>(paths: &Option<Vec<AllowedPath>>, serializer: S) -> Result<S::Ok, S::Error> {
    let texts = paths.as_ref().map(|paths| paths.iter().map(AllowedPath::to_string).collect::<Vec<_>>());
    texts.serialize(serializer)
}

fn keys(grants: Option<&[ConfigGrant]>) -> Option<Vec<String>> {
    let key = |grant: &ConfigGrant| match grant {
        ConfigGrant::Pass { key, .. } | ConfigGrant::Set { key, .. } => key.clone(),
    };
    Some(grants?.iter().map(key).collect())
}

impl ConfigGrant {
    /// Reads `KEY` or `KEY=VALUE`; a `=` in the key is escaped with `\`.
    pub(super) fn new(text: &str) -> ConfigGrant {
        match split_at_unescaped(text, '=') {
            (key, Some(value)) => ConfigGrant::Set { key: unescaped(key, '='), value: value.to_owned() },
            (_, None) => ConfigGrant::Pass { key: text.to_owned(), glob: Glob::new(text) },
        }
    }
}
