//! Entering a guest: directly, or on a stack of its own where a debugger may stop it.

use wasmtime::{
    AsContextMut, Extern, Func, Instance, InstancePre, Module, Result, Store, TypedFunc, Val, WasmParams, WasmResults,
};

use super::ctx::Ctx;
use super::debugged::ready;

/// Calls a function.
///
/// # Errors
/// The guest fails.
#[inline]
pub fn call<P: WasmParams + Sync, R: WasmResults + Sync>(
    store: &mut Store<Ctx>,
    function: &TypedFunc<P, R>,
    params: P,
) -> Result<R> {
    match store.data().debugger {
        None => function.call(store, params),
        Some(_) => ready(function.call_async(store, params)),
    }
}

/// Calls a function whose type is known at run time.
///
/// # Errors
/// The guest fails, or the values do not fit the type.
pub fn call_values(
    mut store: impl AsContextMut<Data = Ctx>,
    function: &Func,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let mut store = store.as_context_mut();
    match store.data().debugger {
        None => function.call(store, params, results),
        Some(_) => ready(function.call_async(&mut store, params, results)),
    }
}

/// Instantiates a module, and runs its start function.
///
/// # Errors
/// The imports do not fit, a limit refuses a memory or table, or the start function fails.
pub fn instantiate(store: &mut Store<Ctx>, module: &Module, imports: &[Extern]) -> Result<Instance> {
    match store.data().debugger {
        None => Instance::new(store, module, imports),
        Some(_) => ready(Instance::new_async(store, module, imports)),
    }
}

/// Instantiates a module whose imports are known.
///
/// # Errors
/// As of [`instantiate`].
pub fn instantiate_linked(store: &mut Store<Ctx>, module: &InstancePre<Ctx>) -> Result<Instance> {
    match store.data().debugger {
        None => module.instantiate(store),
        Some(_) => ready(module.instantiate_async(store)),
    }
}
