//! The frames of a store whose guest stands still.

use std::ops::Range;

use wasmparser::ValType;
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
    /// The function's place among those with code.
    pub defined: u32,
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
        defined: defined.as_u32(),
    })
}

/// Where a frame stands; `None` in code that is not the program's.
pub fn point_of<T: 'static>(
    mut store: impl AsContextMut<Data = T>,
    image: &DebugImage,
    handle: &FrameHandle,
) -> Option<CodePoint> {
    level(&mut store, image, handle).map(|level| level.point)
}

/// The locals, which have these types, and the operands of a frame.
///
/// The engine keeps them one behind the other, after a pointer, and reads each at its place, whatever that is. Where
/// it is built with checks, a read of eight bytes elsewhere than at a multiple of eight aborts the program: such values
/// stay unread there.
pub fn values(mut store: impl AsContextMut, handle: &FrameHandle, types: &[ValType]) -> Option<FrameValues> {
    let mut store = store.as_context_mut();
    let (locals, operands) = (handle.num_locals(&mut store).ok()?, handle.num_stacks(&mut store).ok()?);
    let mut read = FrameValues::default();
    let mut offset = POINTER_BYTES;
    for (index, ty) in (0..locals.min(VALUES_MAX)).zip(types) {
        let can_read = !IS_CHECKED || offset.is_multiple_of(alignment(ty));
        let value = if can_read { wasm_value(&handle.local(&mut store, index).ok()?) } else { WasmValue::Unread };
        read.locals.push(value);
        offset += bytes_of(ty);
    }
    let mut is_known = locals as usize == types.len();
    for index in 0..operands.min(VALUES_MAX) {
        is_known &= !IS_CHECKED || offset.is_multiple_of(POINTER_BYTES);
        if !is_known {
            read.operands.push(WasmValue::Unread);
            continue;
        }
        let value = handle.stack(&mut store, index).ok()?;
        offset += value.ty(&store).map_or(0, |ty| match ty {
            wasmtime::ValType::I32 | wasmtime::ValType::F32 => 4,
            wasmtime::ValType::V128 => 16,
            wasmtime::ValType::Ref(_) => reference_bytes(&value),
            wasmtime::ValType::I64 | wasmtime::ValType::F64 => 8,
        });
        read.operands.push(wasm_value(&value));
    }
    Some(read)
}

/// Whether the engine is built with checks of addresses, as this program is then.
const IS_CHECKED: bool = cfg!(debug_assertions);
const POINTER_BYTES: usize = size_of::<usize>();

/// References to functions are pointers, others four bytes.
fn reference_bytes(value: &Val) -> usize {
    if matches!(value, Val::FuncRef(_)) { POINTER_BYTES } else { 4 }
}

fn bytes_of(ty: &ValType) -> usize {
    match ty {
        ValType::I32 | ValType::F32 => 4,
        ValType::I64 | ValType::F64 => 8,
        ValType::V128 => 16,
        ValType::Ref(ty) if ty.is_func_ref() || ty.is_concrete_type_ref() => POINTER_BYTES,
        ValType::Ref(_) => 4,
    }
}

/// Vectors are read byte by byte.
fn alignment(ty: &ValType) -> usize {
    match ty {
        ValType::V128 => 1,
        other => bytes_of(other),
    }
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
