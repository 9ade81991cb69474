//! Policy files: TOML to rules, or a one-line error with its place in the file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::Policy;
use super::error::{MemorySizeError, PolicyError, RuleError};
use super::pattern::{CallPattern, LoadPattern};
use super::rule::{ChildGrants, ConfigGrant, Rule};
use crate::journal::units::{parse_duration_ns, parse_size};
use crate::name_glob::Glob;
use crate::runtime::hosts::{self, HostError};
use crate::runtime::{AllowedPath, PAGE_BYTES};
use crate::text::escape_control;

/// Largest policy file, in bytes.
pub const BYTES_MAX: u64 = 1 << 20;
/// Most rules of a policy.
pub const RULES_MAX: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<Entry>,
    #[serde(default)]
    plugin: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<Spanned<String>>,
    load: Option<Vec<Load>>,
    call: Option<Vec<String>>,
    children_max: Option<u32>,
    #[serde(default)]
    children: Children,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Load {
    Source(String),
    Pinned(Pinned),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    source: String,
    sha256: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Children {
    memory_max: Option<Amount>,
    fuel: Option<u64>,
    timeout: Option<Amount>,
    hosts: Option<Vec<String>>,
    paths: Option<Vec<String>>,
    config: Option<Vec<String>>,
    env: Option<Vec<String>>,
    args: Option<Vec<String>>,
    stdin: Option<String>,
    on: Option<String>,
}

/// A number, or a text with a unit.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

impl Policy {
    /// Reads a policy. `source` names it in messages, relative paths in it start from `dir`.
    ///
    /// # Errors
    /// The text is no policy; with the line.
    pub fn parse(text: &str, source: &str, dir: &Path) -> Result<Policy, PolicyError> {
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let dir = std::path::absolute(if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
        let named = || source.to_owned();
        let dir = dir.map_err(|error| PolicyError::NoDirectory { source: named(), error: error.kind() })?;
        let line_of = |offset: usize| text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| {
            let line = line_of(error.span().map_or(0, |span| span.start));
            PolicyError::Syntax { source: named(), message: error.message().to_owned(), line }
        })?;
        if file.plugin.len() > RULES_MAX {
            return Err(PolicyError::TooManyRules { source: named(), count: file.plugin.len(), rules_max: RULES_MAX });
        }
        let rule = |entry: Entry, line: Option<usize>| {
            entry.rule(line, &dir).map_err(|error| PolicyError::Rule { source: named(), line, error })
        };
        if file.default.as_ref().is_some_and(|default| default.name.is_some()) {
            return Err(PolicyError::DefaultHasName { source: named() });
        }
        let default = rule(file.default.unwrap_or_else(Entry::empty), None)?;
        let mut rules = Vec::with_capacity(file.plugin.len());
        for entry in file.plugin {
            let Some(name) = &entry.name else {
                return Err(PolicyError::NoName { source: named() });
            };
            let line = line_of(name.span().start);
            rules.push(rule(entry, Some(line))?.or(&default));
        }
        Ok(Policy { source: source.to_owned(), rules, default })
    }

    /// Reads a policy file of at most [`BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// The file cannot be read, is over [`BYTES_MAX`], or is no policy.
    pub fn read(path: &Path) -> Result<Policy, PolicyError> {
        let owned = || path.to_owned();
        let fails = |error: std::io::Error| PolicyError::Unreadable { path: owned(), error: error.kind() };
        if !path.metadata().map_err(fails)?.is_file() {
            return Err(PolicyError::Irregular { path: owned() });
        }
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(fails)?;
        file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(fails)?;
        if text.len() as u64 > BYTES_MAX {
            return Err(PolicyError::TooLarge { path: owned(), bytes_max: BYTES_MAX });
        }
        let source = escape_control(&path.to_string_lossy());
        Policy::parse(&text, &source, path.parent().unwrap_or(Path::new("")))
    }
}

impl Entry {
    fn empty() -> Entry {
        Entry { name: None, load: None, call: None, children_max: None, children: Children::default() }
    }

    fn rule(self, line: Option<usize>, dir: &Path) -> Result<Rule, RuleError> {
        let name = self.name.map_or("default".to_owned(), Spanned::into_inner);
        let loads = self.load.map(|loads| loads.into_iter().map(|load| load.pattern(dir)).collect::<Result<_, _>>());
        let calls = self.call.map(|calls| calls.iter().map(|call| CallPattern::new(call)).collect::<Result<_, _>>());
        Ok(Rule {
            glob: Glob::new(&name),
            name,
            line,
            loads: loads.transpose()?,
            calls: calls.transpose()?,
            children_max: self.children_max,
            children: self.children.grants(dir)?,
        })
    }
}

impl Load {
    fn pattern(self, dir: &Path) -> Result<LoadPattern, RuleError> {
        let (source, sha256) = match self {
            Load::Source(source) => (source, None),
            Load::Pinned(Pinned { source, sha256 }) => (source, sha256),
        };
        let sha256 = sha256.map(|hash| hash.to_ascii_lowercase());
        if let Some(hash) = &sha256
            && (hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err(RuleError::NoHash { hash: hash.clone() });
        }
        Ok(LoadPattern::new(&source, sha256, dir)?)
    }
}

impl Children {
    fn grants(self, dir: &Path) -> Result<ChildGrants, RuleError> {
        Ok(ChildGrants {
            memory_bytes_max: self.memory_max.map(Amount::memory_bytes).transpose()?,
            fuel: self.fuel,
            timeout: self.timeout.map(Amount::duration).transpose()?,
            hosts: self.hosts.map(checked_hosts).transpose()?,
            paths: self.paths.map(|paths| paths.iter().map(|path| allowed_path(path, dir)).collect()),
            config: self.config.map(|config| config.iter().map(|entry| ConfigGrant::new(entry)).collect()),
            env: self.env.map(|env| env.iter().map(|entry| ConfigGrant::new(entry)).collect()),
            args: self.args,
            stdin: self.stdin.map(|path| resolved_file(&dir.join(path))).transpose()?,
            on: self.on,
        })
    }
}

impl Amount {
    /// A bare number, or one with a `p`, is pages, as with `--memory-max`.
    fn memory_bytes(self) -> Result<u64, MemorySizeError> {
        match self {
            Amount::Number(pages) => parse_memory_size(&pages.to_string()),
            Amount::Text(text) => parse_memory_size(&text),
        }
    }

    /// A bare number is milliseconds.
    fn duration(self) -> Result<Duration, RuleError> {
        match self {
            Amount::Number(ms) => Ok(Duration::from_millis(ms)),
            Amount::Text(text) => parse_duration_ns(&text).map(Duration::from_nanos).map_err(RuleError::Duration),
        }
    }
}

/// Reads a size of memory in bytes: `64k`, `10M`, `200p` of pages, or a bare number of pages, as extism has it.
///
/// # Errors
/// The text is no such size, or over the largest number.
pub fn parse_memory_size(text: &str) -> Result<u64, MemorySizeError> {
    let named = || text.to_owned();
    match text.strip_suffix('p').unwrap_or(text).parse::<u64>() {
        Ok(pages) => pages.checked_mul(PAGE_BYTES).ok_or_else(|| MemorySizeError::TooManyPages { text: named() }),
        Err(_) => parse_size(text).map_err(|_| MemorySizeError::NoSize { text: named() }),
    }
}

fn checked_hosts(hosts: Vec<String>) -> Result<Vec<String>, HostError> {
    hosts.iter().try_for_each(|host| hosts::check(host))?;
    Ok(hosts)
}

/// Resolves links once: a link that changes later does not change the grant.
fn resolved_file(path: &Path) -> Result<PathBuf, RuleError> {
    let resolved = path.canonicalize().ok().filter(|path| path.is_file());
    resolved.ok_or_else(|| RuleError::NoStdin { path: path.to_owned() })
}

/// A path whose HOST is relative to the policy's directory.
fn allowed_path(text: &str, dir: &Path) -> AllowedPath {
    let path = AllowedPath::new(text);
    AllowedPath { host: dir.join(path.host), ..path }
}
