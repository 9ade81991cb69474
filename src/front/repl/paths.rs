//! Where what is the user's own is kept: the history and the rc file, for the user alone, and the compiled modules.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use etcetera::base_strategy::Xdg;

/// The history, in the user's state directory; `None` where there is no home.
pub fn history_file() -> Option<PathBuf> {
    let base = Xdg::new().ok()?;
    Some(base.state_dir()?.join("plugsh").join("history"))
}

/// The commands that are run when the prompt opens, in the user's configuration directory.
pub fn rc_file() -> Option<PathBuf> {
    Some(Xdg::new().ok()?.config_dir().join("plugsh").join("rc"))
}

/// Where compiled modules are kept between runs, in the user's cache directory.
pub fn cache_dir() -> Option<PathBuf> {
    Some(Xdg::new().ok()?.cache_dir().join("plugsh"))
}

/// Sees to it that a file exists that only the user may read and write.
pub fn private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    make_private(path)
}

/// Takes from all others what they may do with a file of the user's.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 != 0o600 {
        permissions.set_mode(0o600);
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

/// Whether anybody but the owner may write to a file; true where that cannot be told.
pub fn others_write(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |metadata| metadata.permissions().mode() & 0o022 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_the_users_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/plugsh/history");
        private_file(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        private_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!others_write(&path) && others_write(&dir.path().join("none")));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(others_write(&path));
    }
}
