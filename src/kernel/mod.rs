//! The operating system of plugins: process table, call path, chains, jobs, limits. Knows no wasm.
