//! plugsh is a shell for WebAssembly plugins: the host is the operating system, Extism plugins are its processes.
//!
//! A product that runs plugins links [`System`]: it and its module are promised, all other modules are plugsh's own and
//! change without notice.
//!
//! # The map
//!
//! Rooms from the top down; arrows point only down, and a room knows nothing of those above it:
//!
//! ```text
//! main.rs, cli, modes   argv -> mode -> exit code; prints the final error once
//!   front/             repl · script · pane · print: the only room that names rustyline, ratatui, crossterm and
//!                      comfy-table, and the only one that writes to the terminal
//!   system/            the promised interface for products: a system of plugins; names no shell unless it is served
//!     serve/           a kernel behind a socket: the wire, a server with a session a client, and the client's side
//!       dap/           a debug adapter for editors: requests, stops, stacks and variables as JSON values
//!         shell/       line (tokens) · command/<one file a command> · session: a table of commands drives dispatch,
//!                      help, completion and docs; a command returns a `Reply` (data), it never prints
//!         node/        the other end of `runtime/remote`: compiled programs and instances for kernels elsewhere
//!           kernel/    process table · call path · chains · jobs · policy · limits: the operating system, no wasm
//!             runtime/ one trait, two hosts: native/ (the only folder that names wasmtime) and sdk/ (the extism
//!                      crate); remote/ has the native host's instances on a node
//!             journal/ records of calls, filters, accounts, exports: pure data; knows no plugin, no clock of its own
//!               nats/  a connection to a NATS server: subjects and bytes
//! ```
//!
//! Rooms of one column do not name each other.
//!
//! Modules that every room may use: `text` (words and escaping of messages), `json` (how figures are written),
//! `limits` (the limits of a kernel, a row each), `secrets` (what is left out of a URL), `ownership` (who owns a file),
//! `machine` (what each system tells about memory), `leftovers` (temporary files and child programs that a signal must
//! not leave behind), `locks` (the order in which locks are taken), `thread_pool` (threads for work that waits),
//! `name_glob` (globs over names), `allocator` (when freed memory goes back to the system) and `image_origin` (where a
//! compiled program came from).
//!
//! Deliberate gaps: the kernel has no wasm types, the shell has no terminal, the journal has no processes, and nothing
//! below `front/` prints. `ROOMS` of `tests/tidy` lists the arrows room by room; its tests hold them, and that every
//! file opens with `//!`.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | module | the bytes of one wasm file |
//! | program | one or more linked modules with their permissions (`Spec`), as a source gives them |
//! | image | a compiled program, shared by all its instances |
//! | instance, guest | a running copy of an image in one of the two hosts |
//! | host | the runtime of instances: native (on wasmtime, here or on a node) or extism (the stock SDK) |
//! | home, node | a plugsh that has processes, and one that holds instances for it on another machine |
//! | wire | what a home and a node say to each other; a conversation is one request and all that follows from it |
//! | block, handle | bytes exchanged between guest and host, and the number by which both name them |
//! | arena | the memory of an instance that holds its blocks |
//! | process | a plugin with an id, a name, a parent, a state and counters; it has at most one instance |
//! | table | the living processes and the last dead ones |
//! | load | the start of a process: look-up, image, instance, start functions; a record as a call is |
//! | slot | the part of a process behind its lock: state, instance, current chain, queue |
//! | job | the calls of one command line, on a thread of their own |
//! | chain | the stack of nested calls of a job, with its deadline and cancel flag |
//! | started call | a call that runs beside its caller, a chain of its own below it; a ticket is its record's number |
//! | task | a chain with what its thread needs to run it: the kernel and a lane of the journal |
//! | frame | one call of a chain |
//! | cancel flag | an atomic of the chain that a running instance polls; set when its call must end |
//! | record | the log entry of a call, a load or a request to the host; its number is given at the start |
//! | journal | the bounded log of records |
//! | lane | the part of the journal that one thread writes to |
//! | upcall | a request of an instance to the kernel |
//! | product | a program that links plugsh and gives its plugins host functions of its own |
//! | hook | a breakpoint, a fault, a stub or a recorder, which changes or observes calls |
//! | stub, stand-in | an answer in a plugin's place; a plugin in the place of a product's host function |
//! | supervision | what follows a crash: a reset, a restart, an end |
//! | project | a system of plugins as a file, `plugsh.toml`, which `up` starts |
//! | session | the state of one shell: variables, jobs, options, last output |
//! | owner | one of the shells of a kernel: whose jobs, breakpoints and notices are whose |
//! | server, client | who serves a kernel over a socket, and who comes to it; the wire is what they say |
//! | reply | the result of a command as data (lines with roles, a table, JSON, bytes), which a front writes |
//!
//! # One call, file by file
//!
//! `front.run 'x'` at the prompt, where `front` calls `count_vowels`:
//!
//! 1. `front/repl` reads the line, and `shell/line` parses it. The session runs each statement, as for every front.
//! 2. `shell/run` expands the first word and finds its command in the table. `front.run` is none: `shell/calls` reads
//!    it as `call front run` and makes a `CallPlan` with the looked-up process.
//! 3. `kernel/launch` makes the job: a chain, a task, and a thread, on which `kernel/pipe` runs the plan stage by
//!    stage.
//! 4. `kernel/call/enter` asks the policy, takes the process's slot, or a place in its queue, and pushes a frame.
//! 5. `kernel/call/run` copies the input into the instance and runs it: `runtime/native/instance` enters wasm.
//! 6. The guest needs `count_vowels`, and calls `register_plugin`: `kernel/spawn` looks the source up, takes or
//!    compiles its image (`runtime/images`) and adds a process to the table. The load is a record below the call's.
//! 7. The guest calls `call_plugin`. `runtime/native/user` resolves the handles and calls `Upcalls`, which
//!    `kernel/upcalls` implements: steps 4 and 5 again, on the same thread and chain, one frame deeper. The output is
//!    copied once, from the callee's arena to the caller's.
//!    A guest that calls `start_call` instead gets a ticket: the nested call is a chain of its own (`kernel/parallel`).
//!    A thread of `thread_pool` runs it, or its caller at `join_call`, if no thread has begun it.
//! 8. `kernel/call/leave` pops each frame, classifies a failure, and writes the record to the task's lane
//!    (`journal/lane`). `kernel/call/entered` gives the instance back once the output was read.
//! 9. The job's end wakes `shell/waits`. `shell/calls` makes a `Reply` of it, and the front writes that.

#[doc(hidden)]
pub mod allocator;
#[cfg(feature = "shell")]
#[doc(hidden)]
pub mod dap;
#[cfg(feature = "terminal")]
#[doc(hidden)]
pub mod front;
#[doc(hidden)]
pub mod image_origin;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod json;
#[doc(hidden)]
pub mod kernel;
#[doc(hidden)]
pub mod leftovers;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod locks;
#[doc(hidden)]
pub mod machine;
#[doc(hidden)]
pub mod name_glob;
#[cfg(feature = "nodes")]
#[doc(hidden)]
pub mod nats;
#[cfg(feature = "nodes")]
#[doc(hidden)]
pub mod node;
#[doc(hidden)]
pub mod ownership;
#[doc(hidden)]
pub mod runtime;
#[doc(hidden)]
pub mod secrets;
#[cfg(feature = "shell")]
#[doc(hidden)]
pub mod serve;
#[cfg(feature = "shell")]
#[doc(hidden)]
pub mod shell;
pub mod system;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod thread_pool;

pub use system::System;
