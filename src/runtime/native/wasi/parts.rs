//! The operands of WASI functions, borrowed from the calling instance's store.

use std::sync::Arc;

use wasmtime::{AsContextMut, Caller, Extern, Result};
use wasmtime_wasi::p1::{WasiP1Ctx, wasi_snapshot_preview1 as preview1};

use super::fds::Fds;
use crate::runtime::Upcalls;
use crate::runtime::native::ctx::{Ctx, refused};

/// The operands of a WASI function.
pub struct Parts<'a> {
    pub data: &'a mut [u8],
    pub wasi: &'a mut WasiP1Ctx,
    pub fds: &'a mut Fds,
    pub up: Arc<dyn Upcalls>,
}

/// The guest's memory and its WASI context.
///
/// # Errors
/// The guest has no memory.
pub fn parts<'a>(caller: &'a mut Caller<'_, Ctx>) -> Result<Parts<'a>> {
    let Some(memory) = caller.get_export("memory").and_then(Extern::into_memory) else {
        return Err(refused("it calls WASI, which needs its memory, and exports none as `memory`"));
    };
    // The bound on the host's memory for one call.
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (data, ctx) = memory.data_and_store_mut(caller);
    let up = ctx.up()?;
    let Some(wasi) = ctx.wasi.as_deref_mut() else { return Err(refused("this instance has no WASI")) };
    preview1::WasiSnapshotPreview1::set_hostcall_fuel(&mut wasi.p1, fuel);
    Ok(Parts { data, wasi: &mut wasi.p1, fds: &mut wasi.fds, up })
}
