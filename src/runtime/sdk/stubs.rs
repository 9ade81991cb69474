//! The functions that an image gives the SDK: plugsh's own, and what stands in for imports that nobody provides.

use extism::{CurrentPlugin, Function, Val, ValType};

use super::functions::{self, Copied, called, define, number, put, refused};
use super::inspect::{ImportedItem, Inspection, SDK_MODULES, Signature};
use crate::runtime::stand_in::{Answer, CallerBlocks, Form, NumberType, Scalar};
use crate::runtime::{Failure, ImportStandIn, Spec, StubImports};

/// The functions that an image of these modules needs.
pub fn functions(spec: &Spec, inspections: &[(&str, Inspection)]) -> Result<Vec<Function>, Failure> {
    let mut functions = functions::plugshs();
    for item in inspections.iter().flat_map(|(_, inspection)| &inspection.imports) {
        let stand_in =
            spec.imports.iter().enumerate().find(|(_, s)| s.module == item.module && s.function == item.name);
        let provided = SDK_MODULES.contains(&item.module.as_str())
            || functions.iter().any(|f| f.name() == item.name && f.namespace() == Some(&item.module))
            || inspections.iter().any(|(name, _)| *name == item.module);
        match (stand_in, spec.stub_imports, &item.signature) {
            (Some((index, stand_in)), _, Some(signature)) => {
                functions.push(stand_in_for(stand_in, index, item, signature)?);
            }
            (None, Some(stub), Some(signature)) if !provided => functions.push(stub_for(item, stub, signature)),
            _ => {}
        }
    }
    Ok(functions)
}

fn stub_for(item: &ImportedItem, stub: StubImports, signature: &Signature) -> Function {
    let label = format!("{}.{}", item.module, item.name);
    let zeros: Option<Vec<Val>> = signature.results.iter().map(zero).collect();
    define(&item.module, &item.name, &signature.params, &signature.results, move |_, _, _, outputs| {
        match (stub, &zeros) {
            (StubImports::Zero, Some(zeros)) => {
                outputs.iter_mut().zip(zeros).for_each(|(output, zero)| *output = *zero);
                Ok(())
            }
            (StubImports::Zero, None) => Err(refused(format!("the stub of import `{label}` has no zero to return"))),
            (StubImports::Trap, _) => Err(refused(format!("import `{label}` is a stub; nobody provides it"))),
        }
    })
}

fn zero(ty: &ValType) -> Option<Val> {
    Some(match ty {
        ValType::I32 => Val::I32(0),
        ValType::I64 => Val::I64(0),
        ValType::F32 => Val::F32(0),
        ValType::F64 => Val::F64(0),
        ValType::V128 => Val::V128(0u128.into()),
        ValType::FuncRef => Val::FuncRef(None),
        ValType::ExternRef => Val::ExternRef(None),
    })
}

/// Whether a plugin can stand in for a function of this type: one of numbers alone.
pub fn can_stand_in(signature: &Signature) -> bool {
    signature.params.iter().chain(&signature.results).all(|ty| number_type(ty).is_some())
}

fn number_type(ty: &ValType) -> Option<NumberType> {
    match ty {
        ValType::I32 => Some(NumberType::I32),
        ValType::I64 => Some(NumberType::I64),
        ValType::F32 => Some(NumberType::F32),
        ValType::F64 => Some(NumberType::F64),
        ValType::V128 | ValType::FuncRef | ValType::ExternRef => None,
    }
}

/// A function's type, for people.
pub fn describe(params: &[ValType], results: &[ValType]) -> String {
    let list = |types: &[ValType]| types.iter().map(type_name).collect::<Vec<_>>().join(" ");
    format!("function ({}) -> ({})", list(params), list(results))
}

fn type_name(ty: &ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::FuncRef => "(ref null func)",
        ValType::ExternRef => "(ref null extern)",
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
    let form = Form::new(stand_in, &item.ty, &numbers(params), &numbers(results))?;
    Ok(define(&item.module, &item.name, params, results, move |frame, plugin, inputs, outputs| {
        called(frame)?;
        let input = input(&form, plugin, inputs)?;
        let mut exchange = Copied::of(input);
        frame.nested(|up| up.import(index, &mut exchange)).map_err(Failure::unwound)?;
        let answers = form.answers(exchange.output)?;
        for (output, answer) in outputs.iter_mut().zip(answers) {
            *output = value(plugin, answer)?;
        }
        Ok(())
    }))
}

fn input(form: &Form, plugin: &mut CurrentPlugin, inputs: &[Val]) -> Result<Vec<u8>, Failure> {
    if !form.takes_bytes() {
        let arguments: Vec<Scalar> = inputs.iter().filter_map(scalar).collect();
        return form.input(&arguments, &mut BlocksOf(plugin));
    }
    match number(inputs.first()) {
        0 => Ok(Vec::new()),
        handle if plugin.memory_handle(handle).is_none() => Err(form.no_handle(handle)),
        handle => functions::bytes(plugin, handle, "input"),
    }
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

fn value(plugin: &mut CurrentPlugin, answer: Answer) -> Result<Val, Failure> {
    Ok(match answer {
        Answer::Block(bytes) => Val::I64(put(plugin, &bytes)? as i64),
        Answer::Scalar(Scalar::I32(number)) => Val::I32(number),
        Answer::Scalar(Scalar::I64(number)) => Val::I64(number),
        Answer::Scalar(Scalar::F32(number)) => Val::F32(number.to_bits()),
        Answer::Scalar(Scalar::F64(number)) => Val::F64(number.to_bits()),
    })
}

/// The blocks of the plugin that calls a host function.
struct BlocksOf<'a>(&'a mut CurrentPlugin);

impl CallerBlocks for BlocksOf<'_> {
    fn length(&mut self, handle: u64) -> Option<u64> {
        self.0.memory_handle(handle).map(|block| block.length)
    }

    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
        functions::bytes(self.0, handle, "an argument")
    }
}
