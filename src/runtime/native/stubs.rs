//! Imports that plugsh does not have itself: host functions of some product. A plugin may stand in for one
//! (`load --import`), or a stub that traps or returns zeros (`--stub-imports`).

use wasmtime::{Caller, ExternType, FuncType, Linker, Module, Result, Val, ValType};

use super::ctx::{Ctx, refused};
use super::user::{end_if_interrupted, nested};
use crate::runtime::{Exchange, Failure, FailureKind, ImportStandIn, StubImports};

/// Adds a function to the linker for each import of `module` that one of `stand_ins` names, or that nobody provides
/// and `stub` covers.
pub fn add(
    linker: &mut Linker<Ctx>,
    module: &Module,
    provided: &dyn Fn(&str, &str) -> bool,
    stub: Option<StubImports>,
    stand_ins: &[ImportStandIn],
) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        let (module, name) = (import.module(), import.name());
        let ExternType::Func(ty) = import.ty() else { continue };
        if let Some(index) = stand_ins.iter().position(|s| s.module == module && s.function == name) {
            add_stand_in(linker, module, name, ty, index)?;
        } else if let (false, Some(stub)) = (provided(module, name), stub) {
            add_stub(linker, module, name, ty, stub)?;
        }
    }
    linker.allow_shadowing(false);
    Ok(())
}

fn add_stub(linker: &mut Linker<Ctx>, module: &str, name: &str, ty: FuncType, stub: StubImports) -> Result<()> {
    let label = format!("{module}.{name}");
    let zeros: Option<Vec<Val>> = ty.results().map(|ty| Val::default_for_ty(&ty)).collect();
    linker.func_new(module, name, ty, move |_, _, results| match (stub, &zeros) {
        (StubImports::Zero, Some(zeros)) => {
            results.clone_from_slice(zeros);
            Ok(())
        }
        (StubImports::Zero, None) => Err(refused(format!("the stub of import `{label}` has no zero to return"))),
        (StubImports::Trap, _) => Err(refused(format!("import `{label}` is a stub; nobody provides it"))),
    })?;
    Ok(())
}

/// Whether a plugin can stand in for a host function of this type. Extism's convention for them: a handle in, a handle
/// out, either of which may be absent.
pub fn can_stand_in(ty: &FuncType) -> bool {
    let is_handle = |ty: ValType| matches!(ty, ValType::I64);
    ty.params().len() <= 1 && ty.results().len() <= 1 && ty.params().chain(ty.results()).all(is_handle)
}

fn add_stand_in(linker: &mut Linker<Ctx>, module: &str, name: &str, ty: FuncType, index: usize) -> Result<()> {
    if !can_stand_in(&ty) {
        let why =
            format!("import `{module}.{name}` has type {ty}; a plugin can stand in for at most one handle in, one out");
        return Err(Failure::new(FailureKind::Load, why).into());
    }
    linker.func_new(module, name, ty, move |mut caller: Caller<'_, Ctx>, params, results| {
        let up = caller.data().up()?;
        let input = params.first().and_then(Val::i64).unwrap_or(0) as u64;
        let output = nested(&mut caller, 0, input, |exchange: &mut dyn Exchange| up.import(index, exchange))?;
        end_if_interrupted(&caller)?;
        if let Some(result) = results.first_mut() {
            *result = Val::I64(output.offset as i64);
        }
        Ok(())
    })?;
    Ok(())
}
