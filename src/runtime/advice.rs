//! Advice on failures, as data: the remedies that this room and the kernel know. The sentences, with their commands and
//! options, are the shell's, which passes them down as a [`Wording`].

use std::fmt;

use super::limit::PluginLimit;
use crate::limits::Limit;

/// A remedy for a failure. Untrusted texts in it are escaped.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Advice {
    /// Raise a limit of the kernel.
    Raise(Limit),
    /// Raise a limit of the plugin.
    RaisePlugin(PluginLimit),
    /// Request less memory in the plugin, or raise the limit of all processes.
    AskForLessMemory,
    /// Use the native host, which supports the feature.
    NativeHost,
    /// Use the native host, which supports wasm exceptions.
    NativeHostForExceptions,
    /// Load the plugin with WASI, which was turned off for it.
    WasiIsOff,
    /// Allow requests to a host, by this pattern.
    AllowHost(String),
    /// Stub the functions without a provider.
    StubImports,
    /// Build the plugin in another way.
    Rebuild { origin: ImportOrigin, stub: StubHelp },
    /// Change the plugin's source or toolchain settings.
    Build(BuildChange),
    /// Link the module that exports the import; its name, where the import tells it.
    LinkModule { module: Option<String> },
    /// Have a plugin stand in for the function `import`, or link `module` where the import may be a module's.
    StandIn { import: String, module: Option<String> },
    /// Pass the argument of an imported function as a number.
    ImportAsNumber { import: String },
    /// Use this known name, which is close to the given one.
    DidYouMean(String),
    /// Choose among the functions of the process of this name: the first [`FUNCTIONS_MAX`] by name, and the number of
    /// all.
    Functions { process: String, first: Vec<String>, count: usize },
    /// List the processes.
    ListProcesses,
    /// List the nodes.
    ListNodes,
    /// Connect to a server of nodes.
    Connect,
    /// List the processes that ended last.
    ListEnded,
    /// Give the process another name.
    OtherName,
    /// Give the node another name.
    OtherNodeName,
    /// Replace the instance by one of its source as it is now.
    Reload,
    /// List the plugins; for a person, also tell how to add directories.
    ListPlugins { for_person: bool },
    /// Write the path of the file here that has the name.
    WritePath(String),
    /// Write the path of the directory here that has the name.
    WriteDirectory(String),
    /// Wait for one of the running ones to end, or allow more.
    WaitForOne,
    /// Restart a process that crashed for good, with the cause of its crash.
    Restart { process: u32, crash: String },
    /// Force a reload.
    Force,
    /// Set a breakpoint that holds the call at its return.
    HoldOnReturn,
    /// Delete one of the rules of this kind.
    DeleteRule(RuleKind),
    /// Set a stub again.
    SetStub,
    /// Write a SHA-256 in hexadecimal.
    WriteHash,
    /// Load a plugin with permission to load `source`.
    GrantLoad { plugin: String, source: String },
    /// Add `function` to `allowed`, the list of callable functions that the plugin was loaded with.
    GrantCall { allowed: String, function: String },
    /// Load a policy with a rule for `plugin` that allows loading `source`.
    RulesForLoad { plugin: String, source: String },
    /// Allow loading this in a policy's rule.
    RuleForLoad(String),
    /// Allow calling this in a policy's rule.
    RuleForCall(String),
}

/// Most functions that [`Advice::Functions`] names.
pub const FUNCTIONS_MAX: usize = 40;

/// The kinds of the debugger's bounded lists of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RuleKind {
    Hold,
    Fault,
    Stub,
}

/// The toolchain, interface or product that an import reveals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ImportOrigin {
    AssemblyScript,
    /// A dynamically linked library.
    DynamicLibrary,
    Emscripten,
    /// Go with its JavaScript target.
    Go,
    /// Open Policy Agent.
    Opa,
    /// A program with threads, which imports a shared memory.
    Threads,
    /// WASI's interface from 2019, `wasi_unstable`.
    WasiUnstable,
    WasiThreads,
    WasiPreview2,
    WasmBindgen,
}

/// A change to the build of a module that cannot be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum BuildChange {
    /// Build a core module: the file is a component.
    CoreModule,
    /// Without threads and shared memory.
    OneThread,
    /// With memories and tables of 32 bits.
    Wasm32,
    /// With memory pages of 64 KiB.
    StandardPages,
    OneMemory,
    /// With functions within the compiler's bounds.
    SmallerFunctions,
    /// Without the feature of wasm that the message names.
    WithoutFeature,
}

impl BuildChange {
    /// All changes in the order of their discriminants.
    pub const ALL: [BuildChange; 7] = [
        BuildChange::CoreModule,
        BuildChange::OneThread,
        BuildChange::Wasm32,
        BuildChange::StandardPages,
        BuildChange::OneMemory,
        BuildChange::SmallerFunctions,
        BuildChange::WithoutFeature,
    ];
}

/// Whether stubs help a plugin with imports without a provider.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum StubHelp {
    Loads,
    /// Stubs do not help: the missing import is no function.
    None,
    /// Another missing import is no function: its name and type.
    NotFor {
        import: String,
        ty: String,
    },
}

/// The words of the rooms above for what this room and the kernel know as values.
#[derive(Debug)]
pub struct Words {
    /// The text after a message, separator included.
    pub advice: fn(&Advice) -> String,
    /// The command that starts a process anew.
    pub restart: &'static str,
    /// The parent of the first processes, on whose orders processes and calls are killed.
    pub shell: &'static str,
    /// A job by its number.
    pub job: fn(u32) -> String,
}

/// The wording of values, supplied from above. Without one, failures are shown without advice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wording(Option<&'static Words>);

impl PartialEq for Wording {
    fn eq(&self, other: &Wording) -> bool {
        self.0.map(std::ptr::from_ref) == other.0.map(std::ptr::from_ref)
    }
}

impl Eq for Wording {}

impl Wording {
    /// A wording of these words.
    pub const fn new(words: &'static Words) -> Wording {
        Wording(Some(words))
    }

    /// The reason why a call ended, after which its process can start anew.
    pub fn restart(self) -> &'static str {
        self.0.map_or("a restart", |words| words.restart)
    }

    /// The parent of the first processes.
    pub fn shell(self) -> &'static str {
        self.0.map_or("its user", |words| words.shell)
    }

    /// A job by its number.
    pub fn job(self, job: u32) -> String {
        self.0.map_or_else(|| job.to_string(), |words| (words.job)(job))
    }

    /// The message followed by the advice in words.
    pub fn line(self, message: &str, advice: Option<&Advice>) -> String {
        match (self.0, advice) {
            (Some(words), Some(advice)) => format!("{message}{}", (words.advice)(advice)),
            _ => message.to_owned(),
        }
    }
}

/// A value whose words depend on the wording.
pub trait Worded {
    /// Writes the value in words.
    ///
    /// # Errors
    /// The formatter's.
    fn write(&self, wording: Wording, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// The value in words.
    fn words(&self, wording: Wording) -> String {
        fmt::from_fn(|f| self.write(wording, f)).to_string()
    }
}
