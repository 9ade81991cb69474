//! Words about how a plugin is built: whose the imports are that nobody provides and how a plugin does without them,
//! and how a module is built that can be compiled.

use crate::runtime::advice::{BuildChange, ImportOrigin, StubHelp};

const STUB: &str = "`--stub-imports trap` loads it anyway";
const NO_THREADS: &str = "build it without threads: a plugin has one";

/// Owner of the missing imports, another way to build the module, and whether a stub helps.
pub fn rebuild(origin: ImportOrigin, stub: &StubHelp) -> String {
    let (whose, cure) = origin_words(origin);
    let stub = match stub {
        StubHelp::Loads => stub_imports(),
        StubHelp::None => String::new(),
        StubHelp::NotFor { import, ty } => format!("; no stub helps, since `{import}` ({ty}) is no function"),
    };
    format!(": it is {whose}; {cure}{stub}")
}

/// Advice to build a module that can be compiled.
pub fn build_change(change: BuildChange) -> &'static str {
    match change {
        BuildChange::CoreModule => "; build it for `wasm32-wasip1` or `wasm32-unknown-unknown`",
        BuildChange::OneThread => "; build it without threads",
        BuildChange::Wasm32 => "; build it for `wasm32`",
        BuildChange::StandardPages => "; build it with wasm's 64 KiB pages",
        BuildChange::OneMemory => "; build it with one",
        BuildChange::SmallerFunctions => "; split it, or optimise it for size",
        BuildChange::WithoutFeature => "; build it without",
    }
}

/// Advice to load the module with stubs.
pub fn stub_imports() -> String {
    format!("; {STUB}")
}

/// Advice to link the module that has an import.
pub fn link_module(module: Option<&str>) -> String {
    match module {
        Some(module) => format!("; {}; only functions can come from elsewhere", link(module)),
        None => {
            "; only functions can come from outside a plugin: build it with its own, or `--link` what has it".into()
        }
    }
}

/// Advice to let a plugin stand in for a function.
pub fn stand_in(import: &str, module: Option<&str>) -> String {
    let link = module.map_or(String::new(), |module| format!("{}, ", link(module)));
    format!("; {link}`--import {import}=PLUGIN.FUNCTION` has a plugin stand in, {STUB}")
}

fn link(module: &str) -> String {
    format!("`--link {module}=SOURCE` links the module that has it")
}

fn origin_words(origin: ImportOrigin) -> (&'static str, &'static str) {
    match origin {
        ImportOrigin::AssemblyScript => {
            ("AssemblyScript's", "build it with `--use abort=FILE/FUNCTION`, a function of its own")
        }
        ImportOrigin::DynamicLibrary => {
            ("a dynamic library's", "build it as one module, without `-shared` or `-sSIDE_MODULE`")
        }
        ImportOrigin::Emscripten => {
            ("emscripten's, for JavaScript", "build it with `-sSTANDALONE_WASM --no-entry` and without C++ exceptions")
        }
        ImportOrigin::Go => {
            ("Go's, for JavaScript", "build it with `GOOS=wasip1 GOARCH=wasm`, or by TinyGo with `-target wasip1`")
        }
        ImportOrigin::Opa => ("Open Policy Agent's", "a compiled policy has an ABI of its own and is no Extism plugin"),
        ImportOrigin::Threads => ("a program's with threads", NO_THREADS),
        ImportOrigin::WasiUnstable => ("WASI's of 2019", "build it with a newer toolchain, for `wasm32-wasip1`"),
        ImportOrigin::WasiThreads => ("WASI's for threads", NO_THREADS),
        ImportOrigin::WasiPreview2 => {
            ("WASI preview 2's", "build it for `wasm32-wasip1`, as a module and no component")
        }
        ImportOrigin::WasmBindgen => (
            "wasm-bindgen's, for JavaScript",
            "turn off the feature of a crate that asks for it (`js`, `wasm-bindgen`, `wasmbind`), or build for \
             `wasm32-wasip1`",
        ),
    }
}
