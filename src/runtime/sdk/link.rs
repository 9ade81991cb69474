//! Checks that the SDK can link a program, before it tries: its own errors have other words, and modules that import
//! from each other in a circle overflow its stack, which ends the process.

use extism::Function;

use super::inspect::{ImportedItem, Inspection, SDK_MODULES};
use super::stubs;
use crate::runtime::host_functions::{self, EXTISM, WASI, WASI_FUNCTIONS};
use crate::runtime::imports::{self, Missing, MissingKind, Offered, name_since_1};
use crate::runtime::{Advice, Failure, FailureKind, ItemType, Problem, Spec, StubImports};
use crate::text::quoted;

/// Fails with the reason why the SDK cannot link these modules. `functions` are those that it is given.
///
/// # Errors
/// The SDK cannot link the modules; the failure says why.
pub fn check(spec: &Spec, inspections: &[(&str, Inspection)], functions: &[Function]) -> Result<(), Failure> {
    for at in 0..inspections.len() {
        refuse_circle(at, inspections, &mut Vec::new())?;
    }
    let mut missing = Vec::new();
    let offered = offered(functions);
    for item in inspections.iter().flat_map(|(_, inspection)| &inspection.imports) {
        if has_export(inspections, item) {
            continue;
        }
        if SDK_MODULES.contains(&item.module.as_str()) {
            // The SDK reports what has another type, and what resembles nothing that it has.
            let is_there = offered.contains(&(item.module.as_str(), item.name.as_str()));
            if !is_there && imports::near(&described(item, spec.stub_imports), &offered).is_some() {
                missing.push(item);
            }
            continue;
        }
        let provided = functions.iter().find(|f| f.name() == item.name && f.namespace() == Some(&item.module));
        match (provided, &item.signature) {
            (Some(function), Some(signature)) => {
                if (function.params(), function.results()) != (&signature.params[..], &signature.results[..]) {
                    let ty = stubs::item_type(function.params(), function.results());
                    return Err(imports::wrong_type(&item.module, &item.name, &item.ty, &ty));
                }
            }
            _ => missing.push(item),
        }
    }
    match missing.iter().find(|item| name_since_1(&item.module, &item.name).is_some()) {
        Some(old) => Err(before_1(old)),
        None if missing.is_empty() => Ok(()),
        None => Err(unknown(&missing, inspections, offered, spec.stub_imports)),
    }
}

fn has_export(inspections: &[(&str, Inspection)], item: &ImportedItem) -> bool {
    let mut exports = inspections.iter().filter(|(name, _)| *name == item.module).flat_map(|(_, of)| &of.exports);
    exports.any(|export| export.name == item.name)
}

fn before_1(item: &ImportedItem) -> Failure {
    let import = format!("{}.{}", item.module, quoted(&item.name));
    let why = "the plugin was built before Extism 1.0, which the extism SDK does not run";
    Failure::advised(FailureKind::Load, format!("unknown import `{import}`: {why}"), Advice::NativeHost)
}

/// The functions that imports find, as module and name, sorted: those given to the SDK, and its own.
fn offered(functions: &[Function]) -> Vec<(&str, &str)> {
    let mut offered: Vec<(&str, &str)> =
        functions.iter().filter_map(|function| Some((function.namespace()?, function.name()))).collect();
    let own = host_functions::all().filter(|row| row.namespaces == [EXTISM]);
    offered.extend(own.map(|row| (EXTISM, row.name)));
    offered.extend(WASI_FUNCTIONS.iter().map(|name| (WASI, *name)));
    offered.sort_unstable();
    offered
}

fn unknown<'a>(
    missing: &[&ImportedItem],
    inspections: &'a [(&str, Inspection)],
    host: Vec<(&'a str, &'a str)>,
    stub: Option<StubImports>,
) -> Failure {
    let missing: Vec<Missing<'_>> = missing.iter().map(|item| described(item, stub)).collect();
    let exports =
        |(name, of): &'a (&str, Inspection)| of.exports.iter().map(move |export| (*name, export.name.as_str()));
    let linked = inspections.iter().flat_map(exports).collect();
    imports::unknown(&missing, &Offered { host, linked })
}

fn described(item: &ImportedItem, stub: Option<StubImports>) -> Missing<'_> {
    let kind = match &item.signature {
        Some(signature) => MissingKind::Function { can_stand_in: stubs::can_stand_in(signature) },
        // Where functions are stubbed, an unstubbed one counts as a memory does: no plugin can stand in for it.
        None if matches!(item.ty, ItemType::Function(_)) && stub.is_none() => {
            MissingKind::Function { can_stand_in: false }
        }
        None => MissingKind::Other,
    };
    Missing { module: &item.module, name: &item.name, ty: item.ty.clone(), kind }
}

/// Fails when a module imports from itself by way of others.
fn refuse_circle(at: usize, inspections: &[(&str, Inspection)], path: &mut Vec<usize>) -> Result<(), Failure> {
    if let Some(start) = path.iter().position(|before| *before == at) {
        let circle = path.iter().skip(start).chain([&at]);
        let names: Vec<&str> = circle.filter_map(|at| inspections.get(*at).map(|(name, _)| *name)).collect();
        let what = Problem::advised(", which the extism SDK cannot link", Advice::NativeHost);
        return Err(imports::circle(&names, what));
    }
    let Some((_, inspection)) = inspections.get(at) else { return Ok(()) };
    path.push(at);
    let mut followed: Vec<usize> = Vec::new();
    for item in &inspection.imports {
        let next = inspections.iter().position(|(name, _)| *name == item.module);
        if let Some(next) = next.filter(|next| !followed.contains(next)) {
            followed.push(next);
            refuse_circle(next, inspections, path)?;
        }
    }
    path.pop();
    Ok(())
}
