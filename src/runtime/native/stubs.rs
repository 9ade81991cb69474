//! Stand-ins and stubs as functions of wasmtime's linker.

use wasmtime::{Caller, ExternType, FuncType, Linker, Module, Result, Val, ValType};

use super::abort::{aborted, is_abort};
use super::codegen::error_line;
use super::ctx::{Ctx, CtxStore};
use super::item_type::{function_type, number_type};
use super::user::{end_if_interrupted, nested};
use crate::runtime::stand_in::{CallerBlocks, ImportResult, Scalar, StandInForm};
use crate::runtime::substitute::{Stub, Substitute};
use crate::runtime::{Exchange, Failure, FailureKind, ImportStandIn, ItemType, Spec};

/// Adds a function to the linker for each import of `module` that has a substitute.
///
/// # Errors
/// A stand-in does not fit the type of its import.
pub fn add(
    linker: &mut Linker<Ctx>,
    module: &Module,
    provided: &dyn Fn(&str, &str) -> bool,
    spec: &Spec,
) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        let (module, name) = (import.module(), import.name());
        let ExternType::Func(ty) = import.ty() else { continue };
        match Substitute::of(spec, module, name, || provided(module, name)) {
            Some(Substitute::StandIn(index, stand_in)) => add_stand_in(linker, stand_in, ty, index)?,
            Some(Substitute::Stub(stub)) => add_stub(linker, module, name, ty, stub)?,
            None => {}
        }
    }
    linker.allow_shadowing(false);
    Ok(())
}

fn add_stub(linker: &mut Linker<Ctx>, module: &str, name: &str, ty: FuncType, stub: Stub) -> Result<()> {
    if is_abort(module, name, &ty) {
        let abort = |mut caller: Caller<'_, Ctx>, message: u32, file: u32, line: u32, column: u32| -> Result<()> {
            Err(aborted(&mut caller, [message, file, line, column]))
        };
        linker.func_wrap(module, name, abort)?;
        return Ok(());
    }
    let zeros: Option<Vec<Val>> = ty.results().map(|ty| Val::default_for_ty(&ty)).collect();
    linker.func_new(module, name, ty, move |_, _, results| {
        results.clone_from_slice(stub.results(zeros.as_deref())?);
        Ok(())
    })?;
    Ok(())
}

/// Whether a plugin can stand in for a host function of this type: one of numbers alone.
pub fn can_stand_in(ty: &FuncType) -> bool {
    ty.params().chain(ty.results()).all(|ty| number_type(&ty).is_some())
}

fn add_stand_in(linker: &mut Linker<Ctx>, stand_in: &ImportStandIn, ty: FuncType, index: usize) -> Result<()> {
    let numbers = |types: &mut dyn Iterator<Item = ValType>| types.map(|ty| number_type(&ty)).collect::<Vec<_>>();
    let (params, results) = (numbers(&mut ty.params()), numbers(&mut ty.results()));
    let form = StandInForm::new(stand_in, &ItemType::Function(Some(function_type(&ty))), &params, &results)?;
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
                *result = match answer {
                    ImportResult::Block(bytes) => Val::I64(caller.put(&bytes)?.offset as i64),
                    ImportResult::Scalar(number) => number.into(),
                };
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

fn input(form: &StandInForm, caller: &mut Caller<'_, Ctx>, params: &[Val]) -> Result<Input> {
    if form.takes_bytes() {
        let handle = params.first().and_then(Val::i64).unwrap_or(0) as u64;
        if handle != 0 && caller.data_mut().blocks.length(handle).is_none() {
            return Err(form.no_handle(handle).into());
        }
        return Ok(Input { handle, is_ours: false });
    }
    // A form is made for numbers alone.
    let arguments: Vec<Scalar> = params.iter().filter_map(|param| param.try_into().ok()).collect();
    let bytes = form.input(&arguments, &mut BlocksOf(caller))?;
    Ok(Input { handle: caller.put(&bytes)?.offset, is_ours: true })
}

/// Numbers as wasmtime and, by its own name for them, the extism crate have them.
impl From<Scalar> for Val {
    fn from(number: Scalar) -> Val {
        match number {
            Scalar::I32(number) => Val::I32(number),
            Scalar::I64(number) => Val::I64(number),
            Scalar::F32(number) => Val::F32(number.to_bits()),
            Scalar::F64(number) => Val::F64(number.to_bits()),
            Scalar::V128(bits) => Val::V128(bits.into()),
        }
    }
}

impl TryFrom<&Val> for Scalar {
    type Error = ();

    /// Fails for a reference.
    fn try_from(value: &Val) -> Result<Scalar, ()> {
        match value {
            Val::I32(number) => Ok(Scalar::I32(*number)),
            Val::I64(number) => Ok(Scalar::I64(*number)),
            Val::F32(bits) => Ok(Scalar::F32(f32::from_bits(*bits))),
            Val::F64(bits) => Ok(Scalar::F64(f64::from_bits(*bits))),
            Val::V128(bits) => Ok(Scalar::V128(bits.as_u128())),
            Val::FuncRef(_) | Val::ExternRef(_) | Val::AnyRef(_) | Val::ExnRef(_) | Val::ContRef(_) => Err(()),
        }
    }
}

/// The blocks of the instance that calls a host function.
pub(super) struct BlocksOf<'a, 'b>(pub(super) &'a mut Caller<'b, Ctx>);

impl CallerBlocks for BlocksOf<'_, '_> {
    fn length(&mut self, handle: u64) -> Option<u64> {
        self.0.data_mut().blocks.length(handle)
    }

    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
        let bytes = self.0.data_mut().span(handle, "an argument").and_then(|span| self.0.bytes(span));
        bytes.map_err(|error| Failure::new(FailureKind::Trap, error_line(&error)))
    }
}
