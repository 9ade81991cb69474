//! The functions that an image gives the SDK: plugsh's own, the product's, stand-ins and stubs.

use extism::{Function, Val, ValType};

use super::caller_blocks::BlocksOf;
use super::functions::{self, Copied, HostCall, define, put, val_type};
use super::inspect::{ImportedItem, Inspection, SDK_MODULES, Signature};
use super::product;
use crate::runtime::product_function::ProductFunctions;
use crate::runtime::stand_in::{ImportResult, NumberType, Scalar, StandInForm};
use crate::runtime::substitute::{Stub, Substitute};
use crate::runtime::{Failure, FunctionType, ImportStandIn, ItemType, Spec, ValueType};

/// The functions that an image of these modules needs, with those of the product.
///
/// # Errors
/// A stand-in does not fit the type of its import.
pub fn functions(
    spec: &Spec,
    inspections: &[(&str, Inspection)],
    of_product: &ProductFunctions,
) -> Result<Vec<Function>, Failure> {
    let mut functions = functions::plugshs();
    functions.extend(product::functions(of_product, spec));
    for item in inspections.iter().flat_map(|(_, inspection)| &inspection.imports) {
        let Some(signature) = &item.signature else { continue };
        let is_provided = || {
            SDK_MODULES.contains(&item.module.as_str())
                || functions.iter().any(|f| f.name() == item.name && f.namespace() == Some(&item.module))
                || inspections.iter().any(|(name, _)| *name == item.module)
        };
        match Substitute::of(spec, &item.module, &item.name, is_provided) {
            Some(Substitute::StandIn(index, stand_in)) => {
                functions.push(stand_in_for(stand_in, index, item, signature)?);
            }
            Some(Substitute::Stub(stub)) => functions.push(stub_for(item, stub, signature)),
            None => {}
        }
    }
    Ok(functions)
}

fn stub_for(item: &ImportedItem, stub: Stub, Signature { params, results }: &Signature) -> Function {
    let zeros: Option<Vec<Val>> = results.iter().map(|ty| Val::default_for_ty(&ty.clone().into())).collect();
    define(&item.module, &item.name, params, results, move |call| {
        call.give(stub.results(zeros.as_deref())?.iter().copied());
        Ok(())
    })
}

/// Whether a plugin can stand in for a function of this type: one of numbers alone.
pub fn can_stand_in(signature: &Signature) -> bool {
    signature.params.iter().chain(&signature.results).all(|ty| number_type(ty).is_some())
}

fn number_type(ty: &ValType) -> Option<NumberType> {
    NumberType::ALL.into_iter().find(|number| val_type(*number) == *ty)
}

/// A function's type.
pub fn item_type(params: &[ValType], results: &[ValType]) -> ItemType {
    ItemType::Function(Some(FunctionType::new(params.iter().map(value_type), results.iter().map(value_type))))
}

fn value_type(ty: &ValType) -> ValueType {
    match ty {
        ValType::I32 => NumberType::I32.into(),
        ValType::I64 => NumberType::I64.into(),
        ValType::F32 => NumberType::F32.into(),
        ValType::F64 => NumberType::F64.into(),
        ValType::V128 => NumberType::V128.into(),
        ValType::FuncRef => ValueType::Other("(ref null func)".into()),
        ValType::ExternRef => ValueType::Other("(ref null extern)".into()),
    }
}

fn stand_in_for(
    stand_in: &ImportStandIn,
    index: usize,
    item: &ImportedItem,
    signature: &Signature,
) -> Result<Function, Failure> {
    let numbers = |types: &[ValType]| types.iter().map(number_type).collect::<Vec<_>>();
    let Signature { params, results } = signature;
    let form = StandInForm::new(stand_in, &item.ty, &numbers(params), &numbers(results))?;
    Ok(define(&item.module, &item.name, params, results, move |call| {
        call.needs_memory()?;
        let mut exchange = Copied::of(input(&form, call)?);
        call.frame.nested(|up| up.import(index, &mut exchange)).map_err(Failure::unwound)?;
        let answers = form.answers(exchange.output)?.into_iter().map(|answer| match answer {
            ImportResult::Block(bytes) => Ok(Val::I64(put(call.plugin, &bytes)? as i64)),
            ImportResult::Scalar(number) => Ok(number.into()),
        });
        let results = answers.collect::<Result<Vec<Val>, Failure>>()?;
        call.give(results);
        Ok(())
    }))
}

fn input(form: &StandInForm, call: &mut HostCall<'_>) -> Result<Vec<u8>, Failure> {
    if !form.takes_bytes() {
        // A form is made for numbers alone.
        let arguments: Vec<Scalar> = call.inputs.iter().filter_map(|input| input.try_into().ok()).collect();
        return form.input(&arguments, &mut BlocksOf(call.plugin));
    }
    match call.number(0) {
        0 => Ok(Vec::new()),
        handle if call.plugin.memory_handle(handle).is_none() => Err(form.no_handle(handle)),
        handle => functions::bytes(call.plugin, handle, "input"),
    }
}
