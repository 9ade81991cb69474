//! The inputs of a WASI program: environment, arguments, the file of standard input.

use crate::text::io_cause;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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

impl WasiInput {
    /// True without environment, arguments and standard input.
    pub fn is_empty(&self) -> bool {
        *self == WasiInput::default()
    }

    /// Puts the program's name before its arguments, if any.
    pub fn called_by(&mut self, name: &str) {
        if !self.args.is_empty() {
            self.args.insert(0, name.to_owned());
        }
    }

    /// The given arguments, without the program's name.
    pub fn given_args(&self) -> &[String] {
        self.args.get(1..).unwrap_or_default()
    }

    /// Fails for input that WASI cannot pass: names that are empty or have a `=`, bytes of zero, more than
    /// [`WASI_INPUT_BYTES_MAX`]. The error is one line.
    ///
    /// # Errors
    /// A name is empty or has a `=`, a value has a zero byte, or all together is over [`WASI_INPUT_BYTES_MAX`]; one
    /// line.
    pub fn check(&self) -> Result<(), String> {
        if let Some(key) = self.env.keys().find(|key| key.is_empty() || key.contains('=')) {
            return Err(match key.is_empty() {
                true => "a variable of the WASI environment has no name; write `NAME=VALUE`".to_owned(),
                false => format!("`{key}` is no name of an environment variable"),
            });
        }
        let texts = self.env.iter().flat_map(|(key, value)| [key, value]).chain(&self.args);
        let mut bytes = 0;
        for text in texts {
            if text.contains('\0') {
                return Err("neither environment nor arguments can have a zero byte".to_owned());
            }
            bytes += text.len() + 1;
        }
        if bytes > WASI_INPUT_BYTES_MAX {
            return Err(format!("environment and arguments have {bytes} bytes; at most {WASI_INPUT_BYTES_MAX} fit"));
        }
        Ok(())
    }

    /// Opens the file for standard input: a regular one, which does not wait for anybody. Where the path was `resolved`
    /// as it was granted, it must lead to the same place now. The error is one line.
    ///
    /// # Errors
    /// The file cannot be opened, is not regular, or is at another place than when it was granted; one line.
    pub fn open_stdin(path: &Path, resolved: bool) -> Result<File, String> {
        let fails = |why: &str| format!("cannot read `{}` as standard input: {why}", path.display());
        let stays = || !resolved || path.canonicalize().is_ok_and(|now| now == *path);
        let meta = path.metadata().map_err(|error| fails(&io_cause(&error)))?;
        if !stays() {
            return Err(fails("it is not the file that was granted any more"));
        }
        if !meta.is_file() {
            return Err(fails("it is not a regular file"));
        }
        let file = open_at_once(path).map_err(|error| fails(&io_cause(&error)))?;
        // The open file cannot be replaced any more, so this check is final.
        let is_file = file.metadata().is_ok_and(|meta| meta.is_file());
        if is_file && stays() { Ok(file) } else { Err(fails("it is not the file that was granted any more")) }
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
