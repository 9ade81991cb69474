//! The lines of the modules that were asked for last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use super::table::SourceLines;
use crate::runtime::lru::{LruCache, LruMax};
use crate::runtime::program::ModuleBytes;

/// The bounds of modules whose lines are kept.
const MODULES_MAX: LruMax = LruMax { items: 32, bytes: 256 << 20 };

/// Lines of modules by the SHA-256 of their bytes.
pub struct LineTables {
    modules: Mutex<LruCache<String, SourceLines>>,
}

impl Default for LineTables {
    fn default() -> Self {
        LineTables { modules: Mutex::new(LruCache::new(MODULES_MAX)) }
    }
}

impl LineTables {
    /// The lines of a module, read when they are first asked for: some milliseconds, seconds for a large one.
    pub fn of(&self, module: &ModuleBytes) -> Arc<SourceLines> {
        if let Some(lines) = self.modules.lock().get(&module.sha256) {
            return lines;
        }
        // Bytes that a parser fails on with a panic have no lines.
        let read = catch_unwind(AssertUnwindSafe(|| SourceLines::read(&module.bytes)));
        let lines = Arc::new(read.unwrap_or_default());
        let gone = self.modules.lock().put(module.sha256.clone(), lines.clone(), lines.bytes());
        drop(gone);
        lines
    }
}
