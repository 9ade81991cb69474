//! The clock behind JavaScript's `Date`, which QuickJS asks of its embedder. Extism has none, so it is WASI's.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(clock: u32, precision_ns: u64, time_ns: *mut u64) -> u32;
}

const REALTIME: u32 = 0;

/// Microseconds since 1970; 0 where the host has no clock.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    let mut time_ns = 0;
    // SAFETY: the host writes eight bytes where it is told, which are there.
    let failed = unsafe { clock_time_get(REALTIME, 1000, &raw mut time_ns) };
    if failed == 0 { (time_ns / 1000) as f64 } else { 0.0 }
}
