//! The inputs of a WASI program: environment, arguments, the file of standard input.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::Explained;
use crate::text::io_cause;

/// Most bytes of environment and arguments together; the guest copies them into its own memory on each request.
pub const WASI_INPUT_BYTES_MAX: usize = 1 << 20;

/// Environment, arguments and standard input. Kept through restarts and reloads; standard input is read anew by each
/// instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct WasiInput {
    pub env: BTreeMap<String, String>,
    /// The program's name and its arguments; empty: no arguments at all.
    pub args: Vec<String>,
    /// The file of standard input, a regular one; `None`: empty input.
    pub stdin: Option<PathBuf>,
}

/// Why an input cannot be passed to WASI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WasiInputError {
    /// A name of the environment is empty or has a `=`.
    NoName {
        name: String,
    },
    ZeroByte,
    /// Environment and arguments have so many bytes, more than [`WASI_INPUT_BYTES_MAX`].
    TooLong {
        bytes: usize,
    },
}

impl fmt::Display for WasiInputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WasiInputError::NoName { name } if name.is_empty() => {
                f.write_str("a variable of the WASI environment has no name; write `NAME=VALUE`")
            }
            WasiInputError::NoName { name } => write!(f, "`{name}` is no name of an environment variable"),
            WasiInputError::ZeroByte => f.write_str("neither environment nor arguments can have a zero byte"),
            WasiInputError::TooLong { bytes } => {
                write!(f, "environment and arguments have {bytes} bytes; at most {WASI_INPUT_BYTES_MAX} fit")
            }
        }
    }
}

impl Explained for WasiInputError {}

/// Why a file is no standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StdinError {
    path: PathBuf,
    why: NoStdin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum NoStdin {
    /// The system's reason.
    Unreadable(String),
    Irregular,
    /// Another file is at the path than when it was granted.
    Replaced,
}

impl fmt::Display for StdinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match &self.why {
            NoStdin::Unreadable(cause) => cause,
            NoStdin::Irregular => "it is not a regular file",
            NoStdin::Replaced => "it is not the file that was granted any more",
        };
        write!(f, "cannot read `{}` as standard input: {why}", self.path.display())
    }
}

impl Explained for StdinError {}

impl WasiInput {
    /// True without environment, arguments and standard input.
    pub fn is_empty(&self) -> bool {
        *self == WasiInput::default()
    }

    /// Puts the program's name before its arguments, if any.
    pub fn prepend_program_name(&mut self, name: &str) {
        if !self.args.is_empty() {
            self.args.insert(0, name.to_owned());
        }
    }

    /// The given arguments, without the program's name.
    pub fn given_args(&self) -> &[String] {
        self.args.get(1..).unwrap_or_default()
    }

    /// Fails for input that WASI cannot pass: names that are empty or have a `=`, bytes of zero, more than
    /// [`WASI_INPUT_BYTES_MAX`].
    ///
    /// # Errors
    /// A name is empty or has a `=`, a value has a zero byte, or all together is over [`WASI_INPUT_BYTES_MAX`].
    pub fn check(&self) -> Result<(), WasiInputError> {
        if let Some(name) = self.env.keys().find(|key| key.is_empty() || key.contains('=')) {
            return Err(WasiInputError::NoName { name: name.clone() });
        }
        let texts = self.env.iter().flat_map(|(key, value)| [key, value]).chain(&self.args);
        let mut bytes = 0;
        for text in texts {
            if text.contains('\0') {
                return Err(WasiInputError::ZeroByte);
            }
            bytes += text.len() + 1;
        }
        if bytes > WASI_INPUT_BYTES_MAX {
            return Err(WasiInputError::TooLong { bytes });
        }
        Ok(())
    }

    /// Opens the file for standard input: a regular one, which does not wait for anybody. Where the path was `resolved`
    /// as it was granted, it must lead to the same place now.
    ///
    /// # Errors
    /// The file cannot be opened, is not regular, or is at another place than when it was granted.
    pub fn open_stdin(path: &Path, resolved: bool) -> Result<File, StdinError> {
        let fails = |why: NoStdin| StdinError { path: path.to_owned(), why };
        let unreadable = |error: io::Error| fails(NoStdin::Unreadable(io_cause(&error)));
        let stays = || !resolved || path.canonicalize().is_ok_and(|now| now == *path);
        let meta = path.metadata().map_err(unreadable)?;
        if !stays() {
            return Err(fails(NoStdin::Replaced));
        }
        if !meta.is_file() {
            return Err(fails(NoStdin::Irregular));
        }
        let file = open_at_once(path).map_err(unreadable)?;
        // The open file cannot be replaced any more, so this check is final.
        let is_file = file.metadata().is_ok_and(|meta| meta.is_file());
        if is_file && stays() { Ok(file) } else { Err(fails(NoStdin::Replaced)) }
    }
}

/// Opens without blocking on a FIFO that has replaced the file.
#[cfg(unix)]
fn open_at_once(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wasi_cannot_hand_on_is_refused() {
        let env =
            |key: &str, value: &str| WasiInput { env: [(key.into(), value.into())].into(), ..WasiInput::default() };
        assert_eq!(env("A", "b=c").check(), Ok(()));
        for wrong in [env("", "x"), env("A=B", "x"), env("A", "a\0b"), env("A", &"x".repeat(WASI_INPUT_BYTES_MAX))] {
            assert!(wrong.check().is_err(), "{wrong:.40?}");
        }
        let args = WasiInput { args: vec!["p".into(), "a\0".into()], ..WasiInput::default() };
        assert!(args.check().is_err());
        assert_eq!(args.given_args(), ["a\0"]);
    }
}
