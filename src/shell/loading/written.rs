//! From a process back to the options of `load` that would make it again: the reverse of `LoadOptions::apply`.

use std::collections::BTreeMap;
use std::path::Path;

use super::imports::import_text;
use crate::journal::units::exact_duration;
use crate::kernel::hooks::StubView;
use crate::kernel::{CrashesMax, OnCrash, ProcessDetail, Restart};
use crate::limits::Amount;
use crate::runtime::{
    AllowedPath, FuelCount, Host, ImportStandIn, Notation, PAGE_BYTES, PLUGIN_LIMITS, Spec, StubImports,
};

/// An option of `load`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenOption {
    /// Without its dashes.
    pub option: &'static str,
    /// `None`: a flag.
    pub value: Option<String>,
    /// Whether the value has references to the environment in place of what they stand for.
    pub has_reference: bool,
}

/// The options that make a process of a program whose own spec is `own`. Paths below `dir` are written relative to it.
/// `stubs`: the imports that they answer for are none of the process's options.
pub fn options_of(detail: &ProcessDetail, own: &Spec, dir: &Path, stubs: &[StubView]) -> Vec<WrittenOption> {
    let mut options = Options(Vec::new());
    options.process(detail, dir);
    options.inputs(&detail.spec, own, dir);
    options.grants(&detail.spec, own, dir);
    options.limits(&detail.spec, own);
    options.imports(&detail.spec, own, stubs);
    options.0
}

struct Options(Vec<WrittenOption>);

impl Options {
    fn flag(&mut self, option: &'static str, is_on: bool) {
        if is_on {
            self.0.push(WrittenOption { option, value: None, has_reference: false });
        }
    }

    fn value(&mut self, option: &'static str, value: impl Into<String>) {
        self.0.push(WrittenOption { option, value: Some(value.into()), has_reference: false });
    }

    /// `KEY=VALUE`, with the value as it was written, where that is known.
    fn entry(&mut self, option: &'static str, key: &str, value: &str, written: &BTreeMap<String, String>) {
        let as_written = written.get(key);
        let text = format!("{key}={}", as_written.map_or(value, String::as_str));
        self.0.push(WrittenOption { option, value: Some(text), has_reference: as_written.is_some() });
    }

    /// Host, supervision, watch, links.
    fn process(&mut self, detail: &ProcessDetail, dir: &Path) {
        if detail.view.host != Host::default() {
            self.value("host", detail.view.host.as_str());
        }
        match detail.supervision.restart {
            Restart::OnCrash(None) => {}
            Restart::Never => self.value("restart", "never"),
            Restart::OnCrash(Some(CrashesMax { crashes_max, window })) => {
                self.value("restart", format!("on-crash={crashes_max}/{}", exact_duration(window)));
            }
        }
        if detail.supervision.on_crash == OnCrash::Kill {
            self.value("on-crash", "kill");
        }
        if let Some(node) = &detail.spec.on {
            self.value("on", node.clone());
        }
        self.flag("watch", detail.is_watched);
        self.flag("debug", detail.spec.debugged);
        self.flag("fuel-count", detail.spec.fuel_count == FuelCount::Asked);
        for (name, origin) in &detail.links {
            self.value("link", format!("{name}={}", source_text(origin, dir)));
        }
    }

    /// Configuration and WASI's input.
    fn inputs(&mut self, spec: &Spec, own: &Spec, dir: &Path) {
        let changed = spec.config.iter().filter(|(key, value)| own.config.get(*key) != Some(value));
        // `K=V` ends the key at its first `=`; a JSON object holds any key.
        let (objects, entries): (Vec<_>, Vec<_>) = changed.partition(|(key, _)| key.contains('='));
        if !objects.is_empty() {
            let object: serde_json::Value =
                objects.into_iter().map(|(key, value)| (key.clone(), serde_json::Value::from(value.clone()))).collect();
            self.value("set-config", object.to_string());
        }
        for (key, value) in entries {
            self.entry("config", key, value, &spec.written.config);
        }
        for (key, value) in &spec.wasi_input.env {
            self.entry("env", key, value, &spec.written.env);
        }
        for argument in spec.wasi_input.given_args() {
            self.value("arg", argument.clone());
        }
        if let Some(stdin) = &spec.wasi_input.stdin {
            self.value("stdin", source_text(&stdin.to_string_lossy(), dir));
        }
    }

    /// Hosts, paths, loads and calls; no WASI, private.
    fn grants(&mut self, spec: &Spec, own: &Spec, dir: &Path) {
        for host in spec.allowed_hosts.iter().skip(own.allowed_hosts.len()) {
            self.value("allow-host", host.clone());
        }
        for path in spec.allowed_paths.iter().skip(own.allowed_paths.len()) {
            let below = path.host.strip_prefix(dir).ok();
            let below = below.map(|host| if host.as_os_str().is_empty() { Path::new(".") } else { host });
            let path = AllowedPath { host: below.unwrap_or(&path.host).to_owned(), ..path.clone() };
            self.value("allow-path", path.to_string());
        }
        for pattern in spec.may_load.iter().skip(own.may_load.len()) {
            self.value("may-load", source_text(pattern, dir));
        }
        for pattern in spec.may_call.iter().flatten() {
            self.value("may-call", pattern.clone());
        }
        self.flag("no-wasi", own.wasi && !spec.wasi);
        self.flag("private", spec.private && !own.private);
    }

    fn limits(&mut self, spec: &Spec, own: &Spec) {
        for row in PLUGIN_LIMITS.iter().filter(|row| (row.value)(spec) != (row.value)(own)) {
            let text = match ((row.value)(spec), row.notation) {
                (Amount::Off, _) => continue,
                (Amount::Bytes(bytes), Notation::Memory) if bytes % PAGE_BYTES == 0 => {
                    format!("{}p", bytes / PAGE_BYTES)
                }
                (Amount::Bytes(bytes), Notation::Memory) => format!("{bytes}b"),
                (Amount::Bytes(count) | Amount::Count(count), _) => count.to_string(),
                (Amount::Time(time), _) => exact_duration(time),
            };
            self.value(row.option, text);
        }
    }

    /// Stand-ins that are not a stub's, and what other imports do.
    fn imports(&mut self, spec: &Spec, own: &Spec, stubs: &[StubView]) {
        for import in spec.imports.iter().skip(own.imports.len()).filter(|import| !is_stubbed(import, stubs)) {
            self.value("import", import_text(import));
        }
        match spec.stub_imports.filter(|_| own.stub_imports.is_none()) {
            Some(StubImports::Trap) => self.value("stub-imports", "trap"),
            Some(StubImports::Zero) => self.value("stub-imports", "zero"),
            None => {}
        }
    }
}

fn is_stubbed(import: &ImportStandIn, stubs: &[StubView]) -> bool {
    let answers = |stub: &&StubView| {
        let spec = &stub.spec;
        let module = spec.import.as_ref().map(|import| &import.module);
        module == Some(&import.module) && import.target == format!("{}.{}", spec.plugin, spec.function)
    };
    stubs.iter().any(|stub| answers(&stub) && stub.spec.function == import.function)
}

/// A source or a pattern of sources, relative to `dir` where it is a path below it.
pub fn source_text(source: &str, dir: &Path) -> String {
    let below = Path::new(source).strip_prefix(dir).ok().filter(|below| below.components().count() > 0);
    match below.map(|below| below.to_string_lossy().into_owned()) {
        // Without a suffix or a `/` it would be a name.
        Some(below) if crate::runtime::source::is_name(&below) => format!("./{below}"),
        Some(below) => below,
        None => source.to_owned(),
    }
}
