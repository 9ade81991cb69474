//! The frames of a store whose guest stands still.

use std::ops::Range;

use wasmtime::{AsContextMut, FrameHandle, Val};

use super::image::DebugImage;
use crate::runtime::stopping::{CodePoint, FrameValues, WasmValue};

/// Most frames that are counted.
const FRAMES_MAX: usize = 100_000;
/// Most locals and operands of a frame that are read.
const VALUES_MAX: u32 = 1 << 16;

/// One frame of a guest.
pub struct Level {
    pub handle: FrameHandle,
    pub point: CodePoint,
    /// Where the function's body is in the file.
    pub body: Range<u32>,
}

/// The frames of a guest, the innermost first; those of the arena and of added functions are left out.
pub fn levels(mut store: impl AsContextMut, image: &DebugImage) -> Vec<Level> {
    let mut store = store.as_context_mut();
    let entries: Vec<FrameHandle> = store.debug_exit_frames().collect();
    let mut levels = Vec::new();
    for entry in entries {
        let mut next = Some(entry);
        while let Some(handle) = next.filter(|_| levels.len() < FRAMES_MAX) {
            levels.extend(level(&mut store, image, &handle));
            next = handle.parent(&mut store).ok().flatten();
        }
    }
    levels
}

fn level<T: 'static>(
    mut store: impl AsContextMut<Data = T>,
    image: &DebugImage,
    handle: &FrameHandle,
) -> Option<Level> {
    let mut store = store.as_context_mut();
    let (defined, pc) = handle.wasm_function_index_and_pc(&mut store).ok().flatten()?;
    let module = image.of(handle.module(&mut store).ok().flatten()?)?;
    let pc = module.map.to_original(defined.as_u32(), pc)?;
    Some(Level {
        handle: handle.clone(),
        point: CodePoint { module: module.position, pc },
        body: module.map.body(defined.as_u32())?,
    })
}

/// The locals and operands of a frame.
pub fn values(mut store: impl AsContextMut, handle: &FrameHandle) -> Option<FrameValues> {
    let mut store = store.as_context_mut();
    let (locals, operands) = (handle.num_locals(&mut store).ok()?, handle.num_stacks(&mut store).ok()?);
    let mut read = FrameValues::default();
    for index in 0..locals.min(VALUES_MAX) {
        read.locals.push(wasm_value(&handle.local(&mut store, index).ok()?));
    }
    for index in 0..operands.min(VALUES_MAX) {
        read.operands.push(wasm_value(&handle.stack(&mut store, index).ok()?));
    }
    Some(read)
}

/// A value in the words of this program.
pub fn wasm_value(value: &Val) -> WasmValue {
    match value {
        Val::I32(value) => WasmValue::I32(*value),
        Val::I64(value) => WasmValue::I64(*value),
        Val::F32(bits) => WasmValue::F32(f32::from_bits(*bits)),
        Val::F64(bits) => WasmValue::F64(f64::from_bits(*bits)),
        Val::V128(bits) => WasmValue::V128(bits.as_u128()),
        Val::FuncRef(_) | Val::ExternRef(_) | Val::AnyRef(_) | Val::ExnRef(_) | Val::ContRef(_) => WasmValue::Reference,
    }
}
