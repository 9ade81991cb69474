//! The way to the extism crate's compiler: a program becomes its manifest and its compiled form.

use std::sync::Arc;

use extism::{CompiledPlugin, Manifest, PluginBuilder, Wasm};

use super::inspect::{Inspection, inspect};
use super::reserve::memory_bytes_max;
use super::{errors, link, stubs};
use crate::runtime::host_functions::WASI;
use crate::runtime::native::perf_map::{self, PERF_MAP};
use crate::runtime::product_function::ProductFunctions;
use crate::runtime::{Failure, FailureKind, PAGE_BYTES, Program, Tools, imports};

/// A compiled program, from which instances are made.
#[derive(Clone)]
pub struct Compiled {
    pub plugin: Arc<CompiledPlugin>,
    pub wasi: bool,
    /// Count of its modules.
    pub modules: usize,
}

/// Exports and imports of a program's modules, by the names that they are linked by.
///
/// # Errors
/// A module cannot be read.
pub fn inspections(program: &Program) -> Result<Vec<(&str, Inspection)>, Failure> {
    let modules = program.modules.iter();
    modules.map(|module| Ok((module.name.as_str(), inspect(&module.bytes)?))).collect()
}

/// The program, compiled by the SDK without a product's functions.
///
/// # Errors
/// A module cannot be read, or the SDK refuses the program.
pub fn compile_program(program: &Program) -> Result<Compiled, Failure> {
    compile(program, &inspections(program)?, Tools::default(), &ProductFunctions::default())
}

/// The program, whose modules were looked into before.
///
/// # Errors
/// The SDK refuses the program.
pub fn compile(
    program: &Program,
    inspections: &[(&str, Inspection)],
    tools: Tools,
    of_product: &ProductFunctions,
) -> Result<Compiled, Failure> {
    let spec = &program.spec;
    let mut imports = inspections.iter().flat_map(|(_, inspection)| &inspection.imports);
    let wasi = imports.any(|import| import.module == WASI);
    if wasi && !spec.wasi {
        return Err(imports::wasi_is_off());
    }
    let functions = stubs::functions(spec, inspections, of_product)?;
    link::check(spec, inspections, &functions)?;
    let manifest = manifest(program)?;
    let mut builder = PluginBuilder::new(manifest)
        .with_wasi(wasi)
        .with_http_response_headers(true)
        // wasmtime starts a thread for each cache, and each image has its engine.
        .with_cache_disabled()
        .with_functions(functions);
    if tools.perf_map {
        perf_map::prepare()?;
        builder = builder.with_profiling_strategy(PERF_MAP);
    }
    if let Some(fuel) = spec.fuel_given() {
        builder = builder.with_fuel_limit(fuel);
    }
    let plugin = builder.compile().map_err(|error| {
        Failure::new(
            FailureKind::Load,
            errors::error_line(&error).map(|reason| format!("not a valid wasm module: {reason}")),
        )
    })?;
    Ok(Compiled { plugin: Arc::new(plugin), wasi, modules: program.modules.len() })
}

fn manifest(program: &Program) -> Result<Manifest, Failure> {
    let modules = program.modules.iter().map(|module| Wasm::data(module.bytes.to_vec()).with_name(&module.name));
    let mut manifest = Manifest::new(modules);
    let spec = &program.spec;
    manifest.config = spec.config.clone().into();
    manifest.allowed_hosts = Some(spec.allowed_hosts.clone());
    manifest.memory.max_var_bytes = Some(spec.var_bytes_max);
    manifest.memory.max_http_response_bytes = Some(spec.http_response_bytes_max);
    let pages = memory_bytes_max(spec, u64::MAX) / PAGE_BYTES;
    manifest.memory.max_pages = Some(u32::try_from(pages).unwrap_or(u32::MAX));
    // For the SDK's own http requests; that a call ends in time is the kernel's to see to.
    manifest.timeout_ms = spec.timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    if !spec.wasi_input.is_empty() {
        let why = "the stock host gives a plugin no environment, arguments or standard input; the native one does";
        return Err(Failure::new(FailureKind::Load, why));
    }
    for path in &spec.allowed_paths {
        if path.host.is_file() {
            let shown = path.host.display();
            let why =
                format!("the stock host allows directories only, and `{shown}` is a file; the native one allows it");
            return Err(Failure::new(FailureKind::Load, why));
        }
        let host = path.host.to_str().ok_or_else(|| {
            let shown = path.host.display();
            Failure::new(FailureKind::Load, format!("the extism SDK cannot allow `{shown}`: it is not UTF-8"))
        })?;
        let host = if path.read_only { format!("ro:{host}") } else { host.to_owned() };
        manifest = manifest.with_allowed_path(host, &path.guest);
    }
    Ok(manifest)
}
