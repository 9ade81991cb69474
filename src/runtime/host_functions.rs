//! The table of functions that plugins import from the host: names, namespaces, types, summaries.
//!
//! Both hosts match on its rows, so a row that one of them lacks does not compile. The conformance suite, the fuzzer
//! and the lists in the documents are made from it. WASI's functions are not in it, but for
//! their names: `native/wasi` has them.

use super::stand_in_types::NumberType;

/// The namespace of Extism's functions.
pub const EXTISM: &str = "extism:host/env";
/// The namespaces of the functions that concern other plugins: PDKs import from either.
pub const PLUGINS: [&str; 2] = ["extism:host/user", "env"];
/// The namespace of the same functions with ids in blocks, for PDKs that pass every value as a block.
pub const BLOCKS: &str = "plugsh:blocks";
/// All namespaces of the functions that concern other plugins.
const PLUGINS_AND_BLOCKS: [&str; 3] = [PLUGINS[0], PLUGINS[1], BLOCKS];
/// The namespace of the functions that move bytes by one copy.
pub const BULK: &str = "plugsh:bulk";
/// The namespace of WASI preview 1.
pub const WASI: &str = "wasi_snapshot_preview1";

/// The functions of WASI preview 1, sorted.
pub const WASI_FUNCTIONS: [&str; 46] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_advise",
    "fd_allocate",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_pwrite",
    "fd_read",
    "fd_readdir",
    "fd_renumber",
    "fd_seek",
    "fd_sync",
    "fd_tell",
    "fd_write",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "poll_oneoff",
    "proc_exit",
    "proc_raise",
    "random_get",
    "sched_yield",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
];

/// Longest plugin or function name that a guest may hand over, in bytes.
pub const NAME_BYTES_MAX: u64 = 4096;

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct HostFunction {
    pub name: &'static str,
    /// The namespaces that it can be imported from.
    pub namespaces: &'static [&'static str],
    pub params: &'static [Value],
    pub result: Option<Value>,
    /// Summary for documents: lower case, no final stop.
    pub summary: &'static str,
}

/// A parameter or a result: its name in documents, and its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    pub name: &'static str,
    pub ty: NumberType,
}

/// Makes an enum of one group of rows: `Variant = name(parameter: type, …) -> result: type, "summary";`.
macro_rules! functions {
    (
        $(#[$doc:meta])* $group:ident in $namespaces:expr;
        $($id:ident = $name:ident($($param:ident: $ty:ident),*) $(-> $result:ident: $result_ty:ident)?, $summary:literal;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $group { $($id),* }

        impl $group {
            /// Every function of the group, in the table's order.
            pub const ALL: &'static [$group] = &[$($group::$id),*];

            /// The function's row.
            pub fn row(self) -> &'static HostFunction {
                match self {
                    $($group::$id => &HostFunction {
                        name: stringify!($name),
                        namespaces: $namespaces,
                        params: &[$(Value { name: stringify!($param), ty: NumberType::$ty }),*],
                        result: functions!(@result $($result: $result_ty)?),
                        summary: $summary,
                    }),*
                }
            }
        }
    };
    (@result) => { None };
    (@result $result:ident: $ty:ident) => { Some(Value { name: stringify!($result), ty: NumberType::$ty }) };
}

functions! {
    /// Functions that read the memory of blocks. They are wasm: the native host has them in `arena.wat`.
    ArenaFunction in &[EXTISM];
    LoadU8 = load_u8(offset: I64) -> byte: I32, "a byte of a block";
    LoadU64 = load_u64(offset: I64) -> bytes: I64, "eight bytes of a block";
    StoreU8 = store_u8(offset: I64, byte: I32), "write a byte into a block";
    StoreU64 = store_u64(offset: I64, bytes: I64), "write eight bytes into a block";
    InputLength = input_length() -> length: I64, "the length of the input";
    InputOffset = input_offset() -> input: I64, "the block that holds the input";
    InputLoadU8 = input_load_u8(offset: I64) -> byte: I32, "a byte of the input";
    InputLoadU64 = input_load_u64(offset: I64) -> bytes: I64, "eight bytes of the input";
}

functions! {
    /// Extism's functions that are answered by the host. The extism crate answers them itself.
    ExtismFunction in &[EXTISM];
    Alloc = alloc(length: I64) -> block: I64, "a new block of so many bytes";
    Free = free(block: I64), "give a block back";
    Length = length(block: I64) -> length: I64, "the length of a block, 0 where none begins";
    LengthUnsafe = length_unsafe(block: I64) -> length: I64, "the length of a block, without a check that it is one";
    OutputSet = output_set(offset: I64, length: I64), "say where the output lies";
    ErrorSet = error_set(message: I64), "say what went wrong";
    ErrorGet = error_get() -> message: I64, "what `error_set` was last given";
    MemoryBytes = memory_bytes() -> bytes: I64, "the size of the memory of blocks";
    ConfigGet = config_get(key: I64) -> value: I64, "a value of the configuration, 0 when there is none";
    VarGet = var_get(key: I64) -> value: I64, "a variable that an earlier call set, 0 when there is none";
    VarSet = var_set(key: I64, value: I64), "set a variable, or remove it by the value 0";
    HttpRequest = http_request(request: I64, body: I64) -> body: I64, "send an HTTP request to an allowed host";
    HttpStatusCode = http_status_code() -> status: I32, "the status of the last response";
    HttpHeaders = http_headers() -> headers: I64, "the headers of the last response, as JSON";
    LogTrace = log_trace(message: I64), "log a message of level trace";
    LogDebug = log_debug(message: I64), "log a message of level debug";
    LogInfo = log_info(message: I64), "log a message of level info";
    LogWarn = log_warn(message: I64), "log a message of level warn";
    LogError = log_error(message: I64), "log a message of level error";
    GetLogLevel = get_log_level() -> level: I32, "the lowest level that is kept";
}

functions! {
    /// Functions that concern other plugins.
    PluginFunction in &PLUGINS_AND_BLOCKS;
    RegisterPlugin = register_plugin(name: I64) -> id: I64,
        "start a process; the caller becomes its parent. A failure stops the caller";
    CallPlugin = call_plugin(id: I64, function: I64, input: I64) -> output: I64,
        "call a function of a process. A failure stops the caller with an error that names the chain";
    TryCallPlugin = try_call_plugin(id: I64, function: I64, input: I64) -> output: I64,
        "call a function of a process, a failure being a value: the output is then 0, as it is for no bytes";
    CallError = call_error() -> message: I64,
        "why the last `try_call_plugin` or `try_join_call` failed, 0 when it did not";
    StartCall = start_call(id: I64, function: I64, input: I64) -> ticket: I64,
        "start a call that runs beside the caller. What is not joined when the caller ends is ended with it";
    PollCall = poll_call(ticket: I64) -> ended: I64, "1 when a started call has ended, so that a join would not wait";
    JoinCall = join_call(ticket: I64) -> output: I64,
        "wait for a started call. A failure of it stops the caller, as that of `call_plugin` does";
    TryJoinCall = try_join_call(ticket: I64) -> output: I64,
        "wait for a started call, a failure being a value: the output is then 0, as it is for no bytes";
    FreePlugin = free_plugin(id: I64), "end a process that the caller, or one below it, spawned. A failure stops the caller";
    FindPlugin = find_plugin(name: I64) -> id: I64, "the id of a living process, 0 when there is none";
    SelfPlugin = self_plugin() -> id: I64, "the caller's own id";
    ParentPlugin = parent_plugin() -> id: I64, "the id of the caller's parent, 0 for the shell";
}

functions! {
    /// Functions that copy between a block and the guest's memory in one go. The native host alone has them.
    BulkFunction in &[BULK];
    Read = read(block: I64, offset: I64, ptr: I32, length: I32) -> done: I32, "copy from a block into memory; 1 when it was done";
    Write = write(block: I64, offset: I64, ptr: I32, length: I32) -> done: I32, "copy from memory into a block; 1 when it was done";
}

/// Every row of the table.
pub fn all() -> impl Iterator<Item = &'static HostFunction> {
    let extism = ArenaFunction::ALL.iter().map(|f| f.row()).chain(ExtismFunction::ALL.iter().map(|f| f.row()));
    extism.chain(PluginFunction::ALL.iter().map(|f| f.row())).chain(BulkFunction::ALL.iter().map(|f| f.row()))
}

impl HostFunction {
    /// The function as documents write it: `find_plugin(name) -> id`.
    pub fn signature(&self) -> String {
        let params: Vec<&str> = self.params.iter().map(|param| param.name).collect();
        let result = self.result.map_or_else(String::new, |result| format!(" -> {}", result.name));
        format!("{}({}){result}", self.name, params.join(", "))
    }

    /// An import of the function in wasm's text form, which names it by its own name.
    pub fn import(&self, namespace: &str) -> String {
        let params: String = self.params.iter().map(|param| format!(" (param {})", param.ty.as_str())).collect();
        let result = self.result.map_or_else(String::new, |result| format!(" (result {})", result.ty.as_str()));
        let name = self.name;
        format!("(import \"{namespace}\" \"{name}\" (func ${name}{params}{result}))")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_function_is_written_as_documents_and_as_wat_have_it() {
        let find = PluginFunction::FindPlugin.row();
        assert_eq!(find.signature(), "find_plugin(name) -> id");
        assert_eq!(find.import("env"), "(import \"env\" \"find_plugin\" (func $find_plugin (param i64) (result i64)))");
        assert_eq!(PluginFunction::FreePlugin.row().signature(), "free_plugin(id)");
    }

    #[test]
    fn no_two_rows_have_one_name() {
        let mut seen = HashSet::new();
        for row in all() {
            assert!(row.namespaces.iter().all(|namespace| seen.insert((namespace, row.name))), "{}", row.name);
        }
    }
}
