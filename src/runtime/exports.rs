//! Exports of language runtimes: callable, but left out of suggestions and lists.

/// Names that a compiler, linker or language runtime exports for itself.
const NAMES: &[&str] = &[
    "_initialize",
    "hs_init",
    "hs_exit",
    "hs_perform_gc",
    "setThrew",
    "stackSave",
    "go_scheduler",
    "resume",
    "rust_eh_personality",
];
/// The prefixes of their names. C reserves two underscores for the implementation, and other languages follow.
const PREFIXES: &[&str] = &["__", "asyncify_", "emscripten_", "_emscripten_"];

/// Whether an export is a language runtime's own.
pub fn is_runtime_export(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::is_runtime_export;

    #[test]
    fn only_what_a_runtime_has_for_itself_is_taken_for_its_own() {
        for name in ["_initialize", "__wasm_call_ctors", "__arg_start", "asyncify_get_state", "emscripten_stack_init"] {
            assert!(is_runtime_export(name), "{name}");
        }
        for name in ["_start", "run", "_private", "initialize", "async_run"] {
            assert!(!is_runtime_export(name), "{name}");
        }
    }
}
