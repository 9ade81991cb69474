//! A program compiled: its modules, the provider of each import, and its callable functions.

use std::sync::Arc;

use wasmtime::{FuncType, Linker, Module, ValType};

use super::backtrace::ModulePlaces;
use super::codegen::error_line;
use super::compile::CompileRequest;
use super::ctx::Ctx;
use super::debugged::DebugImage;
use super::engine::{EnginePool, Engines};
use super::instrumentation::Instrumentation;
use super::item_type::item_type;
use super::link::{self, Linked, Named};
use super::maps::{Maps, maps_of_code};
use super::outline::{Holdings, Outline};
use super::stubs;
use crate::runtime::host_functions::{EXTISM, WASI};
use crate::runtime::imports::name_since_1;
use crate::runtime::{Export, Failure, FailureKind, ImportName, Interface, ModuleBytes, Program, Spec, imports};

/// An exported function that can be called.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    Unit,
    Code,
}

/// A program compiled for the native host.
pub struct NativeImage {
    pub pool: Arc<EnginePool>,
    pub linker: Arc<Linker<Ctx>>,
    /// In the order they are instantiated, main last.
    pub modules: Vec<Linked>,
    pub places: ModulePlaces,
    /// `None` where no debugger can stop the instances.
    pub debug: Option<Arc<DebugImage>>,
    pub wasi: bool,
    pub interface: Interface,
    /// The shapes of the callable functions; shared with the instances, as their names are.
    pub shapes: Arc<[Shape]>,
    _maps: Maps,
}

impl NativeImage {
    /// Compiles and checks a program. Takes long; ends soon after the request for it was given up.
    ///
    /// # Errors
    /// A module does not compile, an import is missing, or the request was given up.
    pub fn compile(engines: &Engines, program: &Program, request: &Arc<CompileRequest>) -> Result<Self, Failure> {
        let pool = engines.pool(program.spec.instrumentation())?;
        let maps = Maps::take(maps_of_code(program.modules.len()))?;
        let mut compiled = Vec::with_capacity(program.modules.len());
        for bytes in &program.modules {
            let module = pool.module(program, bytes, request).map_err(|mut failure| {
                if program.modules.len() > 1 {
                    failure.message = format!("module `{}`: {}", bytes.name, failure.message);
                }
                failure
            })?;
            compiled.push((bytes.name.clone(), module));
        }
        let order = link::order(&compiled);
        let uses_wasi = compiled.iter().any(|(_, module)| module.imports().any(|i| i.module() == WASI));
        if uses_wasi && !program.spec.wasi {
            return Err(imports::wasi_is_off());
        }
        let linker = extended_linker(&pool, &compiled, uses_wasi, &program.spec)?;
        let holdings: Vec<Holdings> = program.modules.iter().map(holdings).collect();
        let modules = link::resolve(&pool, &compiled, &holdings, &order, &program.spec)?;
        let Some(main) = modules.last().map(|linked| linked.module.clone()) else {
            return Err(link::no_module());
        };
        let (functions, shapes): (Vec<String>, Vec<Shape>) =
            main.exports().filter_map(|e| Some((e.name().to_string(), shape(e.ty().func()?)?))).unzip();
        let imports = main
            .imports()
            .map(|import| ImportName { module: import.module().to_owned(), name: import.name().to_owned() })
            .collect();
        let exports = main
            .exports()
            .map(|export| Export { name: export.name().to_owned(), ty: item_type(&export.ty()) })
            .collect();
        let Instrumentation { fuel, debug } = pool.instrumentation;
        let debug = debug.then(|| Arc::new(DebugImage::new(&program.modules, named(&modules), fuel)));
        Ok(NativeImage {
            debug,
            pool,
            linker,
            places: module_places(&modules, &program.modules),
            modules,
            wasi: uses_wasi,
            interface: Interface::new(functions, imports, exports),
            shapes: shapes.into(),
            _maps: maps,
        })
    }
}

/// Compiled modules by their names.
fn named(modules: &[Linked]) -> impl Iterator<Item = (&str, &Arc<Module>)> {
    modules.iter().map(|linked| (linked.name.as_str(), &linked.module))
}

/// Memories and tables of an instance of a compiled module.
fn holdings(module: &ModuleBytes) -> Holdings {
    let wasm = wat::parse_bytes(&module.bytes).ok();
    wasm.and_then(|wasm| Outline::read(&wasm).ok()).map_or_else(Holdings::default, |outline| outline.holdings())
}

/// Where the code of linked modules is, for backtraces.
fn module_places(linked: &[Linked], program: &[ModuleBytes]) -> ModulePlaces {
    let place = |linked: &Linked| {
        let at = program.iter().position(|module| module.name == linked.name)?;
        Some((linked.module.image_range().start as usize, at))
    };
    linked.iter().filter_map(place).collect()
}

/// The shape of a callable function; `None` for one that is not callable.
fn shape(ty: &FuncType) -> Option<Shape> {
    let mut results = ty.results();
    match (ty.params().len(), results.len()) {
        (0, 0) => Some(Shape::Unit),
        (0, 1) if matches!(results.next(), Some(ValType::I32)) => Some(Shape::Code),
        _ => None,
    }
}

/// The engine's linker, or a copy of it with stubs and stand-ins.
fn extended_linker(
    pool: &EnginePool,
    modules: &[Named],
    uses_wasi: bool,
    spec: &Spec,
) -> Result<Arc<Linker<Ctx>>, Failure> {
    let base = if uses_wasi { &pool.wasi_linker } else { &pool.linker };
    if spec.stub_imports.is_none() && spec.imports.is_empty() {
        return Ok(base.clone());
    }
    let mut linker = Linker::clone(base);
    let provided = |module: &str, name: &str| {
        link::exporting(modules, module, name).is_some()
            || pool.function_type(module, name).is_some()
            || name_since_1(module, name).is_some_and(|name| pool.function_type(EXTISM, name).is_some())
    };
    for (_, module) in modules {
        stubs::add(&mut linker, module, &provided, spec).map_err(as_load)?;
    }
    Ok(Arc::new(linker))
}

fn as_load(error: wasmtime::Error) -> Failure {
    match error.downcast::<Failure>() {
        Ok(failure) => failure,
        Err(error) => Failure::new(FailureKind::Load, error_line(&error)),
    }
}
