//! The paths of the user's files: the history, the rc file and the cache of compiled modules.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::ownership::{belongs_to_user_or_system, is_users_or_systems, others_cannot_replace};
use etcetera::BaseStrategy;
use etcetera::base_strategy::Xdg;

/// The user's XDG directories; `None` without a home directory, or with a relative one: that would be another directory
/// in each working directory.
fn user_dirs() -> Option<Xdg> {
    Xdg::new().ok().filter(|user_dirs| user_dirs.home_dir().is_absolute())
}

/// The error in the home directory that the environment names, if there is one.
pub fn home_error() -> Option<String> {
    let home = Xdg::new().ok()?.home_dir().to_owned();
    let shown = home.display();
    (!home.is_absolute()).then(|| format!("HOME is `{shown}`, which is no absolute path: no rc file, history or cache"))
}

/// The history file, in the user's state directory; `None` without a home directory.
pub fn history_file() -> Option<PathBuf> {
    Some(user_dirs()?.state_dir()?.join("plugsh").join("history"))
}

/// The rc file, whose commands run when the prompt opens, in the user's configuration directory.
pub fn rc_file() -> Option<PathBuf> {
    Some(user_dirs()?.config_dir().join("plugsh").join("rc"))
}

/// The cache of compiled modules, in the user's cache directory.
pub fn cache_dir() -> Option<PathBuf> {
    Some(user_dirs()?.cache_dir().join("plugsh"))
}

/// Creates the file, if it does not exist, and restricts it to the user.
///
/// # Errors
/// The file cannot be created or restricted.
pub fn private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    make_private(path)
}

/// Removes the permissions of group and others from a file.
///
/// # Errors
/// The permissions cannot be changed.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 != 0o600 {
        permissions.set_mode(0o600);
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

/// Why a file of commands must not run: another user may have written it, or can.
pub fn reason_not_to_run(path: &Path) -> Option<String> {
    if !belongs_to_user_or_system(path) {
        return Some("it is another user's".to_owned());
    }
    if path.parent().is_some_and(|dir| !others_cannot_replace(dir)) {
        return Some("others can write to its directory".to_owned());
    }
    // A file of the system cannot be changed by the user, and needs no change.
    let made = make_private(path);
    (!is_users_or_systems(path)).then(|| match made {
        Err(error) => format!("it cannot be made private to you: {}", error.kind()),
        Ok(()) => "others can write to it".to_owned(),
    })
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
    }

    #[test]
    fn commands_that_others_can_write_are_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let rc = dir.path().join("rc");
        fs::write(&rc, "ps").unwrap();
        let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(&rc, 0o666);
        assert_eq!(reason_not_to_run(&rc), None, "it is closed to them first");
        assert_eq!(fs::metadata(&rc).unwrap().permissions().mode() & 0o777, 0o600);
        mode(dir.path(), 0o777);
        assert!(reason_not_to_run(&rc).unwrap().contains("its directory"));
        mode(dir.path(), 0o755);
        assert_eq!(reason_not_to_run(&rc), None);
        assert!(reason_not_to_run(&dir.path().join("none")).is_some());
    }
}
