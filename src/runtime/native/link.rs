//! Linking the modules of a program: their instantiation order and the provider of each import.
//!
//! Modules may import functions in a circle, as in Extism's JavaScript SDK: a function of a later module is looked up
//! when it is called.

use std::sync::Arc;

use wasmtime::{ExternType, Module};

use super::engine::EnginePool;
use super::item_type::item_type;
use super::outline::Holdings;
use super::stubs;
use crate::runtime::host_functions::EXTISM;
use crate::runtime::imports::{self, Missing, MissingKind, Offered};
use crate::runtime::{Failure, FailureKind, Spec};

/// The link name of the callable module.
const MAIN: &str = "main";

/// A module with its link name.
pub type Named = (String, Arc<Module>);

/// The provider of an import.
pub enum Provider {
    /// The arena, with the export's name there.
    Arena(Box<str>),
    /// An earlier module of the program, by its position in the order.
    Linked(usize),
    /// A function of a later module, by its position in the order.
    Forwarded(usize),
    Host,
    /// A function of Extism, by its name since 1.0; the import has the name from before.
    Extism(Box<str>),
}

/// A module with a provider for each import, in instantiation order.
pub struct Linked {
    pub name: String,
    pub module: Arc<Module>,
    pub holdings: Holdings,
    pub providers: Vec<Provider>,
}

/// The instantiation order: providers before importers except in circles, main last.
pub fn order(modules: &[Named]) -> Vec<usize> {
    fn visit(at: usize, modules: &[Named], path: &mut Vec<usize>, order: &mut Vec<usize>) {
        if order.contains(&at) || path.contains(&at) {
            return;
        }
        path.push(at);
        for next in imported_by(at, modules) {
            visit(next, modules, path, order);
        }
        path.pop();
        order.push(at);
    }
    let main = modules.iter().position(|(name, _)| name == MAIN).unwrap_or(modules.len().saturating_sub(1));
    let (mut order, mut path) = (Vec::with_capacity(modules.len()), vec![main]);
    for at in 0..modules.len() {
        visit(at, modules, &mut path, &mut order);
    }
    if main < modules.len() {
        order.push(main);
    }
    order
}

/// The modules that a module imports from, in the order of its imports.
fn imported_by(at: usize, modules: &[Named]) -> impl Iterator<Item = usize> {
    let imports = modules.get(at).into_iter().flat_map(|(_, module)| module.imports());
    imports.filter_map(|import| modules.iter().position(|(name, _)| name == import.module()))
}

/// The index of the module with link name `module` that exports `name`.
pub fn exporting(modules: &[Named], module: &str, name: &str) -> Option<usize> {
    modules.iter().position(|(linked, code)| linked == module && code.get_export(name).is_some())
}

/// Finds the provider of each import of each module. `holdings` has one entry for each module.
///
/// # Errors
///
/// An import without a provider, or with a provider of another type; the error names the import.
pub fn resolve(
    pool: &EnginePool,
    modules: &[Named],
    holdings: &[Holdings],
    order: &[usize],
    spec: &Spec,
) -> Result<Vec<Linked>, Failure> {
    let mut done = Vec::with_capacity(order.len());
    let mut missing = Vec::new();
    let resolver = Resolver { pool, modules, order, spec };
    for (place, at) in order.iter().enumerate() {
        let Some((name, module)) = modules.get(*at) else { continue };
        let mut providers = Vec::new();
        for import in module.imports() {
            providers.push(match resolver.provider(place, import.module(), import.name(), &import.ty())? {
                Some(provider) => provider,
                None => {
                    missing.push(import);
                    Provider::Host
                }
            });
        }
        let holdings = holdings.get(*at).copied().unwrap_or_default();
        done.push(Linked { name: name.clone(), module: module.clone(), holdings, providers });
    }
    if missing.is_empty() {
        return Ok(done);
    }
    let missing: Vec<Missing<'_>> = missing
        .iter()
        .map(|import| {
            let ty = import.ty();
            let kind = match ty.func() {
                Some(function) => MissingKind::Function { can_stand_in: stubs::can_stand_in(function) },
                None => MissingKind::Other,
            };
            Missing { module: import.module(), name: import.name(), ty: item_type(&ty), kind }
        })
        .collect();
    let exports = |(name, module): &'_ Named| -> Vec<(String, String)> {
        module.exports().map(|export| (name.clone(), export.name().to_owned())).collect()
    };
    let linked: Vec<(String, String)> = modules.iter().flat_map(exports).collect();
    let linked = linked.iter().map(|(module, export)| (module.as_str(), export.as_str())).collect();
    Err(imports::unknown(&missing, &Offered { host: pool.offered(), linked }))
}

struct Resolver<'a> {
    pool: &'a EnginePool,
    modules: &'a [Named],
    order: &'a [usize],
    spec: &'a Spec,
}

impl Resolver<'_> {
    /// The provider of an import of the module at a position; `None` without one.
    fn provider(&self, place: usize, from: &str, what: &str, ty: &ExternType) -> Result<Option<Provider>, Failure> {
        if self.spec.imports.iter().any(|stand_in| stand_in.module == from && stand_in.function == what) {
            return Ok(Some(Provider::Host));
        }
        if let Some(exporting) = exporting(self.modules, from, what) {
            return self.linked(place, exporting, what, ty).map(Some);
        }
        if let Some(host) = self.pool.function_type(from, what) {
            check(from, what, ty, &ExternType::Func(host.clone()))?;
            let is_arena = from == EXTISM && self.pool.arena_exports.contains(what);
            return Ok(Some(if is_arena { Provider::Arena(what.into()) } else { Provider::Host }));
        }
        if let Some(name) = imports::name_since_1(from, what)
            && let Some(host) = self.pool.function_type(EXTISM, name)
        {
            check(from, what, ty, &ExternType::Func(host.clone()))?;
            let is_arena = self.pool.arena_exports.contains(name);
            return Ok(Some(if is_arena { Provider::Arena(name.into()) } else { Provider::Extism(name.into()) }));
        }
        Ok((self.spec.stub_imports.is_some() && ty.func().is_some()).then_some(Provider::Host))
    }

    fn linked(&self, place: usize, exporting: usize, what: &str, ty: &ExternType) -> Result<Provider, Failure> {
        let (from, module) = &self.modules[exporting];
        if let Some(export) = module.get_export(what)
            && (ty.func().is_some() || export.func().is_some())
        {
            check(from, what, ty, &export)?;
        }
        let provider = self.order.iter().position(|at| *at == exporting).unwrap_or(place);
        match ty {
            _ if provider < place => Ok(Provider::Linked(provider)),
            ExternType::Func(_) => Ok(Provider::Forwarded(provider)),
            _ => {
                let circle = self.circle(self.order[place], exporting);
                let names: Vec<&str> = circle.iter().map(|at| self.modules[*at].0.as_str()).collect();
                let why = format!(", and `{from}.{what}` ({}) is no function: only functions can be", item_type(ty));
                Err(imports::circle(&names, why))
            }
        }
    }

    /// The shortest circle of imports from `first` over `second` back to `first`.
    fn circle(&self, first: usize, second: usize) -> Vec<usize> {
        // Breadth first finds the shortest.
        let mut ways = vec![vec![first, second]];
        let mut seen = vec![second];
        let mut next = 0;
        while let Some(way) = ways.get(next).cloned() {
            next += 1;
            let Some(last) = way.last().copied() else { break };
            if last == first {
                return way;
            }
            for to in imported_by(last, self.modules) {
                if !seen.contains(&to) {
                    seen.push(to);
                    ways.push([way.as_slice(), &[to]].concat());
                }
            }
        }
        vec![first, second]
    }
}

/// Fails when the types of an import and its provider differ.
fn check(module: &str, name: &str, wanted: &ExternType, provided: &ExternType) -> Result<(), Failure> {
    let fits = match (wanted, provided) {
        (ExternType::Func(wanted), ExternType::Func(provided)) => provided.matches(wanted),
        _ => false,
    };
    match fits {
        true => Ok(()),
        false => Err(imports::wrong_type(module, name, item_type(wanted), item_type(provided))),
    }
}

/// The failure of a program without a module.
pub fn no_module() -> Failure {
    Failure::new(FailureKind::Load, "the program has no module")
}
