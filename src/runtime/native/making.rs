//! The making of an instance: the arena, the modules in their order, start functions and constructors.

use std::time::Instant;

use wasmtime::{Extern, Instance as WasmInstance, Memory, Store, Val};

use super::ctx::{Arena, Ctx};
use super::entering;
use super::forwarding::Forwarders;
use super::image::NativeImage;
use super::link::{self, Provider};
use super::meter::Meter;
use crate::runtime::host_functions::EXTISM;
use crate::runtime::{Failure, FailureKind};

/// The result of [`make`].
pub struct Made {
    /// The callable module's instance.
    pub main: WasmInstance,
    pub arena_memory: Memory,
    /// Exported memories of the guest.
    pub memories: Vec<Memory>,
}

/// Instantiates the arena and the modules of an image, and runs start functions and constructors.
///
/// # Errors
/// A limit refuses a memory or table, linking fails, or guest code fails.
pub fn make(image: &NativeImage, store: &mut Store<Ctx>) -> wasmtime::Result<Made> {
    Meter::begin(store)?;
    let arena = entering::instantiate_linked(store, &image.pool.arena)?;
    let missing = || wasmtime::Error::msg("the arena module lacks an export");
    let memory = arena.get_memory(&mut *store, "memory").ok_or_else(missing)?;
    let input_offset = arena.get_global(&mut *store, "input_offset_global").ok_or_else(missing)?;
    let input_length = arena.get_global(&mut *store, "input_length_global").ok_or_else(missing)?;
    let arena_bytes = memory.data_size(&*store) as u64;
    let ctx = store.data_mut();
    (ctx.arena, ctx.arena_bytes) = (Some(Arena { memory, input_offset, input_length }), arena_bytes);
    let mut made: Vec<WasmInstance> = Vec::with_capacity(image.modules.len());
    let mut forwarders = Forwarders::default();
    for linked in &image.modules {
        let mut imports: Vec<Extern> = Vec::with_capacity(linked.providers.len());
        for (import, provider) in linked.module.imports().zip(&linked.providers) {
            let found = match provider {
                Provider::Arena(name) => arena.get_export(&mut *store, name),
                Provider::Linked(place) => made.get(*place).and_then(|i| i.get_export(&mut *store, import.name())),
                Provider::Forwarded(place) => {
                    forwarders.function(store, &import, *place, &linked.name).map(Extern::Func)
                }
                Provider::Extism(name) => image.linker.get(&mut *store, EXTISM, name),
                Provider::Host => image.linker.get_by_import(&mut *store, &import),
            };
            imports.push(found.ok_or_else(|| {
                let why = format!("unknown import `{}.{}`", import.module(), import.name());
                wasmtime::Error::from(Failure::new(FailureKind::Load, why))
            })?);
        }
        let has_start = linked.holdings.has_start;
        let instance = starting(store, has_start, |store| entering::instantiate(store, &linked.module, &imports))?;
        forwarders.connect(store, made.len(), &instance);
        if made.len() + 1 < image.modules.len() {
            // wasmtime's linker initializes libraries this way.
            run_if_unit(store, &instance, "_initialize")?;
        }
        made.push(instance);
    }
    let memories = exported_memories(store, &made);
    let main = made.pop().ok_or_else(link::no_module)?;
    initialise(store, &main)?;
    Ok(Made { main, arena_memory: memory, memories })
}

fn exported_memories(store: &mut Store<Ctx>, instances: &[WasmInstance]) -> Vec<Memory> {
    let mut memories: Vec<Memory> = Vec::new();
    for instance in instances {
        let exported: Vec<Memory> =
            instance.exports(&mut *store).filter_map(|e| e.into_extern().into_memory()).collect();
        for memory in exported {
            // Several modules may export one memory.
            if memories.iter().all(|known| known.data_ptr(&*store) != memory.data_ptr(&*store)) {
                memories.push(memory);
            }
        }
    }
    memories
}

/// Runs the constructors of the guest's language runtime, once, in the extism crate's order.
fn initialise(store: &mut Store<Ctx>, main: &WasmInstance) -> wasmtime::Result<()> {
    if let Some(init) = main.get_func(&mut *store, "hs_init") {
        run_if_unit(store, main, "_initialize")?;
        let ty = init.ty(&*store);
        let mut results: Vec<Val> = ty.results().map(|ty| Val::default_for_ty(&ty).unwrap_or(Val::I32(0))).collect();
        return starting(store, true, |store| {
            entering::call_values(store, &init, &[Val::I32(0), Val::I32(0)], &mut results)
        });
    }
    if main.get_func(&mut *store, "__wasm_call_ctors").is_some() {
        return run_if_unit(store, main, "__wasm_call_ctors");
    }
    run_if_unit(store, main, "_initialize")
}

fn run_if_unit(store: &mut Store<Ctx>, instance: &WasmInstance, name: &str) -> wasmtime::Result<()> {
    match instance.get_typed_func::<(), ()>(&mut *store, name) {
        Ok(function) => starting(store, true, |store| entering::call(store, &function, ())),
        Err(_) => Ok(()), // No such export, or one of another type.
    }
}

/// Runs a part of an instance's making, and reports its time where it is `guest_code`.
fn starting<T>(
    store: &mut Store<Ctx>,
    guest_code: bool,
    run: impl FnOnce(&mut Store<Ctx>) -> wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    let began = Instant::now();
    let ran = run(store);
    if let Some(up) = store.data().up.as_ref().filter(|_| guest_code) {
        up.ran_start(began.elapsed());
    }
    ran
}
