//! The place of the lines that run now: the script's directory (`$DIR`) and its arguments (`$1`, `$@`).

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most arguments of a script.
pub const ARGUMENTS_MAX: usize = 10_000;

/// The directory and the arguments of a script.
#[derive(Debug, Clone, Default)]
pub struct ScriptPlace {
    /// `None` for lines of the prompt, of `-c` and of standard input.
    dir: Option<PathBuf>,
    /// The working directory that a relative `dir` begins in.
    base: Option<PathBuf>,
    arguments: Arc<[Vec<u8>]>,
}

impl ScriptPlace {
    /// The place of a script's lines. The directory of a bare file name is `.`.
    pub fn of(file: Option<&Path>, arguments: Arc<[Vec<u8>]>) -> ScriptPlace {
        let dir = file.map(|file| match file.parent() {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            parent => parent.unwrap_or(file).to_owned(),
        });
        let base = dir.as_ref().filter(|dir| dir.is_relative()).and_then(|_| std::env::current_dir().ok());
        ScriptPlace { dir, base, arguments }
    }

    /// The place of the lines of a sourced file, with the arguments of this place.
    pub fn sourced(&self, file: &Path) -> ScriptPlace {
        ScriptPlace::of(Some(file), Arc::clone(&self.arguments))
    }

    /// `$DIR`: absolute, or relative to the working directory.
    pub fn dir(&self) -> Option<Cow<'_, Path>> {
        let dir = self.dir.as_deref()?;
        let moved_from = self.base.as_ref().filter(|base| std::env::current_dir().is_ok_and(|now| now != **base));
        Some(match moved_from {
            Some(base) if dir == Path::new(".") => Cow::Borrowed(base),
            Some(base) => Cow::Owned(base.join(dir)),
            None => Cow::Borrowed(dir),
        })
    }

    /// The script's arguments, in order.
    pub fn arguments(&self) -> &Arc<[Vec<u8>]> {
        &self.arguments
    }

    /// `$1` by `number` 1.
    pub fn argument(&self, number: usize) -> Option<&[u8]> {
        self.arguments.get(number.checked_sub(1)?).map(Vec::as_slice)
    }

    /// The path of a file that lines here name: in the script's directory where it exists there, else as named.
    pub fn resolve(&self, file: &str) -> PathBuf {
        let elsewhere = self.dir().filter(|dir| dir.as_os_str() != ".");
        let beside = elsewhere.map(|dir| dir.join(file)).filter(|beside| beside.exists());
        beside.unwrap_or_else(|| PathBuf::from(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_knows_its_directory_and_arguments() {
        let place = ScriptPlace::of(Some(Path::new("a/s.plugsh")), vec![b"x".to_vec()].into());
        let dir = Some(Cow::Borrowed(Path::new("a")));
        assert_eq!((place.dir(), place.argument(1), place.argument(0)), (dir, Some(&b"x"[..]), None));
        let inner = place.sourced(Path::new("t.plugsh"));
        assert_eq!((inner.dir().as_deref(), inner.argument(1)), (Some(Path::new(".")), Some(&b"x"[..])));
        assert_eq!(inner.resolve("no such file"), Path::new("no such file"));
    }
}
