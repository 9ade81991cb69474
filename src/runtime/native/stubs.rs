//! Imports that plugsh does not have itself: host functions of some product. A plugin may stand in for one
//! (`load --import`), or a stub that traps or returns zeros (`--stub-imports`).

use wasmtime::{Caller, ExternType, FuncType, Linker, Module, Result, Val, ValType};

use super::codegen::error_line;
use super::ctx::{Ctx, CtxStore, refused};
use super::describe::describe_function;
use super::user::{end_if_interrupted, nested};
use crate::runtime::stand_in::{Answer, CallerBlocks, Form, NumberType, Scalar};
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
        let stand_in = stand_ins.iter().enumerate().find(|(_, s)| s.module == module && s.function == name);
        if let Some((index, stand_in)) = stand_in {
            add_stand_in(linker, stand_in, ty, index)?;
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

/// Whether a plugin can stand in for a host function of this type: one of numbers alone.
pub fn can_stand_in(ty: &FuncType) -> bool {
    ty.params().chain(ty.results()).all(|ty| number_type(&ty).is_some())
}

fn number_type(ty: &ValType) -> Option<NumberType> {
    match ty {
        ValType::I32 => Some(NumberType::I32),
        ValType::I64 => Some(NumberType::I64),
        ValType::F32 => Some(NumberType::F32),
        ValType::F64 => Some(NumberType::F64),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

fn add_stand_in(linker: &mut Linker<Ctx>, stand_in: &ImportStandIn, ty: FuncType, index: usize) -> Result<()> {
    let numbers = |types: &mut dyn Iterator<Item = ValType>| types.map(|ty| number_type(&ty)).collect::<Vec<_>>();
    let (params, results) = (numbers(&mut ty.params()), numbers(&mut ty.results()));
    let form = Form::new(stand_in, &describe_function(&ty), &params, &results)?;
    linker.func_new(
        &stand_in.module,
        &stand_in.function,
        ty,
        move |mut caller: Caller<'_, Ctx>, params, results| {
            let up = caller.data().up()?;
            let input = input(&form, &mut caller, params)?;
            let output =
                nested(&mut caller, 0, input.handle, |exchange: &mut dyn Exchange| up.import(index, exchange))?;
            end_if_interrupted(&caller)?;
            if input.is_ours {
                caller.data_mut().blocks.free(input.handle);
            }
            if form.gives_bytes() {
                if let Some(result) = results.first_mut() {
                    *result = Val::I64(output.offset as i64);
                }
                return Ok(());
            }
            let answers = form.answers(caller.bytes(output)?)?;
            caller.data_mut().blocks.free(output.offset);
            for (result, answer) in results.iter_mut().zip(answers) {
                *result = value(&mut caller, answer)?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// The block that a stand-in gets as its input.
struct Input {
    handle: u64,
    /// True for one that was made for this call.
    is_ours: bool,
}

fn input(form: &Form, caller: &mut Caller<'_, Ctx>, params: &[Val]) -> Result<Input> {
    if form.takes_bytes() {
        let handle = params.first().and_then(Val::i64).unwrap_or(0) as u64;
        if handle != 0 && caller.data_mut().blocks.length(handle).is_none() {
            return Err(form.no_handle(handle).into());
        }
        return Ok(Input { handle, is_ours: false });
    }
    let arguments: Vec<Scalar> = params.iter().filter_map(scalar).collect();
    let bytes = form.input(&arguments, &mut BlocksOf(caller))?;
    Ok(Input { handle: caller.put(&bytes)?.offset, is_ours: true })
}

fn scalar(value: &Val) -> Option<Scalar> {
    match value {
        Val::I32(number) => Some(Scalar::I32(*number)),
        Val::I64(number) => Some(Scalar::I64(*number)),
        Val::F32(bits) => Some(Scalar::F32(f32::from_bits(*bits))),
        Val::F64(bits) => Some(Scalar::F64(f64::from_bits(*bits))),
        // A form is made for numbers alone.
        _ => None,
    }
}

fn value(caller: &mut Caller<'_, Ctx>, answer: Answer) -> Result<Val> {
    Ok(match answer {
        Answer::Block(bytes) => Val::I64(caller.put(&bytes)?.offset as i64),
        Answer::Scalar(Scalar::I32(number)) => Val::I32(number),
        Answer::Scalar(Scalar::I64(number)) => Val::I64(number),
        Answer::Scalar(Scalar::F32(number)) => Val::F32(number.to_bits()),
        Answer::Scalar(Scalar::F64(number)) => Val::F64(number.to_bits()),
    })
}

/// The blocks of the instance that calls a host function.
struct BlocksOf<'a, 'b>(&'a mut Caller<'b, Ctx>);

impl CallerBlocks for BlocksOf<'_, '_> {
    fn length(&mut self, handle: u64) -> Option<u64> {
        self.0.data_mut().blocks.length(handle)
    }

    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
        let bytes = self.0.data_mut().span(handle, "an argument").and_then(|span| self.0.bytes(span));
        bytes.map_err(|error| Failure::new(FailureKind::Trap, error_line(&error)))
    }
}
