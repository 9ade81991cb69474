//! Compiled modules on disk, so that a restart does not compile again. An entry that is not whole is compiled anew, never
//! trusted: its bytes are checked against their own SHA-256 before wasmtime sees them.
//!
//! What it is not: a defence against someone who can write to the user's own cache directory; such a one can replace the
//! program itself. The directory is private to the user (0700), as the one above it is.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::leftovers::Entry;

/// What every entry begins with; a new form of entry gets a new one.
const MAGIC: &[u8; 8] = b"plugsh01";
const DIGEST_BYTES: usize = 32;
/// Most bytes that the directory keeps; the least recently written entries go first.
const CACHE_BYTES_MAX: u64 = 512 << 20;
/// Largest entry that is written or read, in bytes.
const ENTRY_BYTES_MAX: u64 = 128 << 20;

/// The cache of one engine.
pub struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// A cache below `root`, a directory of plugsh's own, for what this engine compiles. `None` where it cannot be made: it is
    /// only a cache.
    pub fn open(root: &Path, engine: &Engine) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let dir = root.join(format!("modules-{:016x}", hasher.finish()));
        fs::create_dir_all(&dir).ok()?;
        // Who may write to the one above could put another in the place of the one below.
        make_private(root).and_then(|()| make_private(&dir)).ok()?;
        Some(Cache { dir })
    }

    /// The module whose wasm has this SHA-256, if it was compiled before.
    pub fn get(&self, engine: &Engine, sha256: &str) -> Option<Module> {
        let path = self.path(sha256)?;
        if fs::metadata(&path).ok()?.len() > ENTRY_BYTES_MAX {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        let Some(payload) = checked(&bytes) else {
            // Cut short or changed: it would only be read in vain again.
            let _ = fs::remove_file(&path);
            return None;
        };
        // SAFETY: `deserialize` asks for bytes that `serialize` gave. These are the bytes that `put` wrote after
        // `serialize`, to the last one: their digest was just checked. wasmtime itself refuses another version's or
        // another configuration's.
        unsafe { Module::deserialize(engine, payload) }.ok()
    }

    /// Keeps a compiled module. Failing to is not an error: it is only a cache.
    pub fn put(&self, sha256: &str, module: &Module) {
        if let Ok(code) = module.serialize() {
            self.put_code(sha256, &code);
        }
    }

    /// The same for a module in its compiled form, as `serialize` gives it.
    pub fn put_code(&self, sha256: &str, payload: &[u8]) {
        let Some(path) = self.path(sha256) else { return };
        if payload.len() as u64 > ENTRY_BYTES_MAX {
            return;
        }
        self.make_room(payload.len() as u64);
        // Under a name of its own first: who reads sees a whole entry or none.
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let _entry = Entry::file(&partial);
        if write(&partial, payload).and_then(|()| fs::rename(&partial, &path)).is_err() {
            let _ = fs::remove_file(&partial);
        }
    }

    /// Where an entry lies; only for what is a digest.
    fn path(&self, sha256: &str) -> Option<PathBuf> {
        let is_digest = sha256.len() == 2 * DIGEST_BYTES && sha256.bytes().all(|b| b.is_ascii_hexdigit());
        is_digest.then(|| self.dir.join(sha256))
    }

    fn make_room(&self, bytes: u64) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        entries.sort();
        for (_, size, path) in entries {
            if total + bytes <= CACHE_BYTES_MAX {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
    }
}

fn write(path: &Path, payload: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&Sha256::digest(payload))?;
    file.write_all(payload)
}

/// The payload of a whole entry.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (digest, payload) = rest.split_at_checked(DIGEST_BYTES)?;
    (Sha256::digest(payload).as_slice() == digest).then_some(payload)
}

#[cfg(unix)]
fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn cache() -> (tempfile::TempDir, Engine, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = Cache::open(dir.path(), &engine).unwrap();
        (dir, engine, cache)
    }

    #[test]
    fn what_was_compiled_comes_back() {
        let (_dir, engine, cache) = cache();
        let module = Module::new(&engine, "(module (func (export \"f\")))").unwrap();
        assert!(cache.get(&engine, SHA).is_none());
        cache.put(SHA, &module);
        let again = cache.get(&engine, SHA).unwrap();
        assert_eq!(again.exports().map(|e| e.name().to_string()).collect::<Vec<_>>(), ["f"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reaches_it_whatever_the_directory_was_made_as() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("plugsh");
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
        let cache = Cache::open(&root, &Engine::default()).unwrap();
        for private in [&root, &cache.dir] {
            assert_eq!(fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o700, "{}", private.display());
        }
    }

    #[test]
    fn an_entry_that_was_changed_anywhere_is_not_used() {
        let (_dir, engine, cache) = cache();
        cache.put(SHA, &Module::new(&engine, "(module (func (export \"f\")))").unwrap());
        let path = cache.path(SHA).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 50 + 1) {
            let mut bad = whole.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(cache.get(&engine, SHA).is_none(), "changed at {at}");
        }
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(cache.get(&engine, SHA).is_none(), "cut short");
        assert!(!path.exists(), "a bad entry stays");
    }

    #[test]
    fn a_name_that_is_no_digest_reaches_no_file() {
        let (_dir, _engine, cache) = cache();
        for bad in ["", "../../etc/passwd", "(module)"] {
            assert!(cache.path(bad).is_none(), "{bad}");
        }
    }
}
