//! The intended differences of the hosts, in one table, which the README contains.

/// One intended difference, with the cases that show it.
pub struct Difference {
    /// The behaviour of plugsh's own host and of the SDK.
    pub what: &'static str,
    /// The reason for the difference.
    pub why: &'static str,
    pub cases: &'static [&'static str],
}

pub const ALL: &[Difference] = &[
    Difference {
        what: "a kill ends one call; in the SDK it ends every running call of the same image",
        why: "the SDK cancels by the engine's epoch, which all instances of an image share",
        cases: &["time: a kill of a nested callee of the same module"],
    },
    Difference {
        what: "an http redirect must lead to an allowed host; the SDK looks at the first URL only",
        why: "a redirect would otherwise reach any host",
        cases: &["http: a redirect to a host that is not allowed"],
    },
    Difference {
        what: "memory growth beyond a limit is refused with -1, as wasm has it; in the SDK it ends the call",
        why: "a guest can then do without; one that traps over it still fails as out of memory",
        cases: &["memory: a growth beyond the limit", "memory: a growth beyond the module's own maximum"],
    },
    Difference {
        what: "a memory may grow to its module's own maximum; in the SDK it stops a page before it",
        why: "an off-by-one in the SDK's limiter",
        cases: &["memory: a growth to the module's own maximum"],
    },
    Difference {
        what: "what an instance starts with counts towards its memory limit; in the SDK only what it grows by does",
        why: "the limit says what it may hold, and not what it may gain",
        cases: &["memory: what it starts with counts"],
    },
    Difference {
        what: "a call may make 4,000,000 blocks; in the SDK as many as there is memory for",
        why: "the table of blocks is the host's and is bounded; the SDK's look-ups take milliseconds by then",
        // Shown by a unit test of the table: the SDK would take seconds to get there.
        cases: &[],
    },
    Difference {
        what: "what a guest writes over a block's header changes nothing; the SDK believes it",
        why: "a forged header makes the SDK read and write outside of the memory",
        cases: &["blocks: a header that was written over"],
    },
    Difference {
        what: "before the first block and after the last one there is nothing to read; in the SDK there is the kernel's state",
        why: "where the input and the output lie is the host's to know; no PDK reads it there",
        cases: &["blocks: what stands before the first one"],
    },
    Difference {
        what: "tables count towards the memory limit; in the SDK they do not",
        why: "a table can take as much memory as a memory can",
        cases: &["memory: a table beyond the limit"],
    },
    Difference {
        what: "tables have 10,000,000 elements together at most, structs and arrays 32 MiB; in the SDK what wasm allows",
        why: "one instruction may copy all elements, or free all objects, and nothing ends it meanwhile",
        cases: &["memory: a table of more elements than are allowed", "memory: an array larger than is allowed"],
    },
    Difference {
        what: "a key of a config value or var and the description of an http request have 16 MiB at most, and a log line is cut \
               there; the SDK takes what there is memory for",
        why: "each is read at once, outside of the memory limit",
        cases: &["config: a key longer than is allowed"],
    },
    Difference {
        what: "a failure has its message and its return code; `Plugin::call` gives the message alone",
        why: "the SDK's call that keeps the code takes a code without a message for success",
        cases: &[
            "end: a message and a code",
            "end: a message of the PDK's",
            "end: a code and a message of the PDK's",
            "end: a very long message",
            "end: the instance lives on after an error",
        ],
    },
    Difference {
        what: "text that is not UTF-8, as an error message or a log line, is shown as far as it is text; the SDK \
               replaces it by an error",
        why: "half a message says more than none",
        cases: &["end: a message that is not UTF-8", "logs: a line that is not UTF-8"],
    },
    Difference {
        what: "`get_log_level` gives the level that is kept; in the SDK it is the same for the whole process",
        why: "the SDK logs to `tracing`, whose level is global: plugsh sets it to trace and drops lines later",
        cases: &[
            "logs: the level is warn",
            "logs: the level is off",
            "logs: a handle that is none, where the line is not kept",
        ],
    },
    Difference {
        what: "standard output and error of WASI go to the plugin's log, and with `EXTISM_ENABLE_WASI_OUTPUT` or `call --wasi` to plugsh's own; in the SDK without that they go nowhere",
        why: "what a plugin prints often says why it failed",
        cases: &["wasi: standard output", "wasi: standard error"],
    },
    Difference {
        what: "a sleep in WASI ends when the call must end; in the SDK it is slept to its end",
        why: "the SDK's cancel is seen by wasm code alone",
        cases: &["wasi: a long nap ends at the deadline"],
    },
    Difference {
        what: "writing in a read-only folder is `EPERM`; in the SDK it is `ENOTSUP`",
        why: "the SDK wraps the folder, plugsh opens it without the right to write",
        cases: &["wasi: the error in a read-only folder"],
    },
    Difference {
        what: "one folder can be allowed at several places; the SDK opens it at the one that comes last",
        why: "the SDK keeps allowed paths by the folder's name",
        cases: &["wasi: one folder at two places"],
    },
    Difference {
        what: "an instance has 256 files and folders open at most; in the SDK what the system allows",
        why: "the system's bound is the whole shell's, and one plugin could use it up",
        // Shown by a unit test of the bound: the system's own may be lower.
        cases: &[],
    },
    Difference {
        what: "a single file can be allowed; the SDK opens folders only, and such a plugin is refused there",
        why: "a plugin that needs one file need not see what lies beside it",
        cases: &["wasi: a single file"],
    },
    Difference {
        what: "a plugin can be given WASI's environment, arguments and standard input; the SDK has no way to, and such a plugin is refused there",
        why: "programs that are built as WASI commands read them",
        cases: &["wasi: arguments", "wasi: an environment", "wasi: standard input"],
    },
    Difference {
        what: "an instance that exits through WASI is not used again; the SDK goes on with it",
        why: "an exit leaves the guest in the middle of its code, its stack pointer where it was",
        cases: &["wasi: an exit with code 0 is well", "wasi: after an exit"],
    },
    Difference {
        what: "an exit through WASI with an error message set gives both; the SDK loses that it was an exit",
        why: "the SDK wraps the exit in the message",
        cases: &["wasi: an exit with code 0 and a message"],
    },
    Difference {
        what: "initialisers and start functions can use every host function; the SDK's have no memory yet",
        why: "the SDK sets up its pointers at the first call: plugsh refuses what would read through them",
        cases: &["start: an initialiser starts a plugin"],
    },
    Difference {
        what: "an export named `_initialize` that is no initialiser is left alone; the SDK refuses the module",
        why: "what the SDK links modules with takes the name for the purpose",
        cases: &["start: an initialiser of another type is left alone"],
    },
    Difference {
        what: "what the SDK's kernel exports for the host alone (`reset`, `input_set`, …) is not offered to guests",
        why: "no PDK has them, and a guest could take its own input away",
        cases: &["imports: what is for the host alone"],
    },
    Difference {
        what: "wasm exceptions are on; the SDK has them behind a feature that is off by default",
        why: "compilers have begun to use them",
        cases: &["wasm: exceptions"],
    },
    Difference {
        what: "`length` of a handle with the top bit set answers plugsh's bulk requests; the SDK gives 0",
        why: "so can a guest find out whether there is a faster way to copy, without importing it",
        cases: &["blocks: length of a handle with the top bit set"],
    },
    Difference {
        what: "modules may import functions from each other in a circle; the SDK cannot link them",
        why: "Extism's JavaScript SDK links them; the extism crate would follow the circle until its stack ends, and so is \
              not given them",
        cases: &["linked: modules in a circle", "linked: a module that imports from itself"],
    },
    Difference {
        what: "a plugin from before Extism 1.0 (it imports `env.extism_alloc` and the like) runs; the SDK does not load it",
        why: "the functions are the same but for their names",
        cases: &["imports: a plugin from before Extism 1.0"],
    },
    Difference {
        what: "an exit code above 125 is told; the SDK says only that there was one",
        why: "WASI's range ends there, and compilers' runtimes exit beyond it",
        cases: &["wasi: an exit with a code above 125"],
    },
    Difference {
        what: "a module may export both `_start` and `_initialize`; the SDK refuses it",
        why: "what the SDK links modules with wants one of them",
        cases: &["start: an initialiser beside a command"],
    },
];
