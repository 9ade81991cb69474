//! A product's own host functions in wasmtime's linker, and the blocks of the plugin that calls one.

use wasmtime::{Caller, Engine, FuncType, Linker, Result, ValType};

use super::codegen::error_line;
use super::ctx::{Ctx, CtxStore};
use super::item_type::val_type;
use super::stubs::BlocksOf;
use super::user::end_if_interrupted;
use crate::runtime::block_error::BlockError;
use crate::runtime::product_function::{CallerMemory, ProductFunction, ProductFunctions};
use crate::runtime::stand_in::{Scalar, StandInType};
use crate::runtime::{Failure, FailureKind};

/// Adds every function.
///
/// # Errors
/// The linker has one of the names already.
pub fn add(linker: &mut Linker<Ctx>, engine: &Engine, functions: &ProductFunctions) -> Result<()> {
    functions.iter().try_for_each(|function| add_function(linker, engine, function.clone()))
}

fn add_function(linker: &mut Linker<Ctx>, engine: &Engine, function: ProductFunction) -> Result<()> {
    let types = |types: &[StandInType]| types.iter().map(|ty| val_type(ty.number())).collect::<Vec<ValType>>();
    let ty = FuncType::new(engine, types(function.params()), types(function.results()));
    let (module, name) = (function.module().to_owned(), function.name().to_owned());
    linker.func_new(&module, &name, ty, move |mut caller: Caller<'_, Ctx>, params, results| {
        let up = caller.data().up()?;
        // The linked type has numbers alone.
        let arguments: Vec<Scalar> = params.iter().filter_map(|param| param.try_into().ok()).collect();
        let answers = function.call(&arguments, &mut BlocksOf(&mut caller), &*up).map_err(Failure::unwound)?;
        end_if_interrupted(&caller)?;
        results.iter_mut().zip(answers).for_each(|(result, answer)| *result = answer.into());
        Ok(())
    })?;
    Ok(())
}

fn failure(error: wasmtime::Error) -> Failure {
    match error.downcast::<Failure>() {
        Ok(failure) => failure,
        Err(error) => Failure::new(FailureKind::Trap, error_line(&error)),
    }
}

impl CallerMemory for BlocksOf<'_, '_> {
    fn put(&mut self, bytes: &[u8]) -> Result<u64, Failure> {
        self.0.put(bytes).map(|span| span.offset).map_err(failure)
    }

    fn overwrite(&mut self, handle: u64, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.0.data_mut().span(handle, "a block to write to").and_then(|span| {
            let arena = self.0.data().arena()?;
            Ok(span
                .of_mut(arena.memory.data_mut(&mut self.0))?
                .get_mut(..bytes.len())
                .map(|to| to.copy_from_slice(bytes)))
        });
        written.map_err(failure)?.ok_or_else(|| BlockError::NoRoom { bytes: bytes.len() }.into())
    }

    fn free(&mut self, handle: u64) -> Result<(), Failure> {
        CtxStore::free(self.0, handle).map_err(failure)
    }

    fn peek(&mut self, handle: u64, bytes_max: usize) -> Vec<u8> {
        let Ok(span) = self.0.data_mut().span(handle, "a block") else { return Vec::new() };
        let Ok(arena) = self.0.data().arena() else { return Vec::new() };
        let bytes = span.of(arena.memory.data(&self.0)).unwrap_or_default();
        bytes.get(..bytes.len().min(bytes_max)).unwrap_or_default().to_vec()
    }
}
