//! A program compiled: its modules, who provides each of their imports, and what can be called.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::{ExternType, FuncType, ImportType, Linker, Module, ValType};

use super::ctx::Ctx;
use super::engine::{Engines, Workshop, code_bytes, one_line};
use super::instance::Instance;
use super::{abi, stubs, wasi};
use crate::runtime::{Failure, FailureKind, FunctionId, Guest, Image, Program, Spec, Upcalls};
use crate::text::did_you_mean;

/// The name that the callable module is linked by.
const MAIN: &str = "main";

/// Who provides an import.
pub enum Provider {
    Arena,
    /// An earlier module of the same program, by its place.
    Linked(usize),
    Host,
}

/// One module with its imports sorted out, in the order that instances are made.
pub struct Linked {
    pub name: String,
    pub module: Arc<Module>,
    pub providers: Vec<Provider>,
}

/// An exported function that can be called.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    Unit,
    Code,
}

/// A program compiled for the native host.
pub struct NativeImage {
    pub workshop: Arc<Workshop>,
    pub linker: Arc<Linker<Ctx>>,
    /// In the order they are instantiated, main last.
    pub modules: Vec<Linked>,
    pub wasi: bool,
    /// Shared with the instances, as the names are.
    pub shapes: Arc<[Shape]>,
    pub functions: Arc<[String]>,
    ids: HashMap<String, FunctionId>,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl NativeImage {
    /// Compiles and checks a program. Takes long; not interruptible.
    pub fn compile(engines: &Engines, program: &Program) -> Result<Self, Failure> {
        let workshop = engines.workshop(program.spec.fuel.is_some())?;
        let mut compiled = Vec::with_capacity(program.modules.len());
        for bytes in &program.modules {
            let module = workshop.module(bytes).map_err(|failure| match program.modules.len() {
                1 => failure,
                _ => Failure::new(failure.kind, format!("module `{}`: {}", bytes.name, failure.message)),
            })?;
            compiled.push((bytes.name.clone(), module));
        }
        let order = link_order(&compiled)?;
        let uses_wasi = compiled.iter().any(|(_, module)| module.imports().any(|i| i.module() == wasi::MODULE));
        if uses_wasi && !program.spec.wasi {
            let why = "the module imports WASI, which `--no-wasi` turns off";
            return Err(Failure::new(FailureKind::Load, why));
        }
        let linker = extended_linker(&workshop, &compiled, uses_wasi, &program.spec)?;
        let modules = resolve(&workshop, &compiled, &order, &program.spec)?;
        let Some(main) = modules.last().map(|linked| linked.module.clone()) else {
            return Err(Failure::new(FailureKind::Load, "the program has no module"));
        };
        let (functions, shapes): (Vec<String>, Vec<Shape>) =
            main.exports().filter_map(|e| Some((e.name().to_string(), shape(e.ty().func()?)?))).unzip();
        Ok(NativeImage {
            ids: functions.iter().zip(0..).map(|(name, id)| (name.clone(), FunctionId(id))).collect(),
            imports: main.imports().map(|import| format!("{}.{}", import.module(), import.name())).collect(),
            exports: main.exports().map(|export| format!("{}: {}", export.name(), describe(&export.ty()))).collect(),
            workshop,
            linker,
            modules,
            wasi: uses_wasi,
            shapes: shapes.into(),
            functions: functions.into(),
        })
    }
}

impl Image for NativeImage {
    fn functions(&self) -> &[String] {
        &self.functions
    }

    fn function(&self, name: &str) -> Option<FunctionId> {
        self.ids.get(name).copied()
    }

    fn imports(&self) -> &[String] {
        &self.imports
    }

    fn exports(&self) -> &[String] {
        &self.exports
    }

    fn code_bytes(&self) -> u64 {
        self.modules.iter().map(|linked| code_bytes(&linked.module)).sum()
    }

    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        Ok(Box::new(Instance::new(self, spec.clone(), up)?))
    }
}

/// How a function can be called, if it can.
fn shape(ty: &FuncType) -> Option<Shape> {
    let mut results = ty.results();
    match (ty.params().len(), results.len()) {
        (0, 0) => Some(Shape::Unit),
        (0, 1) if matches!(results.next(), Some(ValType::I32)) => Some(Shape::Code),
        _ => None,
    }
}

/// An export's type, for people.
pub fn describe(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => {
            let list =
                |types: &mut dyn Iterator<Item = ValType>| types.map(|ty| ty.to_string()).collect::<Vec<_>>().join(" ");
            let (params, results) = (list(&mut ty.params()), list(&mut ty.results()));
            format!("function ({params}) -> ({results})")
        }
        ExternType::Global(ty) => format!("global {}", ty.content()),
        ExternType::Table(ty) => format!("table of {}", ty.element()),
        ExternType::Memory(_) => "memory".into(),
        ExternType::Tag(_) => "tag".into(),
    }
}

/// The order in which modules are made: what a module imports from comes before it, main last.
fn link_order(modules: &[(String, Arc<Module>)]) -> Result<Vec<usize>, Failure> {
    fn visit(
        at: usize,
        modules: &[(String, Arc<Module>)],
        path: &mut Vec<usize>,
        order: &mut Vec<usize>,
    ) -> Result<(), Failure> {
        if order.contains(&at) {
            return Ok(());
        }
        if path.contains(&at) {
            let why = format!("module `{}` imports from itself, by way of others", modules[at].0);
            return Err(Failure::new(FailureKind::Load, why));
        }
        path.push(at);
        for import in modules[at].1.imports() {
            if let Some(next) = modules.iter().position(|(name, _)| name == import.module()).filter(|next| *next != at)
            {
                visit(next, modules, path, order)?;
            }
        }
        path.pop();
        order.push(at);
        Ok(())
    }
    let main = modules.iter().position(|(name, _)| name == MAIN).unwrap_or(modules.len().saturating_sub(1));
    let mut order = Vec::new();
    for at in (0..modules.len()).filter(|at| *at != main).chain([main]) {
        visit(at, modules, &mut Vec::new(), &mut order)?;
    }
    if order.last() != Some(&main) {
        return Err(Failure::new(FailureKind::Load, "a linked module imports from `main`"));
    }
    Ok(order)
}

fn linked_export(modules: &[(String, Arc<Module>)], module: &str, name: &str) -> Option<usize> {
    modules.iter().position(|(linked, code)| linked == module && code.get_export(name).is_some())
}

/// The engine's linker, or a copy of it with stubs and stand-ins.
fn extended_linker(
    workshop: &Workshop,
    modules: &[(String, Arc<Module>)],
    uses_wasi: bool,
    spec: &Spec,
) -> Result<Arc<Linker<Ctx>>, Failure> {
    let base = if uses_wasi { &workshop.wasi_linker } else { &workshop.linker };
    if spec.stub_imports.is_none() && spec.imports.is_empty() {
        return Ok(base.clone());
    }
    let mut linker = Linker::clone(base);
    let provided =
        |module: &str, name: &str| workshop.provides(module, name) || linked_export(modules, module, name).is_some();
    for (_, module) in modules {
        stubs::add(&mut linker, module, &provided, spec.stub_imports, &spec.imports).map_err(as_load)?;
    }
    Ok(Arc::new(linker))
}

fn as_load(error: wasmtime::Error) -> Failure {
    match error.downcast::<Failure>() {
        Ok(failure) => failure,
        Err(error) => Failure::new(FailureKind::Load, one_line(&error)),
    }
}

/// Says for each import of each module who provides it; an import that nobody does is an error that names it.
fn resolve(
    workshop: &Workshop,
    modules: &[(String, Arc<Module>)],
    order: &[usize],
    spec: &Spec,
) -> Result<Vec<Linked>, Failure> {
    let mut done = Vec::with_capacity(order.len());
    let mut unknown = Vec::new();
    for at in order {
        let (name, module) = &modules[*at];
        let mut providers = Vec::new();
        for import in module.imports() {
            let (from, what) = (import.module(), import.name());
            let stand_in = spec.imports.iter().any(|s| s.module == from && s.function == what);
            let linked = linked_export(modules, from, what).and_then(|i| order.iter().position(|o| *o == i));
            providers.push(match linked {
                _ if stand_in => Provider::Host,
                Some(place) => Provider::Linked(place),
                None if from == abi::MODULE && workshop.arena_exports.contains(what) => Provider::Arena,
                None if workshop.provides(from, what) => Provider::Host,
                None if spec.stub_imports.is_some() && import.ty().func().is_some() => Provider::Host,
                None => {
                    unknown.push(import);
                    Provider::Host
                }
            });
        }
        done.push(Linked { name: name.clone(), module: module.clone(), providers });
    }
    match unknown.first() {
        None => Ok(done),
        Some(first) => Err(unknown_import(workshop, first, unknown.len() - 1)),
    }
}

/// Names the first import that nobody provides, how many more there are, and what can be done about it.
fn unknown_import(workshop: &Workshop, import: &ImportType<'_>, more: usize) -> Failure {
    let (module, name, ty) = (import.module(), import.name(), import.ty());
    let near = did_you_mean(name, workshop.functions_of(module));
    let way_on = match ty.func() {
        _ if !near.is_empty() => near,
        // What is no function cannot be stood in for.
        None => {
            "; only functions can come from outside a plugin: build it with its own, or `--link` what has it".to_owned()
        }
        Some(function) if stubs::can_stand_in(function) => format!(
            "; `--import {module}.{name}=PLUGIN.FUNCTION` has a plugin stand in, `--stub-imports trap` loads it anyway"
        ),
        Some(_) => "; `--stub-imports trap` loads it anyway".to_owned(),
    };
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Failure::new(FailureKind::Load, format!("unknown import `{module}.{name}` ({}){more}{way_on}", describe(&ty)))
}
