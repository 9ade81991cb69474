//! The socket that a server listens at. A socket whose server is gone is told from one that is served, and replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::place::{NAME_DEFAULT, private_dir, socket_of};
use crate::leftovers::Entry;
use crate::shell::ShellError;
use crate::text::io_cause;

/// The most servers of one user whose name is the default one with a number.
const NUMBERED_MAX: u32 = 1_000;
/// The file that a server locks while it takes a name, so that two do not replace one stale socket.
const LOCK: &str = ".lock";

/// A socket that is listened at. Its file goes with it.
pub struct Listening {
    pub listener: UnixListener,
    pub name: String,
    pub path: PathBuf,
    /// Removes the file where a signal ends the program.
    _entry: Entry,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Fails only where somebody has removed it.
        fs::remove_file(&self.path).ok();
    }
}

/// Listens under a name; without one, under the first free of `plugsh`, `plugsh-2`, …
///
/// # Errors
/// Another server has the name, or the socket cannot be made.
pub fn listen(name: Option<&str>) -> Result<Listening, ShellError> {
    let lock = lock()?;
    let listening = match name {
        Some(name) => listen_at(name)?.ok_or_else(|| taken(name)),
        None => first_free(),
    };
    drop(lock);
    listening
}

fn taken(name: &str) -> ShellError {
    ShellError::failed(format!(
        "`{name}` is served already; `plugsh attach {name}` joins it, `--name` gives another name"
    ))
}

fn first_free() -> Result<Listening, ShellError> {
    for number in 1..NUMBERED_MAX {
        let name = if number == 1 { NAME_DEFAULT.to_owned() } else { format!("{NAME_DEFAULT}-{number}") };
        if let Some(listening) = listen_at(&name)? {
            return Ok(listening);
        }
    }
    Err(taken(NAME_DEFAULT))
}

/// Listens under a name; `None` where it is served.
fn listen_at(name: &str) -> Result<Option<Listening>, ShellError> {
    let path = socket_of(name)?;
    let failed = |error: &io::Error| ShellError::failed(format!("`{}`: {}", path.display(), io_cause(error)));
    let entry = Entry::file(&path);
    let listener = match UnixListener::bind(&path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if is_served(&path) {
                // Not ours to remove.
                drop(entry);
                return Ok(None);
            }
            fs::remove_file(&path).map_err(|error| failed(&error))?;
            UnixListener::bind(&path)
        }
        bound => bound,
    };
    let listener = listener.map_err(|error| failed(&error))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(|error| failed(&error))?;
    Ok(Some(Listening { listener, name: name.to_owned(), path, _entry: entry }))
}

/// Whether somebody listens at a socket.
pub fn is_served(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

/// The lock of the directory of sockets, until it is dropped.
fn lock() -> Result<File, ShellError> {
    let path = private_dir()?.join(LOCK);
    let failed = |error: io::Error| ShellError::failed(format!("`{}`: {}", path.display(), io_cause(&error)));
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}
