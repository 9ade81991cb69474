//! `--coredump`: dumps of traps, read by wasmparser, which knows nothing of plugsh.

mod common;

use std::path::PathBuf;

use common::{Ended, plugsh};
use wasmparser::{CoreDumpInstance, CoreDumpStackFrame, ExternalKind, KnownCustom, Parser, Payload};

fn guest(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/guests/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a guest")
}

/// The dumps of a run, by name.
fn dumps(ended: &Ended) -> Vec<PathBuf> {
    let dir = std::fs::read_dir(ended.dir.path().join("dumps")).expect("a directory of dumps");
    let mut dumps: Vec<PathBuf> = dir.map(|dump| dump.expect("a dump").path()).collect();
    dumps.sort();
    dumps
}

/// The contents of a dump.
#[derive(Default)]
struct Dump {
    program: Option<String>,
    modules: usize,
    instances: Vec<CoreDumpInstance>,
    frames: Vec<CoreDumpStackFrame>,
    memories: u32,
    globals: u32,
    data_bytes: usize,
}

/// Every section of a dump.
fn read(bytes: &[u8]) -> Dump {
    let mut dump = Dump::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("a dump is a module") {
            Payload::CustomSection(custom) => match custom.as_known() {
                KnownCustom::CoreDump(section) => dump.program = Some(section.name.to_owned()),
                KnownCustom::CoreDumpModules(section) => dump.modules = section.modules.len(),
                KnownCustom::CoreDumpInstances(section) => dump.instances = section.instances,
                KnownCustom::CoreDumpStack(section) => dump.frames = section.frames,
                _ => panic!("section `{}`", custom.name()),
            },
            Payload::MemorySection(memories) => dump.memories = memories.count(),
            Payload::GlobalSection(globals) => dump.globals = globals.count(),
            Payload::DataSection(data) => {
                dump.data_bytes = data.into_iter().map(|data| data.expect("whole").data.len()).sum();
            }
            Payload::Version { .. } | Payload::End(_) => {}
            other => panic!("{other:?}"),
        }
    }
    dump
}

/// The index of an exported function, and the bytes of each function's body with its locals.
fn function(wasm: &[u8], export: &str) -> (u32, usize) {
    let (mut index, mut imported, mut bodies) = (None, 0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("valid wasm") {
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().map(|import| import.expect("an import").ty);
                imported = imports.filter(|ty| matches!(ty, wasmparser::TypeRef::Func(_))).count();
            }
            Payload::ExportSection(exports) => {
                let mut exports = exports.into_iter().map(|export| export.expect("an export"));
                index = exports.find(|it| it.kind == ExternalKind::Func && it.name == export).map(|it| it.index);
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            _ => {}
        }
    }
    let index = index.unwrap_or_else(|| panic!("no function `{export}`"));
    (index, bodies[index as usize - imported])
}

#[test]
fn a_trap_leaves_a_core_dump_where_one_is_wanted() {
    let run = |arguments: &[&str]| {
        let script =
            "load tax.wasm\ntax.wild\ntax.refuse\nload tax.wasm --as private --private\nprivate.wild\ntax.wild";
        let run = plugsh().file("tax.wasm", guest("tax.wasm")).file("script", script);
        run.args(arguments.iter().copied()).args(["--keep-going", "script"]).run()
    };
    let ended = run(&["--coredump", "dumps"]).stderr_has("core dump of `1:tax`: ").code(1);
    let names: Vec<_> = dumps(&ended).iter().map(|dump| dump.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["tax-2.core", "tax-6.core"], "an error is no trap, and a private plugin's memory stays its own");
    let ended = run(&[]).code(1);
    assert!(!ended.dir.path().join("dumps").exists() && !ended.stderr.contains("core dump"), "{}", ended.stderr);
}

#[test]
fn a_dump_names_the_functions_that_trapped_and_has_the_memory() {
    for (file, export, callee) in [("tax.wasm", "wild", None), ("ledger.wasm", "read", Some(25))] {
        let wasm = guest(file);
        let script = format!("load {file} --as guest\nguest.{export}\nshow 2 --json");
        let run = plugsh().file(file, &wasm).file("script", script);
        let ended = run.args(["--coredump", "dumps", "--keep-going", "script"]).run().code(1);
        let dump = read(&std::fs::read(&dumps(&ended)[0]).expect("a dump"));
        assert!(dump.program.is_some() && dump.modules > 0, "{file}");
        let (index, body_bytes) = function(&wasm, export);
        let outermost = dump.frames.last().unwrap_or_else(|| panic!("{file}: no frames"));
        assert_eq!(outermost.funcidx, index, "{file}: `{export}` is the outermost");
        assert!((outermost.codeoffset as usize) < body_bytes, "{file}: {} of {body_bytes}", outermost.codeoffset);
        // The stack of `show` is of other numbers of the trap; inlined frames have the function around them.
        let shown: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        let shown = shown["stack"].as_array().expect("a stack");
        let mut shown: Vec<u64> = shown.iter().filter_map(|frame| frame["function_index"].as_u64()).collect();
        shown.dedup();
        let dumped: Vec<u64> = dump.frames.iter().map(|frame| frame.funcidx.into()).collect();
        assert_eq!(dumped, shown, "{file}");
        assert_eq!(callee.is_some(), dumped.len() > 1, "{file}: {dumped:?}");
        for frame in &dump.frames {
            let instance = &dump.instances[frame.instanceidx as usize];
            assert!((instance.module_index as usize) < dump.modules, "{file}: {instance:?}");
            let in_dump = |index: &u32, count: u32| *index < count;
            assert!(instance.memories.iter().all(|memory| in_dump(memory, dump.memories)), "{file}: {instance:?}");
            assert!(instance.globals.iter().all(|global| in_dump(global, dump.globals)), "{file}: {instance:?}");
        }
        assert!(dump.memories > 0 && dump.data_bytes > 0, "{file}: no memory");
    }
}
