//! plugsh is a shell for WebAssembly plugins: the host is the operating system, Extism plugins are its processes.
//!
//! This file is the map. Five rooms; arrows point only down, and a room knows nothing of those above it:
//!
//! ```text
//! main.rs, cli.rs      argv -> mode -> exit code; prints the final error once
//!   front/             repl · script · pane · print: the only room that names rustyline, ratatui, crossterm and
//!                      comfy-table, and the only one that writes to the terminal
//!     shell/           line (tokens) · command/<one file a command> · session: a table of commands drives dispatch,
//!                      help, completion and docs; a command returns a `Reply` (data), it never prints
//!       kernel/        process table · call path · chains · jobs · policy · limits: the operating system; knows no wasm
//!         runtime/     one trait, two hosts: native/ (the only folder that names wasmtime) and sdk.rs (the extism crate)
//!         journal/     records of calls, filters, accounts, exports: pure data; knows no plugin, no clock of its own
//! ```
//!
//! Beside them stand `text` (words in messages, near names and what is safe to show), `json` (how figures are written),
//! `secrets` (what is left out of a URL that is shown), `ownership` (whose a file is), `machine` (what each system tells of
//! memory in its own way), `leftovers` (what a signal that ends the program must take away) and `allocator` (when freed
//! memory goes back to the system), the same in every room.
//!
//! What is deliberately absent: the kernel has no wasm types, the shell has no terminal, the journal has no processes,
//! and nothing below `front/` prints. `tests/tidy` keeps these arrows, and that every file opens with `//!`.
//!
//! # Twenty words
//!
//! | word | meaning |
//! |---|---|
//! | module | wasm bytes, as a source gives them |
//! | program | modules that are linked, with what they may do (`Spec`): what a source names |
//! | image | a program compiled; shared by all its instances |
//! | instance, guest | one running copy of an image, in one of the two hosts |
//! | host | what runs instances: native (our own, on wasmtime) or extism (the SDK) |
//! | block, handle | bytes that cross between a guest and its host, and the number that names them |
//! | arena | the memory of an instance that holds its blocks |
//! | process | a plugin by id and name, with a parent, a state and counters; it keeps one instance at most |
//! | table | all processes, the living and the lately dead |
//! | slot | what of a process is behind its lock: life, instance, who is in it, who waits |
//! | job | one command line of calls, on a thread of its own |
//! | chain, task | the calls that a job is nested in now, with deadline and kill word; what its thread runs them with |
//! | frame | one call of a chain |
//! | kill word | what a running instance looks at, to see that its call must end |
//! | record | what a call leaves behind; running ones have one too |
//! | journal | the bounded log of records |
//! | upcall | what an instance asks of the world above it |
//! | hook | what is set on calls: breakpoints, faults, stubs, the recorder |
//! | session | the variables, jobs and last output of one shell |
//! | reply | what a command gives: data with roles, that a front writes |
//!
//! # The way of one call
//!
//! `front.run 'x'` at the prompt, where `front` calls `count_vowels`:
//!
//! 1. `front/repl` reads the line and hands it to `shell/session`, as every front does.
//! 2. `shell/line` parses it; `shell/run` expands the words and finds the command in the table; `shell/calls` makes a
//!    `CallPlan` of it.
//! 3. `kernel/launch` starts a thread with a task and its chain; `kernel/call/enter` takes the process's slot and pushes a
//!    frame, or queues.
//! 4. `kernel/call/run` hands the input over and runs the instance: `runtime/native/instance` enters wasm.
//! 5. The guest calls `call_plugin`: `runtime/native/user` looks the handles up and asks `Upcalls`, which `kernel/upcalls`
//!    answers: steps 3 and 4 again, one frame deeper, on the same thread. The output goes from one arena into the other by
//!    one copy.
//! 6. `kernel/call/leave` pops each frame, judges what failed, and writes the record through the job's lane of `journal`.
//! 7. `shell/calls` makes a `Reply` of the job's end, and the front writes it.

pub mod allocator;
pub mod front;
pub mod journal;
pub mod json;
pub mod kernel;
pub mod leftovers;
pub mod machine;
pub mod ownership;
pub mod runtime;
pub mod secrets;
pub mod shell;
pub mod text;
