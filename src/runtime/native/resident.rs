//! Resident bytes of a memory: asked page by page, where the system tells.

/// Bytes of `memory` that are resident; `None` where the system does not tell. Pages that no instance has written yet
/// are shared by all instances of a module, and count for each of them once they were read.
#[cfg(target_os = "linux")]
pub fn resident_bytes(memory: &[u8]) -> Option<u64> {
    /// Pages that are asked for at once.
    const STEP_PAGES: usize = 4096;
    static PAGE_BYTES: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {
        // SAFETY: takes a number and gives one.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two()).unwrap_or(4096)
    });
    let page = *PAGE_BYTES;
    // Only whole pages inside of the memory count: the others are shared with its neighbours.
    let skipped = memory.as_ptr().align_offset(page).min(memory.len());
    let mut rest = memory.get(skipped..)?;
    let mut pages = 0u64;
    let mut present = [0u8; STEP_PAGES];
    while rest.len() >= page {
        let step = (rest.len() / page).min(STEP_PAGES);
        let (now, later) = rest.split_at(step * page);
        // SAFETY: the address is page-aligned, the range lies in a slice that is borrowed for the call, and `present`
        // has a byte for each of its pages. The call reads the page tables, not the memory, and writes `present` alone.
        let asked = unsafe { libc::mincore(now.as_ptr().cast_mut().cast(), now.len(), present.as_mut_ptr()) };
        if asked != 0 {
            return None;
        }
        pages += present.iter().take(step).map(|page| u64::from(page & 1)).sum::<u64>();
        rest = later;
    }
    Some(pages * page as u64)
}

/// `None`: this system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn resident_bytes(_memory: &[u8]) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::resident_bytes;

    #[test]
    fn what_was_touched_is_resident() {
        // Zeroed memory of this size comes from the system untouched.
        let mut memory = vec![0u8; 64 << 20];
        let before = resident_bytes(&memory).unwrap();
        assert!(before < 32 << 20, "{before} bytes of untouched memory are resident");
        memory.fill(1);
        let after = resident_bytes(&memory).unwrap();
        assert!(after >= (64 << 20) - 8192, "{after} bytes of touched memory are resident");
        assert_eq!(resident_bytes(&[]), Some(0));
        assert_eq!(resident_bytes(&memory[1..100]), Some(0), "no whole page");
    }
}
