//! What can be done about a failure, as data: each way on that this room and the kernel above it know of. The sentence
//! about it, with the commands and options that it names, is the shell's, which hands its words down as a [`Wording`].

use super::limit::{Limit, PluginLimit};

/// A way on after a failure. Texts in it are made safe to show where they were a stranger's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// A limit of the kernel's is to be raised.
    Raise(Limit),
    /// A limit of the plugin's own is to be raised.
    RaisePlugin(PluginLimit),
    /// The plugin is to ask for less memory, or all processes are to have more.
    AskForLessMemory,
    /// The native host does it.
    NativeHost,
    /// The native host has the exceptions of wasm.
    NativeHostForExceptions,
    /// WASI was turned off when the plugin was loaded.
    WasiIsOff,
    /// Requests to a host are to be allowed, by this pattern.
    AllowHost(String),
    /// Functions that nobody provides can be stubbed.
    StubImports,
    /// The plugin is to be built in another way.
    Rebuild { origin: ImportOrigin, stub: StubHelp },
    /// The plugin's source or toolchain settings are to be changed.
    Build(BuildChange),
    /// The module that has what was imported is to be linked; its name, where the import tells it.
    LinkModule { module: Option<String> },
    /// A plugin can stand in for the function `import`; or the module that has it is linked, where it may be one's.
    StandIn { import: String, module: Option<String> },
    /// The argument of an imported function can be handed on as a number.
    ImportAsNumber { import: String },
    /// A known name is close to the one that was given.
    DidYouMean(String),
    /// The functions that a plugin has: the first [`FUNCTIONS_MAX`] by name, and how many there are.
    Functions { first: Vec<String>, count: usize },
    /// The processes are to be listed.
    ListProcesses,
    /// The plugins are to be listed; for a person, also how directories are added.
    ListPlugins { for_person: bool },
    /// A file here has the name: its path is to be written out.
    WritePath(String),
    /// One of those that run is to be waited for, or more are to be allowed.
    WaitForOne,
    /// A process that crashed for good is to be restarted; why it crashed.
    Restart { process: u32, crash: String },
    /// A reload is to be forced.
    Force,
    /// A breakpoint is to be set.
    HoldCalls,
    /// A breakpoint is to hold the call when it returns.
    HoldOnReturn,
    /// The output of the held call is to be replaced.
    ReplaceOutput,
    /// One of the rules of its kind is to be deleted.
    DeleteRule(RuleKind),
    /// A stub is to be set again.
    SetStub,
    /// A plugin is to be loaded with leave to load `source`.
    GrantLoad { plugin: String, source: String },
    /// It was loaded with a list of what it may call, which is to have `function` too.
    GrantCall { allowed: String, function: String },
    /// A policy with a rule for `plugin` is to be loaded that lets it load `source`.
    RulesForLoad { plugin: String, source: String },
    /// A policy's rule is to allow loading this.
    RuleForLoad(String),
    /// A policy's rule is to allow calling this.
    RuleForCall(String),
}

/// Most functions that [`Advice::Functions`] names.
pub const FUNCTIONS_MAX: usize = 40;

/// What the debugger keeps a bounded list of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    Hold,
    Fault,
    Stub,
}

/// The toolchain, interface or product that an import gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOrigin {
    AssemblyScript,
    /// A library that is loaded at run time.
    DynamicLibrary,
    Emscripten,
    /// Go for JavaScript.
    Go,
    /// Open Policy Agent.
    Opa,
    /// A program with threads: it wants a shared memory.
    Threads,
    /// WASI's interface of 2019.
    WasiUnstable,
    WasiThreads,
    WasiPreview2,
    WasmBindgen,
}

/// How a module that cannot be compiled is built otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildChange {
    /// As a core module, where it is a component.
    CoreModule,
    /// Without threads and shared memory.
    OneThread,
    /// With memories and tables of 32 bits.
    Wasm32,
    /// With memory pages of 64 KiB.
    StandardPages,
    OneMemory,
    /// With functions that the compiler can take.
    SmallerFunctions,
    /// Without the feature of wasm that the message names.
    WithoutFeature,
}

impl BuildChange {
    /// Every change, in the order of their numbers.
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

/// Whether stubs help a plugin that imports what nobody provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StubHelp {
    Loads,
    /// What is missing is no function itself.
    None,
    /// Another missing import is no function: its name and type.
    NotFor {
        import: String,
        ty: String,
    },
}

/// How an advice is told: the words of whoever stands above. Without any a failure is told without a way on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wording(Option<fn(&Advice) -> String>);

impl Wording {
    /// Words that are put behind the message, with what separates them from it.
    pub const fn new(words: fn(&Advice) -> String) -> Wording {
        Wording(Some(words))
    }

    /// The message with the advice in words behind it.
    pub fn line(self, message: &str, advice: Option<&Advice>) -> String {
        match (self.0, advice) {
            (Some(words), Some(advice)) => format!("{message}{}", words(advice)),
            _ => message.to_owned(),
        }
    }
}
