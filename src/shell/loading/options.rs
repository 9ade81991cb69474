//! The options that `load` and `plugsh call` share, and how they add to a manifest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::imports::import_stand_in;
use super::limits::PluginLimitArgs;
use crate::kernel::policy::{check_own_grants, load_pattern_within};
use crate::runtime::program::ImportStandIn;
use crate::runtime::{AllowedPath, Spec, StubImports, WrittenValues, hosts};
use crate::shell::reply::ShellError;
use crate::text::json_cause;

/// The options that `load` and `plugsh call` share.
#[derive(Debug, Default, clap::Args)]
pub struct LoadOptions {
    /// a value that the plugin may read; without `=` it is empty
    #[arg(long, value_name = "K=V")]
    pub config: Vec<String>,
    /// such values as one JSON object
    #[arg(long, value_name = "JSON")]
    pub set_config: Option<String>,
    /// a host that it may reach over HTTP
    #[arg(long, value_name = "GLOB")]
    pub allow_host: Vec<String>,
    /// a directory or file that it may reach, read-only with `ro:`
    #[arg(long, value_name = "[ro:]HOST[:GUEST]")]
    pub allow_path: Vec<String>,
    /// a source that it may load besides names: a path or URL, `*` within a part of it, `**` over more
    #[arg(long, value_name = "PATTERN")]
    pub may_load: Vec<String>,
    /// a function that it may call: with this, nothing else
    #[arg(long, value_name = "PLUGIN.FUNCTION")]
    pub may_call: Vec<String>,
    /// a variable of its WASI environment
    #[arg(long, value_name = "K=V")]
    pub env: Vec<String>,
    /// an argument, as WASI has them
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub arg: Vec<String>,
    /// the file that its WASI standard input is
    #[arg(long, value_name = "FILE")]
    pub wasi_stdin: Option<PathBuf>,
    #[command(flatten)]
    pub limits: PluginLimitArgs,
    /// a module that it is linked with
    #[arg(long, value_name = "[NAME=]SOURCE")]
    pub link: Vec<String>,
    /// what an import that nobody provides does when it is called
    #[arg(long)]
    pub stub_imports: Option<StubImports>,
    /// a plugin that stands in for a host function of some product
    #[arg(long, value_name = "MODULE.FUNCTION[(TYPES)]=PLUGIN.FUNCTION", value_parser = import_stand_in)]
    pub import: Vec<ImportStandIn>,
    /// never keep, show or write down what it gets and gives, nor what it calls
    #[arg(long)]
    pub private: bool,
    /// the node that it runs on, or a glob of nodes: the least loaded of those; `nodes` lists them
    #[arg(long, value_name = "NODE")]
    pub on: Option<String>,
    /// no WASI, even when the module imports it
    #[arg(long)]
    pub no_wasi: bool,
    /// The values that a project's file took from the environment; no option.
    #[arg(skip)]
    pub written: WrittenValues,
}

impl LoadOptions {
    /// The manifest's `spec` with the options added.
    ///
    /// # Errors
    /// An option's value is invalid.
    pub fn apply(&self, mut spec: Spec) -> Result<Spec, ShellError> {
        if let Some(json) = &self.set_config {
            spec.config.extend(config_object(json)?);
        }
        for entry in &self.config {
            let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
            spec.config.insert(key.to_owned(), value.to_owned());
        }
        for host in &self.allow_host {
            hosts::check(host).map_err(|why| ShellError::usage(format!("`--allow-host`: {why}")))?;
        }
        spec.allowed_hosts.extend(self.allow_host.iter().cloned());
        spec.allowed_paths.extend(self.allow_path.iter().map(|path| AllowedPath::new(path)));
        self.limits.apply(&mut spec);
        self.apply_input(&mut spec)?;
        self.apply_grants(&mut spec)?;
        spec.wasi &= !self.no_wasi;
        spec.private |= self.private;
        spec.on = self.on.clone().or(spec.on);
        spec.imports.extend(self.import.iter().cloned());
        spec.stub_imports = self.stub_imports.or(spec.stub_imports);
        spec.written = self.written.clone();
        Ok(spec)
    }
}

impl LoadOptions {
    /// WASI's environment, arguments and standard input.
    fn apply_input(&self, spec: &mut Spec) -> Result<(), ShellError> {
        let input = &mut spec.wasi_input;
        for entry in &self.env {
            let (key, value) = entry
                .split_once('=')
                .ok_or_else(|| ShellError::usage(format!("`--env {entry}`: write `--env NAME=VALUE`")))?;
            input.env.insert(key.to_owned(), value.to_owned());
        }
        input.args.extend(self.arg.iter().cloned());
        if let Some(path) = &self.wasi_stdin {
            let why = match path.metadata() {
                Ok(meta) if meta.is_file() => None,
                Ok(_) => Some("is not a regular file, and only such a one can be standard input"),
                Err(_) => Some("is not there"),
            };
            if let Some(why) = why {
                return Err(ShellError::failed(format!("standard input: `{}` {why}", path.display())));
            }
            input.stdin = Some(path.clone());
        }
        input.check().map_err(|error| ShellError::usage(error.to_string()))
    }

    /// The grants to load and to call.
    fn apply_grants(&self, spec: &mut Spec) -> Result<(), ShellError> {
        let dir = std::env::current_dir().unwrap_or_default();
        let patterns: Vec<String> = self.may_load.iter().map(|text| load_pattern_within(text, &dir)).collect();
        spec.may_load.extend(patterns);
        if !self.may_call.is_empty() {
            spec.may_call.get_or_insert_default().extend(self.may_call.iter().cloned());
        }
        check_own_grants(spec).map_err(|error| ShellError::usage(error.to_string()))
    }
}

/// Reads `--set-config` as extism does: empty text and `null` set nothing, a key's `null` is an empty value.
fn config_object(json: &str) -> Result<BTreeMap<String, String>, ShellError> {
    if json.is_empty() {
        return Ok(BTreeMap::new());
    }
    let object: Option<BTreeMap<String, Option<String>>> = serde_json::from_str(json).map_err(|error| {
        let cause = json_cause(&error);
        ShellError::usage(format!("`--set-config` wants a JSON object of strings: {cause}"))
    })?;
    Ok(object.unwrap_or_default().into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Amount;
    use crate::runtime::PluginLimit;

    #[test]
    fn the_command_line_adds_to_the_manifest() {
        let manifest = Spec {
            config: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]).into(),
            timeout: Some(Duration::from_secs(9)),
            ..Spec::default()
        };
        let options = LoadOptions {
            set_config: Some(r#"{"b": "3", "c": "4"}"#.into()),
            config: vec!["c=5=6".into(), "d=".into(), "e".into()],
            allow_path: vec!["ro:/data:/d".into(), "/tmp".into()],
            limits: PluginLimitArgs(vec![
                (PluginLimit::Memory, Amount::Bytes(65_536)),
                (PluginLimit::Vars, Amount::Off),
                (PluginLimit::Timeout, Amount::Off),
            ]),
            no_wasi: true,
            stub_imports: Some(StubImports::Zero),
            ..LoadOptions::default()
        };
        let spec = options.apply(manifest).unwrap();
        let config: Vec<String> = spec.config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(config, ["a=1", "b=3", "c=5=6", "d=", "e="]);
        assert_eq!(spec.timeout, Some(Duration::from_secs(9)));
        assert_eq!(spec.memory_bytes_max, Some(65_536));
        assert_eq!(spec.var_bytes_max, Spec::default().var_bytes_max);
        assert!(!spec.wasi && spec.stub_imports == Some(StubImports::Zero));
        assert_eq!(
            spec.allowed_paths,
            [
                AllowedPath { host: "/data".into(), guest: "/d".into(), read_only: true },
                AllowedPath { host: "/tmp".into(), guest: "/tmp".into(), read_only: false },
            ]
        );
        for nothing in ["", "null", "{}"] {
            let options = LoadOptions { set_config: Some(nothing.into()), ..LoadOptions::default() };
            assert_eq!(options.apply(Spec::default()).unwrap(), Spec::default());
        }
        let bad = LoadOptions { set_config: Some("[1]".into()), ..LoadOptions::default() };
        assert!(bad.apply(Spec::default()).unwrap_err().message.starts_with("`--set-config` wants a JSON object"));
    }
}
