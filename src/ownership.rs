//! Ownership of files and directories: whether another user could have written code or configuration that is trusted.

use std::fs::{self, Metadata};
use std::path::Path;

/// Whether a file or directory belongs to the user and only the user can write to it.
pub fn is_users_alone(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| is_of(&meta, &[user()]) && !others_write(&meta))
}

/// Whether a file or directory belongs to the user or to root, and nobody else can write to it.
pub fn is_users_or_systems(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| is_of(&meta, &[user(), SYSTEM]) && !others_write(&meta))
}

/// Whether a path belongs to the user or to root, regardless of who can write to it.
pub fn belongs_to_user_or_system(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| is_of(&meta, &[user(), SYSTEM]))
}

/// Whether only the user and root can replace files in a directory. A directory with the sticky bit, like /tmp, counts:
/// others can replace only their own files there.
#[cfg(unix)]
pub fn others_cannot_replace(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    let Ok(meta) = fs::metadata(dir) else { return false };
    is_of(&meta, &[user(), SYSTEM]) && (!others_write(&meta) || meta.mode() & STICKY != 0)
}

/// Root's user id.
const SYSTEM: u32 = 0;

/// The user's id.
#[cfg(unix)]
pub fn user() -> u32 {
    // SAFETY: `geteuid` takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

#[cfg(unix)]
fn is_of(meta: &Metadata, users: &[u32]) -> bool {
    use std::os::unix::fs::MetadataExt;
    users.contains(&meta.uid())
}

/// Whether others can write. A group with the user's own id is taken as the user's private group.
#[cfg(unix)]
fn others_write(meta: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let is_own_group = meta.gid() == meta.uid() && meta.uid() != SYSTEM;
    meta.mode() & 0o002 != 0 || (meta.mode() & 0o020 != 0 && !is_own_group)
}

/// Whether the directory exists: without Unix permissions nothing more is checked.
#[cfg(not(unix))]
pub fn others_cannot_replace(dir: &Path) -> bool {
    dir.is_dir()
}

/// The user's id.
#[cfg(not(unix))]
pub fn user() -> u32 {
    SYSTEM
}

#[cfg(not(unix))]
fn is_of(_: &Metadata, _: &[u32]) -> bool {
    true
}

#[cfg(not(unix))]
fn others_write(_: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn who_may_write_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub");
        fs::create_dir(&path).unwrap();
        let mode = |mode: u32| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for (bits, alone, stays) in
            [(0o700, true, true), (0o755, true, true), (0o777, false, false), (0o1777, false, true)]
        {
            mode(bits);
            let seen = (is_users_alone(&path), is_users_or_systems(&path), others_cannot_replace(&path));
            assert_eq!(seen, (alone, alone, stays), "{bits:o}");
        }
        assert!(!is_users_alone(&dir.path().join("none")) && !others_cannot_replace(&dir.path().join("none")));
        assert!(belongs_to_user_or_system(&path) && belongs_to_user_or_system(Path::new("/")));
    }
}
