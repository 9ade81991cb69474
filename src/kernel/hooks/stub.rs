//! Stubs: answers in place of a plugin's function, and processes for plugins that do not exist yet.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Hooks, RULES_MAX};
use crate::kernel::code::Code;
use crate::kernel::process::Process;
use crate::kernel::task::Task;
use crate::kernel::view::ProcessLabel;
use crate::kernel::{Kernel, names};
use crate::runtime::stand_in::StandInTypes;
use crate::runtime::{
    Failure, FailureKind, FunctionId, Guest, Image, ImportStandIn, MemoryUse, Program, Spec, Upcalls,
};

/// What the source of a process is called that only stubs answer for.
const ORIGIN: &str = "stub:";

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
    fn stand_in(&self) -> Option<ImportStandIn> {
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

/// A call that commands are to answer. They run on the job's thread.
pub struct StubCall<'a> {
    pub kernel: Arc<Kernel>,
    pub commands: &'a str,
    pub input: &'a [u8],
    pub process: ProcessLabel,
    /// True when the call must end now: the commands have to stop.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Runs a stub's commands; their output, or why they failed. The shell gives it to the kernel.
pub type StubRunner = Arc<dyn Fn(StubCall<'_>) -> Result<Vec<u8>, String> + Send + Sync>;

/// A stub that is set.
pub struct Stub {
    spec: StubSpec,
    hits: AtomicU64,
}

impl Stub {
    fn is_for(&self, process: &Process, code: &Code, function: &str) -> bool {
        let plugin = &self.spec.plugin;
        let by_id = || plugin.starts_with(|c: char| c.is_ascii_digit()) && names_id(plugin, process);
        self.spec.function == function && (*plugin == process.name || *plugin == code.program.stem || by_id())
    }

    /// What it answers to an input.
    pub(in crate::kernel) fn answer(
        &self,
        task: &Arc<Task>,
        process: &Process,
        input: &[u8],
    ) -> Result<Arc<[u8]>, Failure> {
        self.hits.fetch_add(1, Ordering::Relaxed);
        match &self.spec.answer {
            StubAnswer::Bytes(bytes) => Ok(bytes.clone()),
            StubAnswer::Echo => Ok(input.into()),
            StubAnswer::Run(commands) => {
                let runner = task.kernel.hooks().stub_runner.read().clone();
                let Some(runner) = runner else {
                    return Err(Failure::new(FailureKind::Denied, "its stub has no shell to run commands in"));
                };
                let cancelled = {
                    let chain = task.chain.clone();
                    Arc::new(move || chain.is_cancelled())
                };
                let call =
                    StubCall { kernel: task.kernel.clone(), commands, input, process: process.label(), cancelled };
                // The commands' own calls are foreground jobs for a while; Ctrl-C is for this one's again then.
                let foreground = task.kernel.foreground.lock().clone();
                let answer = task.kernel.waits().while_answered(task.chain.id, process.label(), || runner(call));
                *task.kernel.foreground.lock() = foreground;
                let failed = |message: String| Failure::new(FailureKind::Guest, format!("its stub failed: {message}"));
                answer.map(Arc::from).map_err(failed)
            }
        }
    }
}

fn names_id(reference: &str, process: &Process) -> bool {
    let (id, name) = reference.split_once(':').unwrap_or((reference, &process.name));
    id.parse() == Ok(process.id) && name == process.name
}

impl Hooks {
    /// The stub that answers for a function of a process, if one does.
    pub fn stub_for(&self, process: &Process, code: &Code, function: &str) -> Option<Arc<Stub>> {
        if !self.armed() {
            return None;
        }
        self.rules.read().stubs.iter().find(|stub| stub.is_for(process, code, function)).cloned()
    }

    /// What stubs answer for of a program's imports, beside what it has a stand-in for already.
    pub fn stubbed_imports(&self, spec: &Spec) -> Vec<ImportStandIn> {
        if !self.armed() {
            return Vec::new();
        }
        let rules = self.rules.read();
        let stand_ins = rules.stubs.iter().filter_map(|stub| stub.spec.stand_in());
        let has = |new: &ImportStandIn| {
            spec.imports.iter().any(|old| old.module == new.module && old.function == new.function)
        };
        stand_ins.filter(|new| !has(new)).collect()
    }

    /// The names that stubs answer for.
    pub fn stub_names(&self) -> Vec<String> {
        let rules = self.rules.read();
        let names = rules.stubs.iter().map(|stub| stub.spec.plugin.clone());
        names.filter(|name| names::is_valid(name)).collect()
    }

    /// What can be loaded by a name that only stubs answer for.
    pub fn stub_program(&self, name: &str) -> Option<Arc<Program>> {
        self.stub_names().iter().any(|known| known == name).then(|| {
            let (origin, stem) = (format!("{ORIGIN}{name}"), name.to_string());
            Arc::new(Program { modules: Vec::new(), spec: Spec::default(), origin, stem })
        })
    }

    /// The image of such a program; `None` when it is a real one.
    pub fn stub_image(&self, program: &Program) -> Option<Arc<dyn Image>> {
        if !program.modules.is_empty() || !program.origin.starts_with(ORIGIN) {
            return None;
        }
        let rules = self.rules.read();
        let of_it = rules.stubs.iter().filter(|stub| stub.spec.plugin == program.stem);
        let functions: Vec<String> = of_it.map(|stub| stub.spec.function.clone()).collect();
        let exports = functions.iter().map(|function| format!("{function}: a stub")).collect();
        Some(Arc::new(StubImage { functions, exports }))
    }

    /// Sets the stubs of another kernel here.
    pub fn take_stubs_of(&self, other: &Hooks) {
        let specs: Vec<StubSpec> = other.rules.read().stubs.iter().map(|stub| stub.spec.clone()).collect();
        *self.stub_runner.write() = other.stub_runner.read().clone();
        let stubs = specs.into_iter().map(|spec| Arc::new(Stub { spec, hits: AtomicU64::new(0) }));
        self.change(|rules| rules.stubs.extend(stubs));
    }
}

impl Kernel {
    /// Sets a stub, in place of the one for the same function. Past [`RULES_MAX`] it is refused.
    pub fn set_stub(&self, spec: StubSpec) -> Result<(), String> {
        let is_id = spec.plugin.starts_with(|c: char| c.is_ascii_digit());
        if !is_id && !names::is_valid(&spec.plugin) {
            return Err(format!("`{}` cannot be the name of a plugin", spec.plugin));
        }
        self.hooks().change(|rules| {
            let same = |stub: &Arc<Stub>| stub.spec.plugin == spec.plugin && stub.spec.function == spec.function;
            rules.stubs.retain(|stub| !same(stub));
            if rules.stubs.len() >= RULES_MAX {
                return Err(format!("{RULES_MAX} stubs are set, the limit; `unstub NAME.FUNCTION` takes one away"));
            }
            rules.stubs.push(Arc::new(Stub { spec, hits: AtomicU64::new(0) }));
            Ok(())
        })
    }

    /// Takes away the stub of an import; false when there was none.
    pub fn unstub_import(&self, name: &str) -> bool {
        self.hooks().change(|rules| {
            let before = rules.stubs.len();
            rules.stubs.retain(|stub| stub.spec.import.is_none() || stub.spec.name() != name);
            before != rules.stubs.len()
        })
    }

    /// Takes away a plugin's stub for a function, or all of them; how many there were.
    pub fn unstub(&self, plugin: &str, function: Option<&str>) -> usize {
        self.hooks().change(|rules| {
            let before = rules.stubs.len();
            rules.stubs.retain(|stub| {
                stub.spec.plugin != plugin || function.is_some_and(|function| function != stub.spec.function)
            });
            before - rules.stubs.len()
        })
    }

    /// The stubs, in the order they were set.
    pub fn stubs(&self) -> Vec<StubView> {
        let view = |stub: &Arc<Stub>| StubView { spec: stub.spec.clone(), hits: stub.hits.load(Ordering::Relaxed) };
        self.hooks().rules.read().stubs.iter().map(view).collect()
    }

    /// Who runs the commands of stubs from now on.
    pub fn set_stub_runner(&self, runner: StubRunner) {
        *self.hooks().stub_runner.write() = Some(runner);
    }
}

impl fmt::Display for StubAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StubAnswer::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            StubAnswer::Echo => f.write_str("--echo"),
            StubAnswer::Run(commands) => write!(f, "--run {commands}"),
        }
    }
}

/// The image of a plugin that only stubs answer for.
struct StubImage {
    functions: Vec<String>,
    exports: Vec<String>,
}

impl Image for StubImage {
    fn functions(&self) -> &[String] {
        &self.functions
    }

    fn function(&self, name: &str) -> Option<FunctionId> {
        self.functions.iter().position(|function| function == name).map(|at| FunctionId(at as u32))
    }

    fn imports(&self) -> &[String] {
        &[]
    }

    fn exports(&self) -> &[String] {
        &self.exports
    }

    fn code_bytes(&self) -> u64 {
        0
    }

    fn instantiate(&self, _spec: &Arc<Spec>, _up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        Ok(Box::new(StubGuest))
    }
}

/// An instance of it: it has nothing, and answers nothing by itself.
struct StubGuest;

impl Guest for StubGuest {
    fn set_input(&mut self, _input: &[u8], _up: &dyn Upcalls) -> Result<(), Failure> {
        Ok(())
    }

    fn run(&mut self, _function: FunctionId, _up: Arc<dyn Upcalls>) -> Result<u64, Failure> {
        Err(Failure::new(FailureKind::Guest, "its stub was taken away; `stub NAME.FUNCTION = BYTES` sets one"))
    }

    fn output(&self) -> &[u8] {
        &[]
    }

    fn memory(&self) -> MemoryUse {
        MemoryUse::default()
    }
}
