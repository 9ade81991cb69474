//! The C library's allocator: when freed memory goes back to the system.

/// The size from which an allocation is a map of its own, returned to the system when freed.
///
/// Smaller payloads of calls reuse freed memory; for larger ones the copy costs more than the mapping.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAP_BYTES_MIN: i32 = 4 << 20;

/// Fixes glibc's threshold at [`OWN_MAP_BYTES_MIN`]. By default it grows up to 32 MiB as large blocks are freed
/// (mallopt(3)), and a shell that compiled many modules would keep far more memory than it uses. Other allocators need
/// no setting.
///
/// Called at the program's start.
pub fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` takes only numbers and glibc's own lock; an invalid size changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAP_BYTES_MIN);
    }
}

/// Gives the pages of freed memory back to the system.
///
/// glibc has an arena for each of some threads, and keeps what was freed there for the next allocation of the same
/// arena: a program whose threads come and go, each with much for a moment, would keep the most of each. Takes the
/// arenas one after another, each for as long as its pages take.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` takes a number and the locks of glibc's own arenas; memory in use stays where it is.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Has freed memory below [`OWN_MAP_BYTES_MIN`] kept for the next payload.
///
/// A payload of a node's call is in two or three blocks of its size, and glibc gives back whatever is free beyond
/// 128 KiB at the end of a heap.
///
/// Called where payloads are sent to other machines.
pub fn keep_freed_payloads() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: as in `return_large_blocks`.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, OWN_MAP_BYTES_MIN);
    }
}
