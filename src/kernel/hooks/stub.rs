//! Stubs: answers in place of a plugin's function, and processes for plugins that do not exist yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::journal::Filter;
use crate::kernel::code::Code;
use crate::kernel::names;
use crate::kernel::process::Process;
use crate::runtime::ImportStandIn;
use crate::runtime::stand_in::StandInTypes;

/// The origin of a process whose calls only stubs answer.
pub(super) const ORIGIN: &str = "stub:";

/// The answer of a stub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StubAnswer {
    Bytes(Arc<[u8]>),
    /// The input.
    Echo,
    /// The output of these shell commands; the input is their `$INPUT`.
    Run(String),
}

/// A stub to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubSpec {
    /// The name of a process or of its source, or an id: `cart` stands for `cart-2` too.
    pub plugin: String,
    pub function: String,
    /// The calls that it answers; `None`: all of the function.
    pub filter: Option<Filter>,
    pub answer: StubAnswer,
    /// The import that it answers for too: the host function of some product.
    pub import: Option<StubbedImport>,
}

/// A host function that a stub answers for. Its calls go to a process that has no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubbedImport {
    pub module: String,
    /// Argument and result types, if given.
    pub types: Option<StandInTypes>,
}

impl StubSpec {
    /// A stub for the host function `module:function`. The name of the answering process is the last word of the
    /// module.
    pub fn of_import(module: &str, function: &str, types: Option<StandInTypes>, answer: StubAnswer) -> Self {
        let import = Some(StubbedImport { module: module.to_owned(), types });
        StubSpec { plugin: process_of(module), function: function.to_owned(), filter: None, answer, import }
    }

    /// Name in commands: `PLUGIN.FUNCTION` or `MODULE:FUNCTION`.
    pub fn name(&self) -> String {
        match &self.import {
            Some(import) => format!("{}:{}", import.module, self.function),
            None => format!("{}.{}", self.plugin, self.function),
        }
    }

    /// The stand-in to link for the import, if it is for one.
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
    /// Count of calls that it has answered.
    pub hits: u64,
}

/// A stub that is set.
pub struct Stub {
    spec: StubSpec,
    hits: AtomicU64,
}

impl Stub {
    /// Whether it answers calls of this function of this process.
    pub(super) fn is_for(&self, process: &Process, code: &Code, function: &str) -> bool {
        let plugin = &self.spec.plugin;
        let by_id = || plugin.starts_with(|c: char| c.is_ascii_digit()) && names_id(plugin, process);
        self.spec.function == function && (*plugin == process.name || *plugin == code.program.stem || by_id())
    }

    /// A stub without hits.
    pub(super) fn new(spec: StubSpec) -> Arc<Stub> {
        Arc::new(Stub { spec, hits: AtomicU64::new(0) })
    }

    /// Counts a hit and returns the answer.
    pub(in crate::kernel) fn hit(&self) -> &StubAnswer {
        self.hits.fetch_add(1, Ordering::Relaxed);
        &self.spec.answer
    }

    /// Specification of the stub.
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
