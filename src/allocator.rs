//! How the C library's allocator keeps memory that was given back to it. Nothing else about memory stands here.

/// Blocks from this size on are maps of their own, and go back to the system when they are freed.
///
/// Smaller payloads of calls are served from memory that is there; copying larger ones costs more than mapping them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAP_BYTES_MIN: i32 = 4 << 20;

/// Keeps glibc from raising that size by itself: up to 32 MiB with each large block freed (mallopt(3)), after which a shell
/// that compiled and ended many modules holds on to far more than it uses. Other allocators have no such rule.
///
/// For the start of a program.
pub fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes numbers alone, and takes glibc's own lock; a size that it does not like changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAP_BYTES_MIN);
    }
}
