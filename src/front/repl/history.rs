//! Repair of the history file before rustyline reads it: rustyline stops at the first line that is not UTF-8.

use std::fs;
use std::io;
use std::path::Path;

use crate::shell::{FileSink, ShellError};
use crate::text::io_cause;
use crate::text::without_bom;

/// A larger file is not repaired; rustyline keeps far less than this.
const BYTES_MAX: u64 = 64 << 20;

/// Removes the lines that are not UTF-8, and a byte order mark, from the file; returns how many lines were removed, 0
/// for a missing file. The repaired file replaces the old one atomically.
///
/// # Errors
/// The file cannot be read or replaced.
pub fn repair(path: &Path) -> Result<usize, ShellError> {
    let failed = |error: io::Error| ShellError::failed(format!("`{}`: {}", path.display(), io_cause(&error)));
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        metadata => metadata.map_err(failed)?,
    };
    if !metadata.is_file() || metadata.len() > BYTES_MAX {
        return Ok(0);
    }
    let bytes = fs::read(path).map_err(failed)?;
    let text = without_bom(&bytes);
    if text.len() == bytes.len() && std::str::from_utf8(text).is_ok() {
        return Ok(0);
    }
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let (good, bad): (Vec<&[u8]>, Vec<&[u8]>) = lines.partition(|line| std::str::from_utf8(line).is_ok());
    let mut file = FileSink::open(&path.to_string_lossy(), false, &|| false)?;
    file.write(&good.concat(), &|| false)?;
    file.commit()?;
    Ok(bad.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_line_costs_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history");
        assert_eq!(repair(&path).unwrap(), 0, "no file is no fault");
        fs::write(&path, b"#V2\nps\nbad \xff\nload echo\n").unwrap();
        assert_eq!(repair(&path).unwrap(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"#V2\nps\nload echo\n");
        assert_eq!(repair(&path).unwrap(), 0);
        fs::write(&path, b"\xef\xbb\xbf#V2\nps\n").unwrap();
        assert_eq!(repair(&path).unwrap(), 0);
        assert_eq!(fs::read(&path).unwrap(), b"#V2\nps\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
