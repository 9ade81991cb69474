//! Compiled modules on disk, so that a restart does not compile again. An entry that is not whole is compiled anew,
//! never trusted: its bytes are checked against their own SHA-256 before wasmtime sees them.
//!
//! Each entry names the module that it was compiled from, so a swapped entry is refused. A directory that others can
//! write to, or that belongs to another user, is not used.
//!
//! The cache does not defend against an attacker who acts as the user: that one can replace the program itself.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::leftovers::Entry;
use crate::ownership::{is_users_alone, others_cannot_replace};

/// The magic bytes of an entry; a new format gets new ones.
const MAGIC: &[u8; 8] = b"plugsh02";
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
    /// A cache below `root`, a directory of plugsh's own, for the modules of this engine. `None` where the directory
    /// cannot be made or trusted.
    pub fn open(root: &Path, engine: &Engine) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        super::chunked::VERSION.hash(&mut hasher);
        let dir = root.join(format!("modules-{:016x}", hasher.finish()));
        make_dirs(&dir).ok()?;
        // A user who can write to a parent directory could replace the directory below it.
        let above = root.parent().filter(|above| !above.as_os_str().is_empty());
        let is_own = above.is_none_or(others_cannot_replace) && is_users_alone(root) && is_users_alone(&dir);
        // Read access of others is removed too.
        (is_own && make_private(root).and_then(|()| make_private(&dir)).is_ok()).then_some(Cache { dir })
    }

    /// The module whose wasm has this SHA-256, if it was compiled before.
    pub fn get(&self, engine: &Engine, sha256: &str) -> Option<Module> {
        let path = self.path(sha256)?;
        if fs::metadata(&path).ok()?.len() > ENTRY_BYTES_MAX {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        let Some(payload) = checked(&bytes, sha256) else {
            // A damaged entry would fail again at each start.
            let _ = fs::remove_file(&path);
            return None;
        };
        // SAFETY: `deserialize` asks for bytes that `serialize` gave. These are the bytes that `put` wrote after
        // `serialize` of this very module, to the last one: their digest was just checked, and nobody but the user can
        // write to the directory. wasmtime itself refuses another version's or
        // another configuration's.
        unsafe { Module::deserialize(engine, payload) }.ok()
    }

    /// Keeps a compiled module. A failed write is no error: the next start compiles again.
    pub fn put(&self, sha256: &str, module: &Module) {
        if let Ok(code) = module.serialize() {
            self.put_code(sha256, &code);
        }
    }

    /// Keeps a module in its compiled form, as `serialize` gives it.
    pub fn put_code(&self, sha256: &str, payload: &[u8]) {
        let Some(path) = self.path(sha256) else { return };
        if payload.len() as u64 > ENTRY_BYTES_MAX {
            return;
        }
        self.make_room(payload.len() as u64);
        // A temporary name first: a reader sees a whole entry or none.
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let _entry = Entry::file(&partial);
        if write(&partial, payload, sha256).and_then(|()| fs::rename(&partial, &path)).is_err() {
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

fn write(path: &Path, payload: &[u8], sha256: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&digest(payload, sha256))?;
    file.write_all(payload)
}

/// The part of an entry that names the module it was compiled from.
fn digest(payload: &[u8], sha256: &str) -> [u8; DIGEST_BYTES] {
    Sha256::new().chain_update(sha256).chain_update(payload).finalize().into()
}

/// The payload of a whole entry of this module.
fn checked<'a>(bytes: &'a [u8], sha256: &str) -> Option<&'a [u8]> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (written, payload) = rest.split_at_checked(DIGEST_BYTES)?;
    (digest(payload, sha256) == written).then_some(payload)
}

/// Makes the directories that are not there, for the user alone.
#[cfg(unix)]
fn make_dirs(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_dirs(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
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
    fn a_directory_that_others_can_write_to_is_not_used_and_another_is_closed_to_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (above, root) = (dir.path().join("above"), dir.path().join("above/plugsh"));
        fs::create_dir_all(&root).unwrap();
        let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let open = || Cache::open(&root, &Engine::default());
        mode(&root, 0o755);
        let cache = open().unwrap();
        for private in [&root, &cache.dir] {
            assert_eq!(fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o700, "{}", private.display());
        }
        for (path, open_to_all) in [(&root, 0o777), (&cache.dir, 0o707), (&above, 0o777)] {
            let before = fs::metadata(path).unwrap().permissions().mode();
            mode(path, open_to_all);
            assert!(open().is_none(), "{} as {open_to_all:o}", path.display());
            mode(path, before);
        }
        // As /tmp is: what is there can be moved by its owner alone.
        mode(&above, 0o1777);
        assert!(open().is_some());
    }

    #[test]
    fn an_entry_in_the_place_of_another_is_not_used() {
        let (_dir, engine, cache) = cache();
        cache.put(SHA, &Module::new(&engine, "(module (func (export \"f\")))").unwrap());
        let other = SHA.replace("0011", "1100");
        fs::copy(cache.path(SHA).unwrap(), cache.path(&other).unwrap()).unwrap();
        assert!(cache.get(&engine, &other).is_none() && cache.get(&engine, SHA).is_some());
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
