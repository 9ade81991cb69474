//! Stubs: answers in place of a plugin's function, and processes for plugins that do not exist yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kernel::code::Code;
use crate::kernel::names;
use crate::kernel::process::Process;
use crate::runtime::ImportStandIn;
use crate::runtime::stand_in::StandInTypes;

/// What the source of a process is called that only stubs answer for.
pub(super) const ORIGIN: &str = "stub:";

/// What a stub answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StubAnswer {
    Bytes(Arc<[u8]>),
    /// Its input.
    Echo,
    /// What these commands of the shell print; the input is their `$INPUT`.
    Run(String),
}

/// A stub to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubSpec {
    /// A process's name, its source's, or its id: `cart` stands for `cart-2` too.
    pub plugin: String,
    pub function: String,
    pub answer: StubAnswer,
    /// Where it answers for an import too: the host function of some product.
    pub import: Option<StubbedImport>,
}

/// A host function that a stub answers for, by way of a process that only stubs answer for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubbedImport {
    pub module: String,
    /// What its arguments and results are, where that was said.
    pub types: Option<StandInTypes>,
}

impl StubSpec {
    /// A stub for the host function `module:function`: the process that answers is called by the module's last word.
    pub fn of_import(module: &str, function: &str, types: Option<StandInTypes>, answer: StubAnswer) -> Self {
        let import = Some(StubbedImport { module: module.to_owned(), types });
        StubSpec { plugin: process_of(module), function: function.to_owned(), answer, import }
    }

    /// As it was set, and is taken away: `PLUGIN.FUNCTION` or `MODULE:FUNCTION`.
    pub fn name(&self) -> String {
        match &self.import {
            Some(import) => format!("{}:{}", import.module, self.function),
            None => format!("{}.{}", self.plugin, self.function),
        }
    }

    /// What is linked to the import, if it is one.
    pub(super) fn stand_in(&self) -> Option<ImportStandIn> {
        let StubbedImport { module, types } = self.import.clone()?;
        let target = format!("{}.{}", self.plugin, self.function);
        Some(ImportStandIn { module, function: self.function.clone(), types, target })
    }
}

/// The name of the process that answers for a module's host functions: `user` for `extism:host/user`.
fn process_of(module: &str) -> String {
    let word = module.rsplit(['/', ':']).next().unwrap_or_default();
    let name: String =
        word.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect();
    if names::is_valid(&name) { name } else { "host".to_owned() }
}

/// A row of `stubs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubView {
    pub spec: StubSpec,
    /// Calls that it has answered.
    pub hits: u64,
}

/// A stub that is set.
pub struct Stub {
    spec: StubSpec,
    hits: AtomicU64,
}

impl Stub {
    /// Whether it answers for this function of this process.
    pub(super) fn is_for(&self, process: &Process, code: &Code, function: &str) -> bool {
        let plugin = &self.spec.plugin;
        let by_id = || plugin.starts_with(|c: char| c.is_ascii_digit()) && names_id(plugin, process);
        self.spec.function == function && (*plugin == process.name || *plugin == code.program.stem || by_id())
    }

    /// A stub that has answered nothing yet.
    pub(super) fn new(spec: StubSpec) -> Arc<Stub> {
        Arc::new(Stub { spec, hits: AtomicU64::new(0) })
    }

    /// What it answers, to a call that is counted by this.
    pub(in crate::kernel) fn hit(&self) -> &StubAnswer {
        self.hits.fetch_add(1, Ordering::Relaxed);
        &self.spec.answer
    }

    /// As it was set.
    pub(super) fn spec(&self) -> &StubSpec {
        &self.spec
    }

    /// A row of `stubs`.
    pub(super) fn view(&self) -> StubView {
        StubView { spec: self.spec.clone(), hits: self.hits.load(Ordering::Relaxed) }
    }
}

fn names_id(reference: &str, process: &Process) -> bool {
    let (id, name) = reference.split_once(':').unwrap_or((reference, &process.name));
    id.parse() == Ok(process.id) && name == process.name
}
