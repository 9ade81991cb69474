//! Where servers are found: the user's directory of sockets, and the addresses that a word names.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::ownership::user;
use crate::shell::ShellError;
use crate::text::{io_cause, quoted};

/// The most bytes of a server's name.
pub const NAME_BYTES_MAX: usize = 64;
/// The most bytes of a socket's path: one less than a socket's address holds.
const PATH_BYTES_MAX: usize = 107;
/// The name of a server that was given none.
pub const NAME_DEFAULT: &str = "plugsh";
/// The end of a socket's file name.
const SUFFIX: &str = ".sock";
/// The most entries of the directory that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Socket(PathBuf),
    Tcp(SocketAddr),
}

impl Address {
    /// The address that a word names: `shop`, `./shop.sock`, `127.0.0.1:7070`.
    ///
    /// # Errors
    /// The word is no name, or the directory of sockets is not the user's own.
    pub fn of(word: &str) -> Result<Address, ShellError> {
        if word.contains('/') {
            return Ok(Address::Socket(PathBuf::from(word)));
        }
        if let Ok(address) = word.parse() {
            return Ok(Address::Tcp(address));
        }
        socket_of(word).map(Address::Socket)
    }
}

/// The socket of the server `name`.
///
/// # Errors
/// The name cannot be one, or the directory of sockets is not the user's own.
pub fn socket_of(name: &str) -> Result<PathBuf, ShellError> {
    if !is_name(name) {
        let why = "a server's name has letters, digits, `_`, `-` and `.`, and at most 64 of them";
        return Err(ShellError::usage(format!("`{}`: {why}", quoted(name))));
    }
    let path = private_dir()?.join(format!("{name}{SUFFIX}"));
    if path.as_os_str().len() > PATH_BYTES_MAX {
        let path = path.display();
        return Err(ShellError::failed(format!("`{path}`: a socket's path has at most {PATH_BYTES_MAX} bytes")));
    }
    Ok(path)
}

/// Whether a word can be a server's name.
pub fn is_name(word: &str) -> bool {
    word.len() <= NAME_BYTES_MAX && crate::kernel::names::is_valid(word)
}

/// The names whose sockets are there, whether one listens or not, in order.
///
/// # Errors
/// The directory of sockets is not the user's own.
pub fn names() -> Result<Vec<String>, ShellError> {
    let Ok(entries) = fs::read_dir(private_dir()?) else { return Ok(Vec::new()) };
    let files =
        entries.take(ENTRIES_MAX).filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        files.filter_map(|file| file.strip_suffix(SUFFIX).map(str::to_owned)).filter(|name| is_name(name)).collect();
    names.sort();
    Ok(names)
}

/// The user's directory of sockets, made where it is missing: `$XDG_RUNTIME_DIR/plugsh`, else `plugsh-UID` among the
/// temporary files.
///
/// # Errors
/// The directory cannot be made, or is not the user's alone.
pub fn private_dir() -> Result<PathBuf, ShellError> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let dir = match runtime {
        Some(runtime) => runtime.join("plugsh"),
        None => std::env::temp_dir().join(format!("plugsh-{}", user())),
    };
    make_private(&dir).map_err(|why| ShellError::failed(format!("`{}`: {why}", dir.display())))?;
    Ok(dir)
}

/// Makes a directory that is the user's alone, or checks that it is.
fn make_private(dir: &Path) -> Result<(), String> {
    let made = DirBuilder::new().mode(0o700).create(dir);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io_cause(&error)),
        _ => {}
    }
    // A link would lead where another user pleases.
    let meta = fs::symlink_metadata(dir).map_err(|error| io_cause(&error))?;
    if !meta.is_dir() || meta.uid() != user() {
        return Err("no directory of yours; XDG_RUNTIME_DIR names another place".to_owned());
    }
    if meta.mode() & 0o077 != 0 {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|error| io_cause(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_addresses() {
        assert_eq!(Address::of("./x.sock").unwrap(), Address::Socket("./x.sock".into()));
        assert_eq!(Address::of("127.0.0.1:70").unwrap(), Address::Tcp("127.0.0.1:70".parse().unwrap()));
        for word in ["", "a b", "-x", "a:b", &"x".repeat(65)] {
            assert!(Address::of(word).unwrap_err().message.contains("a server's name"), "{word}");
        }
    }

    #[test]
    fn a_directory_of_sockets_is_the_users_alone() {
        let dir = tempfile::tempdir().unwrap();
        let sockets = dir.path().join("plugsh");
        make_private(&sockets).unwrap();
        fs::set_permissions(&sockets, fs::Permissions::from_mode(0o755)).unwrap();
        make_private(&sockets).unwrap();
        assert_eq!(fs::metadata(&sockets).unwrap().mode() & 0o777, 0o700);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&sockets, &link).unwrap();
        assert!(make_private(&link).unwrap_err().contains("no directory of yours"));
    }
}
