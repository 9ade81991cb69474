//! One live instance: a store, its arena, the linked modules and the main one, and how a call in it ends.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::{Extern, Instance as WasmInstance, Memory, Store, StoreContextMut, TypedFunc, UpdateDeadline, Val};
use wasmtime_wasi::I32Exit;

use super::backtrace;
use super::codegen::error_line;
use super::ctx::{Arena, Ctx, CtxStore, Span};
use super::failing::{failure, failure_with_dump, linking, with_stderr};
use super::forwarding::Forwarders;
use super::image::{NativeImage, Shape};
use super::limits::HostDataKind;
use super::link::{self, Provider};
use super::maps::{Maps, maps_of_instance};
use super::meter::Meter;
use super::resident::resident_bytes;
use super::standing;
use super::streams::Streams;
use super::wasi;
use crate::runtime::host_functions::EXTISM;
use crate::runtime::{Cost, Failure, FailureKind, FunctionId, Guest, Inspect, MemoryUse, Spec, Upcalls};

/// A looked-up function, kept from its first call on.
enum Entry {
    Unit(TypedFunc<(), ()>),
    Code(TypedFunc<(), i32>),
}

/// Called functions by id, in chunks allocated on the first call: a plugin may have a hundred thousand functions and
/// ten thousand instances.
#[derive(Default)]
struct Entries(Vec<Option<Box<[Option<Entry>; CHUNK_ENTRIES]>>>);

const CHUNK_ENTRIES: usize = 16;

impl Entries {
    /// The slot of a function.
    fn at(&mut self, at: usize) -> &mut Option<Entry> {
        let chunk = at / CHUNK_ENTRIES;
        if self.0.len() <= chunk {
            self.0.resize_with(chunk + 1, || None);
        }
        let entries = self.0[chunk].get_or_insert_with(|| Box::new([const { None }; CHUNK_ENTRIES]));
        &mut entries[at % CHUNK_ENTRIES]
    }
}

/// One instance in the native host.
pub struct Instance {
    pub(super) store: Store<Ctx>,
    pub(super) main: WasmInstance,
    arena_memory: Memory,
    /// The guest's exported linear memories; the others are inaccessible to the host.
    pub(super) memories: Vec<Memory>,
    entries: Entries,
    names: Arc<[String]>,
    shapes: Arc<[Shape]>,
    /// WASI's output streams; `None` without WASI.
    streams: Option<Streams>,
    /// The function that spends the instance, such as a WASI command's `_start`.
    start: Option<FunctionId>,
    spent: bool,
    cost: Cost,
    /// Dropped after the store: fields are dropped in declaration order.
    _maps: Maps,
}

impl Instance {
    /// Instantiates the store, the arena and the modules, and runs start functions and constructors on behalf of `up`.
    ///
    /// # Errors
    /// A limit refuses its memory, linking fails, or a start function or constructor fails.
    pub fn new(image: &NativeImage, spec: Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Self, Failure> {
        let maps = Maps::take(maps_of_instance(image.modules.iter().map(|linked| &linked.holdings)))?;
        let mut ctx = Ctx::new(spec.clone());
        ctx.modules = image.places.clone();
        ctx.limits.has_heap = image.modules.iter().any(|linked| linked.holdings.has_heap);
        let instance_bytes = image.modules.iter().map(|linked| linked.holdings.instance_bytes).sum();
        if !ctx.limits.keep(HostDataKind::Instance, instance_bytes, Some(&up)) {
            return Err(ctx.limits.failure());
        }
        let streams = image.wasi.then(Streams::default);
        if let Some(streams) = &streams {
            streams.begin(&up);
            ctx.wasi = Some(Box::new(wasi::Wasi::new(&spec, streams)?));
        }
        ctx.up = Some(up.clone());
        let mut store = Store::new(&image.pool.engine, ctx);
        store.limiter(|ctx| ctx);
        store.epoch_deadline_callback(check_epoch);
        arm(&mut store, &up)?;
        let made = make(image, &mut store);
        store.data_mut().up = None;
        if let Some(streams) = &streams {
            streams.end();
        }
        let Made { main, arena_memory, memories } = made.map_err(|error| match linking(&store, &error) {
            true => Failure::new(FailureKind::Load, error_line(&error)),
            false => with_stderr(failure_with_dump(&mut store, error), streams.as_ref()),
        })?;
        Ok(Instance {
            memories,
            store,
            main,
            arena_memory,
            entries: Entries::default(),
            names: image.interface.functions().clone(),
            shapes: image.shapes.clone(),
            streams,
            start: image.interface.function("_start"),
            spent: false,
            cost: Cost::NOTHING,
            _maps: maps,
        })
    }

    fn enter(&mut self, function: FunctionId) -> wasmtime::Result<i32> {
        let at = function.0 as usize;
        let (Some(name), Some(shape)) = (self.names.get(at), self.shapes.get(at)) else {
            return Err(function.not_in_instance().into());
        };
        let slot = self.entries.at(at);
        let entry = match slot {
            Some(entry) => entry,
            None => slot.insert(match shape {
                Shape::Unit => Entry::Unit(self.main.get_typed_func(&mut self.store, name)?),
                Shape::Code => Entry::Code(self.main.get_typed_func(&mut self.store, name)?),
            }),
        };
        match entry {
            Entry::Unit(function) => function.call(&mut self.store, ()).map(|()| 0),
            Entry::Code(function) => function.call(&mut self.store, ()),
        }
    }

    /// The guest's message from `error_set`, if any. As in the stock host, a block freed since gives none.
    fn error_message(&mut self) -> Option<String> {
        let ctx = self.store.data_mut();
        let handle = std::mem::take(&mut ctx.error);
        if handle == 0 {
            return None;
        }
        let length = ctx.blocks.length(handle)?.min(crate::runtime::failure::MESSAGE_BYTES_MAX as u64 + 4);
        let bytes = Span { offset: handle, length }.of(self.arena_memory.data(&self.store)).ok()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    fn ended(&mut self, result: wasmtime::Result<i32>) -> Result<(), Failure> {
        match result {
            Ok(0) if self.store.data().error == 0 => Ok(()),
            Ok(code) => match self.error_message() {
                Some(message) if code == 0 => Err(Failure::new(FailureKind::Guest, message)),
                Some(message) => Err(Failure::new(FailureKind::Guest, message).with_code(code)),
                None if code == 0 => Ok(()),
                None => {
                    let message = format!("returned non-zero exit code: {code}");
                    let failure = Failure::new(FailureKind::Guest, message).with_code(code);
                    Err(with_stderr(failure, self.streams.as_ref()))
                }
            },
            Err(error) => {
                self.spent = true;
                let guest_message = self.error_message();
                let exit = error.downcast_ref::<I32Exit>().map(|exit| exit.0);
                if exit == Some(0) && guest_message.is_none() {
                    return Ok(());
                }
                let failure = failure_with_dump(&mut self.store, error);
                Err(match guest_message {
                    Some(guest_message) => failure.after(guest_message),
                    None => with_stderr(failure, self.streams.as_ref()),
                })
            }
        }
    }
}

impl Guest for Instance {
    fn set_input(&mut self, input: &[u8], up: &dyn Upcalls) -> Result<(), Failure> {
        let ctx = self.store.data_mut();
        ctx.blocks.reset();
        // The call may have shrunk the block table.
        let table_bytes = ctx.blocks.table_bytes();
        if table_bytes != ctx.limits.kept(HostDataKind::BlockTable) {
            ctx.limits.keep(HostDataKind::BlockTable, table_bytes, None);
        }
        ctx.output = Span::default();
        ctx.error = 0;
        let before = ctx.input;
        let put = self.store.put_interruptible(input, Some(up)).and_then(|span| {
            if (span.offset, span.length) == (before.offset, before.length) {
                return Ok(());
            }
            self.store.set_input_span(span)
        });
        put.map_err(|error| failure(&self.store, error))
    }

    fn run(&mut self, function: FunctionId, up: Arc<dyn Upcalls>) -> Result<u64, Failure> {
        if let Some(streams) = &self.streams {
            streams.begin(&up);
        }
        let meter = Meter::begin(&mut self.store).map_err(|error| failure(&self.store, error))?;
        self.store.data_mut().limits.refused = false;
        let charged = self.store.data_mut().limits.charge(&up);
        let armed = match charged {
            true => arm(&mut self.store, &up),
            false => Err(Failure::new(FailureKind::Oom, "oom")),
        };
        self.store.data_mut().up = Some(up);
        let result = match armed {
            Ok(()) => self.enter(function),
            Err(failure) => Err(failure.into()),
        };
        self.store.data_mut().up = None;
        if let Some(streams) = &self.streams {
            streams.end();
        }
        self.spent |= self.start == Some(function);
        let ended = self.ended(result);
        self.cost = meter.end(&self.store, !self.spent);
        ended.map(|()| self.store.data().output.length)
    }

    fn input(&self) -> &[u8] {
        self.store.data().input.of(self.arena_memory.data(&self.store)).unwrap_or_default()
    }

    fn output(&self) -> &[u8] {
        self.store.data().output.of(self.arena_memory.data(&self.store)).unwrap_or_default()
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn memory(&self) -> MemoryUse {
        let ctx = self.store.data();
        ctx.limits.memory(ctx.arena_bytes)
    }

    fn resident_bytes(&self) -> Option<u64> {
        let seen = [self.arena_memory].into_iter().chain(self.memories.iter().copied());
        let (mut resident, mut committed) = (0, 0);
        for memory in seen {
            let data = memory.data(&self.store);
            resident += resident_bytes(data)?;
            committed += data.len() as u64;
        }
        // Tables and memories that are not exported count as committed.
        Some(resident + self.memory().committed_bytes().saturating_sub(committed))
    }

    fn inspect(&mut self) -> Option<&mut dyn Inspect> {
        Some(self)
    }

    fn spent(&self) -> bool {
        self.spent
    }
}

/// The epoch callback: takes a sample for a profile, reads the cancel flag of the call that runs in this store, and
/// stops where it stands if asked to. The flag is read after the sample, so that a kill is not missed for the time of
/// one.
fn check_epoch(context: StoreContextMut<'_, Ctx>) -> wasmtime::Result<UpdateDeadline> {
    let Some(up) = &context.data().up else { return Ok(UpdateDeadline::Continue(1)) };
    if up.sample_due() {
        up.sample(backtrace::now(&context, &context.data().modules));
    }
    if up.interrupted() {
        return Err(Failure::interrupted().into());
    }
    if up.is_stop_wanted() {
        up.clone().stop(standing::stands(&context))?;
    }
    Ok(UpdateDeadline::Continue(1))
}

/// Arms the store for a call: sets the epoch deadline, then reads the cancel flag. A kill sets the flag before it moves
/// the epoch, so this check or the epoch callback sees it.
fn arm(store: &mut Store<Ctx>, up: &Arc<dyn Upcalls>) -> Result<(), Failure> {
    store.set_epoch_deadline(1);
    if up.interrupted() { Err(Failure::interrupted()) } else { Ok(()) }
}

/// The result of [`make`].
struct Made {
    main: WasmInstance,
    arena_memory: Memory,
    memories: Vec<Memory>,
}

fn make(image: &NativeImage, store: &mut Store<Ctx>) -> wasmtime::Result<Made> {
    Meter::begin(store)?;
    let arena = image.pool.arena.instantiate(&mut *store)?;
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
        let instance = starting(store, has_start, |store| WasmInstance::new(&mut *store, &linked.module, &imports))?;
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
        return starting(store, true, |store| init.call(store, &[Val::I32(0), Val::I32(0)], &mut results));
    }
    if main.get_func(&mut *store, "__wasm_call_ctors").is_some() {
        return run_if_unit(store, main, "__wasm_call_ctors");
    }
    run_if_unit(store, main, "_initialize")
}

fn run_if_unit(store: &mut Store<Ctx>, instance: &WasmInstance, name: &str) -> wasmtime::Result<()> {
    match instance.get_typed_func::<(), ()>(&mut *store, name) {
        Ok(function) => starting(store, true, |store| function.call(store, ())),
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
