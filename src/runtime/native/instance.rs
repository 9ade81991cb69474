//! One live instance: a store, its arena, the linked modules and the main one, and how a call in it ends.

use std::sync::Arc;

use wasmtime::{Instance as WasmInstance, Memory, Store, StoreContextMut, TypedFunc, UpdateDeadline};
use wasmtime_wasi::I32Exit;

use super::backtrace;
use super::codegen::error_line;
use super::ctx::{Ctx, CtxStore, Span};
use super::debugged::{self, Debugger};
use super::entering;
use super::failing::{failure, failure_with_dump, linking, with_stderr};
use super::image::{NativeImage, Shape};
use super::limits::HostDataKind;
use super::making::{Made, make};
use super::maps::{Maps, maps_of_instance};
use super::meter::Meter;
use super::resident::resident_bytes;
use super::standing;
use super::streams::Streams;
use super::wasi;
use crate::runtime::guest_end::GuestEnd;
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
        ctx.debugger = image.debug.as_ref().map(|image| Box::new(Debugger::new(image.clone(), up.coverage())));
        let mut store = Store::new(&image.pool.engine, ctx);
        store.limiter(|ctx| ctx);
        store.epoch_deadline_callback(check_epoch);
        arm(&mut store, &up)?;
        if image.debug.is_some() {
            debugged::attach(&mut store);
            debugged::follow_plan(&mut store, true);
        }
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
            Entry::Unit(function) => entering::call(&mut self.store, function, ()).map(|()| 0),
            Entry::Code(function) => entering::call(&mut self.store, function, ()),
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
                None => Err(with_stderr(GuestEnd::Code(code).into(), self.streams.as_ref())),
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
        if self.store.data().debugger.is_some() {
            debugged::follow_plan(&mut self.store, true);
        }
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
fn check_epoch(mut context: StoreContextMut<'_, Ctx>) -> wasmtime::Result<UpdateDeadline> {
    let Some(up) = &context.data().up else { return Ok(UpdateDeadline::Continue(1)) };
    if up.sample_due() {
        up.sample(backtrace::now(&context, &context.data().modules));
    }
    if up.interrupted() {
        return Err(Failure::interrupted().into());
    }
    let (up, is_debugged) = (up.clone(), context.data().debugger.is_some());
    if is_debugged {
        debugged::follow_plan(&mut context, false);
    }
    match (up.is_stop_wanted(), is_debugged) {
        (false, _) => {}
        (true, false) => up.stop(standing::stands(&context), None)?,
        (true, true) => debugged::stopped_by_request(context, &*up)?,
    }
    Ok(UpdateDeadline::Continue(1))
}

/// Arms the store for a call: sets the epoch deadline, then reads the cancel flag. A kill sets the flag before it moves
/// the epoch, so this check or the epoch callback sees it.
fn arm(store: &mut Store<Ctx>, up: &Arc<dyn Upcalls>) -> Result<(), Failure> {
    store.set_epoch_deadline(1);
    if up.interrupted() { Err(Failure::interrupted()) } else { Ok(()) }
}
