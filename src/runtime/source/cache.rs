//! Programs that were read before, for as long as the files behind them are the same. Bounded in number and bytes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::file::Stamp;
use super::file_set::FileSet;
use super::loaded::Loaded;
use crate::runtime::Program;

/// Most programs kept.
const ENTRIES_MAX: usize = 256;
/// Most bytes of modules kept; a single program may exceed it, and is then the only one.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The key of a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Builtin(&'static str),
    /// An absolute path.
    File(PathBuf),
}

/// A program with the state of its files when it was read.
#[derive(Debug)]
pub(super) struct CacheEntry {
    pub(super) program: Arc<Program>,
    pub(super) fetched: bool,
    stamps: Vec<(PathBuf, Stamp)>,
    bytes: u64,
}

impl CacheEntry {
    /// An entry for a program that was just read.
    pub(super) fn new(loaded: Loaded) -> Arc<Self> {
        let bytes = loaded.program.modules.iter().map(|module| module.bytes.len() as u64).sum();
        Arc::new(CacheEntry {
            program: Arc::new(loaded.program),
            fetched: loaded.fetched,
            stamps: loaded.stamps,
            bytes,
        })
    }

    /// The files that the program was read from, in their state then.
    pub(super) fn files(&self) -> FileSet {
        FileSet::read(&self.stamps)
    }

    /// Whether its files have the bytes that were read; costs a `stat` of each, and a look into those that were young
    /// then.
    pub(super) fn has_same_bytes(&self) -> bool {
        self.stamps.iter().all(|(path, stamp)| stamp.has_same_bytes(path))
    }

    fn is_current(&self) -> bool {
        self.stamps.iter().all(|(path, stamp)| stamp.still_holds(path))
    }
}

/// The programs that were read, by source.
#[derive(Debug, Default)]
pub(super) struct Cache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Key, (Arc<CacheEntry>, u64)>,
    bytes: u64,
    /// Grows with each use: the smallest one in the table is the longest unused.
    clock: u64,
}

impl Cache {
    /// The entry, if its files are as they were. The files are looked at outside the lock.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        let entry = self.inner.lock().touch(key)?;
        if entry.is_current() {
            return Some(entry);
        }
        self.inner.lock().remove(key);
        None
    }

    /// The entry, whether its files are as they were or not.
    pub(super) fn last(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        self.inner.lock().touch(key)
    }

    /// Keeps an entry in place of an earlier one of its key.
    pub(super) fn insert(&self, key: Key, entry: Arc<CacheEntry>) {
        let mut inner = self.inner.lock();
        inner.remove(&key);
        while !inner.entries.is_empty()
            && (inner.entries.len() >= ENTRIES_MAX || inner.bytes.saturating_add(entry.bytes) > BYTES_MAX)
        {
            inner.remove_longest_unused();
        }
        inner.clock += 1;
        inner.bytes += entry.bytes;
        let used = inner.clock;
        inner.entries.insert(key, (entry, used));
    }
}

impl Inner {
    fn touch(&mut self, key: &Key) -> Option<Arc<CacheEntry>> {
        self.clock += 1;
        let (entry, used) = self.entries.get_mut(key)?;
        *used = self.clock;
        Some(Arc::clone(entry))
    }

    fn remove(&mut self, key: &Key) {
        if let Some((entry, _)) = self.entries.remove(key) {
            self.bytes -= entry.bytes;
        }
    }

    fn remove_longest_unused(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Cache, CacheEntry, ENTRIES_MAX, Key};
    use crate::runtime::source::content;
    use crate::runtime::source::loaded::Loaded;
    use std::path::PathBuf;
    use std::sync::Arc;

    fn entry(bytes: usize) -> Arc<CacheEntry> {
        let program = content::single_module(vec![0; bytes], "test".into(), "test".into());
        CacheEntry::new(Loaded { program, stamps: Vec::new(), fetched: false })
    }

    fn key(n: usize) -> Key {
        Key::File(PathBuf::from(n.to_string()))
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let cache = Cache::default();
        for n in 0..ENTRIES_MAX {
            cache.insert(key(n), entry(1));
        }
        assert!(cache.get(&key(0)).is_some(), "used again");
        cache.insert(key(ENTRIES_MAX), entry(1));
        assert!(cache.get(&key(0)).is_some());
        assert!(cache.get(&key(1)).is_none());
        assert_eq!(cache.inner.lock().entries.len(), ENTRIES_MAX);
        assert_eq!(cache.inner.lock().bytes, ENTRIES_MAX as u64);
    }

    #[test]
    fn bytes_are_bounded() {
        let cache = Cache::default();
        let mut large = Arc::into_inner(entry(1)).expect("only one owner");
        large.bytes = BYTES_MAX;
        cache.insert(key(0), entry(1));
        cache.insert(key(1), Arc::new(large));
        assert!(cache.get(&key(0)).is_none());
        assert_eq!(cache.inner.lock().bytes, BYTES_MAX);
    }
}
