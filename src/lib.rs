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
//! Beside them stands `text`: words in messages, near names and what is safe to show, the same in every room.
//!
//! What is deliberately absent: the kernel has no wasm types, the shell has no terminal, the journal has no processes,
//! and nothing below `front/` prints. `tests/tidy.rs` keeps these arrows, and that every file opens with `//!`.

pub mod front;
pub mod journal;
pub mod kernel;
pub mod runtime;
pub mod shell;
pub mod text;
