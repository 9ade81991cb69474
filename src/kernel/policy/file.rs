//! Policy files: TOML to rules, or a one-line error with its place in the file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::Policy;
use super::pattern::{CallPattern, LoadPattern};
use super::rule::{ChildGrants, ConfigGrant, Rule};
use crate::journal::filter::Glob;
use crate::journal::units::{parse_duration_ns, parse_size};
use crate::runtime::{Advice, AllowedPath, PAGE_BYTES, Problem, hosts};
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
}

/// A number, or a text with a unit.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

impl Policy {
    /// Reads a policy. `source` names it in messages, relative paths in it start from `dir`. The error is one line.
    ///
    /// # Errors
    /// The text is no policy; with the line.
    pub fn parse(text: &str, source: &str, dir: &Path) -> Result<Policy, Problem> {
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let dir = std::path::absolute(if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
        let dir = dir.map_err(|error| format!("policy `{source}`: {}", error.kind()))?;
        let line_of = |offset: usize| text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| {
            let line = line_of(error.span().map_or(0, |span| span.start));
            format!("policy `{source}`: {} at line {line}", escape_control(error.message()))
        })?;
        if file.plugin.len() > RULES_MAX {
            return Err(
                format!("policy `{source}`: {} rules; at most {RULES_MAX} are allowed", file.plugin.len()).into()
            );
        }
        let at = |line: Option<usize>| line.map_or("`[default]`".to_owned(), |line| format!("the rule at line {line}"));
        let rule = |entry: Entry, line: Option<usize>| {
            let named = |error| format!("policy `{source}`: {}: {error}", at(line));
            entry.rule(line, &dir).map_err(|problem| problem.map(named))
        };
        if file.default.as_ref().is_some_and(|default| default.name.is_some()) {
            return Err(format!("policy `{source}`: `[default]` is for every plugin and has no `name`").into());
        }
        let default = rule(file.default.unwrap_or_else(Entry::empty), None)?;
        let mut rules = Vec::with_capacity(file.plugin.len());
        for entry in file.plugin {
            let Some(name) = &entry.name else {
                return Err(format!("policy `{source}`: a `[[plugin]]` needs a `name`").into());
            };
            let line = line_of(name.span().start);
            rules.push(rule(entry, Some(line))?.or(&default));
        }
        Ok(Policy { source: source.to_owned(), rules, default })
    }

    /// Reads a policy file of at most [`BYTES_MAX`] bytes. The error is one line that names it.
    ///
    /// # Errors
    /// The file cannot be read, is over [`BYTES_MAX`], or is no policy; with its name.
    pub fn read(path: &Path) -> Result<Policy, Problem> {
        let shown = escape_control(&path.to_string_lossy());
        let fails = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("no file `{shown}`"),
            kind => format!("cannot read `{shown}`: {kind}"),
        };
        if !path.metadata().map_err(fails)?.is_file() {
            return Err(format!("`{shown}` is not a regular file").into());
        }
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(fails)?;
        file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(fails)?;
        if text.len() as u64 > BYTES_MAX {
            return Err(format!("`{shown}` is larger than 1 MiB, the most a policy may have").into());
        }
        Policy::parse(&text, &shown, path.parent().unwrap_or(Path::new("")))
    }
}

impl Entry {
    fn empty() -> Entry {
        Entry { name: None, load: None, call: None, children_max: None, children: Children::default() }
    }

    fn rule(self, line: Option<usize>, dir: &Path) -> Result<Rule, Problem> {
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
    fn pattern(self, dir: &Path) -> Result<LoadPattern, Problem> {
        let (source, sha256) = match self {
            Load::Source(source) => (source, None),
            Load::Pinned(Pinned { source, sha256 }) => (source, sha256),
        };
        let sha256 = sha256.map(|hash| hash.to_ascii_lowercase());
        if let Some(hash) = &sha256
            && (hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err(Problem::advised(format!("`{hash}` is no SHA-256"), Advice::WriteHash));
        }
        Ok(LoadPattern::new(&source, sha256, dir)?)
    }
}

impl Children {
    fn grants(self, dir: &Path) -> Result<ChildGrants, String> {
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
        })
    }
}

impl Amount {
    /// A bare number, or one with a `p`, is pages, as with `--memory-max`.
    fn memory_bytes(self) -> Result<u64, String> {
        match self {
            Amount::Number(pages) => parse_memory_size(&pages.to_string()),
            Amount::Text(text) => parse_memory_size(&text),
        }
    }

    /// A bare number is milliseconds.
    fn duration(self) -> Result<Duration, String> {
        match self {
            Amount::Number(ms) => Ok(Duration::from_millis(ms)),
            Amount::Text(text) => parse_duration_ns(&text).map(Duration::from_nanos),
        }
    }
}

/// Reads a size of memory in bytes: `64k`, `10M`, `200p` of pages, or a bare number of pages, as extism has it.
///
/// # Errors
/// One line that says what to write.
pub fn parse_memory_size(text: &str) -> Result<u64, String> {
    match text.strip_suffix('p').unwrap_or(text).parse::<u64>() {
        Ok(pages) => pages.checked_mul(PAGE_BYTES).ok_or_else(|| format!("`{text}` pages are too many")),
        Err(_) => parse_size(text).map_err(|_| format!("`{text}` is no size; write pages, `200p`, `64k` or `10M`")),
    }
}

fn checked_hosts(hosts: Vec<String>) -> Result<Vec<String>, String> {
    hosts.iter().try_for_each(|host| hosts::check(host))?;
    Ok(hosts)
}

/// Resolves links once: a link that changes later does not change the grant.
fn resolved_file(path: &Path) -> Result<PathBuf, String> {
    let resolved = path.canonicalize().ok().filter(|path| path.is_file());
    resolved.ok_or_else(|| format!("no file `{}` for `stdin`", escape_control(&path.to_string_lossy())))
}

/// A path whose HOST is relative to the policy's directory.
fn allowed_path(text: &str, dir: &Path) -> AllowedPath {
    let path = AllowedPath::new(text);
    AllowedPath { host: dir.join(path.host), ..path }
}
