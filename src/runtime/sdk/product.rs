//! A product's own host functions for the SDK.

use extism::{Function, Val, ValType};

use super::caller_blocks::BlocksOf;
use super::functions::{define, val_type};
use crate::runtime::Spec;
use crate::runtime::product_function::{ProductFunction, ProductFunctions};
use crate::runtime::stand_in::{Scalar, StandInType};

/// The functions that an image of `spec` gets.
pub fn functions<'a>(functions: &'a ProductFunctions, spec: &'a Spec) -> impl Iterator<Item = Function> + 'a {
    functions.linked(spec).cloned().map(stock_function)
}

fn stock_function(function: ProductFunction) -> Function {
    let types = |types: &[StandInType]| types.iter().map(|ty| val_type(ty.number())).collect::<Vec<ValType>>();
    let (params, results) = (types(function.params()), types(function.results()));
    let (module, name) = (function.module().to_owned(), function.name().to_owned());
    define(&module, &name, &params, &results, move |call| {
        call.needs_memory()?;
        // The linked type has numbers alone.
        let arguments: Vec<Scalar> = call.inputs.iter().filter_map(|input| input.try_into().ok()).collect();
        let answers = function.call(&arguments, &mut BlocksOf(call.plugin), call.frame.up())?;
        call.give(answers.into_iter().map(Val::from));
        Ok(())
    })
}
