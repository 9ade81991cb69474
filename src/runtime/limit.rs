//! The limits that a kernel has, by name. How much each is, its default and its bounds stand in the kernel's table;
//! what sets it on a command line is the shell's to say.

/// Bytes of a page of WebAssembly memory.
pub const PAGE_BYTES: u64 = 65_536;

/// A limit of a kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Living processes in all.
    Processes,
    /// Living children of one process.
    Children,
    /// Calls nested in one chain.
    Depth,
    /// Calls a second that one process makes of others.
    CallRate,
    /// Jobs that run at once.
    Jobs,
    /// Output of one call, in bytes.
    Output,
    /// What all processes hold together, in bytes.
    Memory,
    /// Time of a call that has no timeout of its own.
    Timeout,
    /// Time to find, fetch and compile a plugin.
    LoadTimeout,
    /// Heavy modules that are compiled at once.
    Compilations,
    /// Memory of each such compilation, in bytes.
    CompileMemory,
    /// Log lines a second of one process.
    LogRate,
    /// Log text that is kept, in bytes.
    LogBytes,
    /// Ended calls that are kept.
    JournalRecords,
    /// Payloads that are kept, in bytes.
    PayloadBytes,
    /// Ended processes that are remembered.
    Dead,
}

/// A limit that each plugin is loaded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PluginLimit {
    /// What it may hold, in bytes.
    Memory,
    /// What its variables may hold, in bytes.
    Vars,
}
