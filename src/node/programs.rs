//! Modules by their hashes, which are sent once, and compiled programs by their numbers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::locks::{Mutex, Rank};
use crate::runtime::{Image, sha256_hex};

/// Most bytes of modules that are kept; the ones used longest ago go first.
const MODULE_BYTES_MAX: usize = 1 << 30;
/// Most compiled programs that are kept; the ones used longest ago go first, and are asked for again.
const PROGRAMS_MAX: usize = 1024;

/// The modules and programs.
pub struct Programs(Mutex<KeptPrograms>);

#[derive(Default)]
struct KeptPrograms {
    modules: HashMap<String, Used<Arc<[u8]>>>,
    programs: HashMap<u64, Used<Arc<dyn Image>>>,
    /// Goes up with each use.
    now: u64,
    last_program: u64,
}

impl Default for Programs {
    fn default() -> Self {
        Programs(Mutex::new(Rank::NodePrograms, KeptPrograms::default()))
    }
}

struct Used<T> {
    value: T,
    at: u64,
}

impl Programs {
    /// A module's bytes.
    pub fn module(&self, sha256: &str) -> Option<Arc<[u8]>> {
        let mut kept = self.0.lock();
        kept.now += 1;
        let now = kept.now;
        let used = kept.modules.get_mut(sha256)?;
        used.at = now;
        Some(used.value.clone())
    }

    /// Keeps a module that has this hash; `None` where it has another.
    pub fn keep_module(&self, sha256: &str, bytes: Vec<u8>) -> Option<Arc<[u8]>> {
        if sha256_hex(&bytes) != sha256 {
            return None;
        }
        let value: Arc<[u8]> = bytes.into();
        let mut kept = self.0.lock();
        kept.now += 1;
        let at = kept.now;
        kept.modules.insert(sha256.to_owned(), Used { value: value.clone(), at });
        let mut bytes: usize = kept.modules.values().map(|used| used.value.len()).sum();
        while bytes > MODULE_BYTES_MAX
            && let Some(oldest) = oldest(&kept.modules)
        {
            bytes -= kept.modules.remove(&oldest).map_or(0, |used| used.value.len());
        }
        Some(value)
    }

    /// Keeps a compiled program, and gives its number.
    pub fn keep(&self, image: Arc<dyn Image>) -> u64 {
        let mut kept = self.0.lock();
        kept.now += 1;
        kept.last_program += 1;
        let (at, number) = (kept.now, kept.last_program);
        if kept.programs.len() >= PROGRAMS_MAX
            && let Some(oldest) = oldest(&kept.programs)
        {
            kept.programs.remove(&oldest);
        }
        kept.programs.insert(number, Used { value: image, at });
        number
    }

    /// A compiled program.
    pub fn program(&self, number: u64) -> Option<Arc<dyn Image>> {
        let mut kept = self.0.lock();
        kept.now += 1;
        let now = kept.now;
        let used = kept.programs.get_mut(&number)?;
        used.at = now;
        Some(used.value.clone())
    }
}

fn oldest<K: Clone, T>(used: &HashMap<K, Used<T>>) -> Option<K> {
    used.iter().min_by_key(|(_, used)| used.at).map(|(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_the_hash_that_it_is_kept_by() {
        let programs = Programs::default();
        let hash = sha256_hex(b"(module)");
        assert_eq!(programs.keep_module(&hash, b"(module )".to_vec()), None);
        assert_eq!(programs.module(&hash), None);
        assert!(programs.keep_module(&hash, b"(module)".to_vec()).is_some());
        assert_eq!(programs.module(&hash).as_deref(), Some(&b"(module)"[..]));
    }
}
