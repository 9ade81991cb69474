//! The native host: Extism's guest ABI directly on wasmtime.
