//! Facts about this machine and this process that each system gives in its own way: memory, memory maps, the program's
//! own file. No other file of `src` reads `/proc` or `/sys`; owners of files are in `ownership`.

use std::path::PathBuf;

/// Linux's default for `vm.max_map_count`; the bound too where the system has none that can be read.
const MAP_COUNT_DEFAULT: usize = 65_530;

/// Memory maps that this process may have.
pub fn map_count_max() -> usize {
    system::map_count_max().unwrap_or(MAP_COUNT_DEFAULT)
}

/// Bytes of memory that this process can have at most: the machine's, or its control group's where that is less. `None`
/// where the system does not tell.
pub fn memory_bytes() -> Option<u64> {
    system::memory_bytes()
}

/// Lets the system end this process before others when memory runs out. Nothing tells whether it will.
pub fn prefer_oom_kill() {
    system::prefer_oom_kill();
}

/// Path of the running program; on Linux valid also after its file has been replaced.
pub fn this_program() -> Option<PathBuf> {
    system::this_program().or_else(|| std::env::current_exe().ok())
}

#[cfg(target_os = "linux")]
mod system {
    use std::path::PathBuf;

    /// The system's most memory maps of a process; `None` where it does not say.
    pub fn map_count_max() -> Option<usize> {
        std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()
    }

    /// Bytes of memory that this process can get; `None` where the system does not say.
    pub fn memory_bytes() -> Option<u64> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let machine = memory_total_bytes(&read("/proc/meminfo"));
        let group = read("/sys/fs/cgroup/memory.max").trim().parse().ok();
        [machine, group].into_iter().flatten().min()
    }

    /// `MemTotal` of `/proc/meminfo`.
    pub(super) fn memory_total_bytes(meminfo: &str) -> Option<u64> {
        let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    /// Makes this process the first to be ended when memory runs out; does nothing where that cannot be set.
    pub fn prefer_oom_kill() {
        // A system that does not let it be said is no reason to stop.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }

    /// Path of the running program; `None` where only its file name is known.
    pub fn this_program() -> Option<PathBuf> {
        Some(PathBuf::from("/proc/self/exe")).filter(|running| running.exists())
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::path::PathBuf;

    /// The system's most memory maps of a process; `None` where it does not say.
    pub fn map_count_max() -> Option<usize> {
        None
    }

    /// Bytes of memory that this process can get; `None` where the system does not say.
    pub fn memory_bytes() -> Option<u64> {
        let mut bytes = 0u64;
        let mut size = size_of::<u64>();
        // SAFETY: the name ends with a zero byte, `bytes` has room for the `size` bytes that this number takes, both
        // live through the call, and nothing is set.
        let status = unsafe {
            libc::sysctlbyname(c"hw.memsize".as_ptr(), (&raw mut bytes).cast(), &mut size, std::ptr::null_mut(), 0)
        };
        (status == 0 && size == size_of::<u64>()).then_some(bytes)
    }

    /// Makes this process the first to be ended when memory runs out; does nothing where that cannot be set.
    pub fn prefer_oom_kill() {}

    /// Path of the running program; `None` where only its file name is known.
    pub fn this_program() -> Option<PathBuf> {
        None
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod system {
    use std::path::PathBuf;

    /// The system's most memory maps of a process; `None` where it does not say.
    pub fn map_count_max() -> Option<usize> {
        None
    }

    /// Bytes of memory that this process can get; `None` where the system does not say.
    pub fn memory_bytes() -> Option<u64> {
        None
    }

    /// Makes this process the first to be ended when memory runs out; does nothing where that cannot be set.
    pub fn prefer_oom_kill() {}

    /// Path of the running program; `None` where only its file name is known.
    pub fn this_program() -> Option<PathBuf> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_total_of_memory_is_read() {
        let of = system::memory_total_bytes;
        assert_eq!(of("MemTotal:       24684084 kB\nMemFree: 1 kB\n"), Some(24_684_084 << 10));
        assert_eq!(of(""), None);
        assert_eq!(of("MemTotal: many kB\n"), None);
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    #[test]
    fn the_machine_is_known() {
        assert!(memory_bytes().unwrap() > 1 << 20);
        assert!(map_count_max() > 0);
        assert!(this_program().unwrap().exists());
    }
}
