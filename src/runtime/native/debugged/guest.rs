//! A store at a stop, as the kernel looks into it.

use std::sync::Arc;

use wasmtime::{AsContextMut, StoreContextMut};

use super::frames::{Level, levels, values, wasm_value};
use super::image::DebugImage;
use crate::runtime::inspect::{MemoryError, MemoryPart};
use crate::runtime::native::ctx::Ctx;
use crate::runtime::native::standing::with_caller;
use crate::runtime::stopping::{CodePoint, FrameAt, FrameValues, StoppedGuest, WasmValue};

/// A store whose guest stands still.
pub struct StoppedStore<'a, 'b>(&'a mut StoreContextMut<'b, Ctx>);

impl<'a, 'b> StoppedStore<'a, 'b> {
    /// A store as it stands in a handler of its events.
    pub fn new(store: &'a mut StoreContextMut<'b, Ctx>) -> Self {
        StoppedStore(store)
    }

    /// Looks at a frame with its store.
    fn look<T>(
        &mut self,
        at: FrameAt,
        look: impl FnOnce(StoreContextMut<'_, Ctx>, &DebugImage, Level) -> Option<T>,
    ) -> Option<T> {
        let look = |mut store: StoreContextMut<'_, Ctx>| {
            let image = Arc::clone(&store.data().debugger.as_deref()?.image);
            let mut stack = levels(&mut store, &image);
            if at.frame >= stack.len() {
                return None;
            }
            let level = stack.swap_remove(at.frame);
            look(store, &image, level)
        };
        match at.guest.checked_sub(1) {
            None => look(self.0.as_context_mut()),
            Some(caller) => with_caller(caller, |caller| look(caller.as_context_mut())).flatten(),
        }
    }
}

impl StoppedGuest for StoppedStore<'_, '_> {
    fn point(&mut self, at: FrameAt) -> Option<CodePoint> {
        self.look(at, |_, _, level| Some(level.point))
    }

    fn values(&mut self, at: FrameAt) -> Option<FrameValues> {
        self.look(at, |store, image, level| {
            values(store, &level.handle, &image.locals(level.point.module, level.defined))
        })
    }

    fn global(&mut self, at: FrameAt, index: u32) -> Option<WasmValue> {
        self.look(at, |mut store, _, level| {
            let instance = level.handle.instance(&mut store).ok()?;
            let global = instance.debug_global(&mut store, index)?;
            Some(wasm_value(&global.get(&mut store)))
        })
    }

    fn read_memory(&mut self, at: FrameAt, offset: u64, length: u64) -> Result<MemoryPart, MemoryError> {
        let read = self.look(at, |mut store, _, level| {
            let instance = level.handle.instance(&mut store).ok()?;
            let memory = instance.debug_memory(&mut store, 0)?;
            Some(MemoryPart::of(memory.data(&store), offset, length))
        });
        read.unwrap_or(Err(MemoryError::NotExported))
    }
}
