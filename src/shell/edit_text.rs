//! Text in the person's own editor.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::child_process::Streams;
use super::front::Front;
use super::interrupt::Interrupt;
use super::line::LINE_BYTES_MAX;
use super::reply::ShellError;
use super::run_program::run_to_end;
use crate::leftovers::Entry;
use crate::text::io_cause;

/// The editor where the environment names none.
const EDITOR_DEFAULT: &str = "vi";

/// The text as the person leaves it in an editor, without its final newlines: that of `$VISUAL` or `$EDITOR`, else
/// `vi`.
///
/// # Errors
/// The editor cannot be run or fails, or leaves no text; nothing is changed then.
pub fn edit_text(front: &mut dyn Front, interrupt: &Interrupt, text: &str) -> Result<String, ShellError> {
    let named = ["VISUAL", "EDITOR"].iter().filter_map(std::env::var_os).find(|editor| !editor.is_empty());
    let editor = named.unwrap_or_else(|| EDITOR_DEFAULT.into());
    let path = temporary_path();
    // Removes the file when a signal ends the program.
    let _entry = Entry::file(&path);
    let edited = edit_file(front, interrupt, (&path, &editor), text);
    // Fails only for a file that the editor has removed.
    fs::remove_file(&path).ok();
    edited
}

fn edit_file(
    front: &mut dyn Front,
    interrupt: &Interrupt,
    (path, editor): (&Path, &OsString),
    text: &str,
) -> Result<String, ShellError> {
    let failed = |error: &io::Error| ShellError::failed(format!("`{}`: {}", path.display(), io_cause(error)));
    write_private(path, text).map_err(|error| failed(&error))?;
    // The variable is a command of the system's shell, which may have options.
    let mut line = editor.clone();
    line.push(" \"$1\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).arg("plugsh").arg(path);
    let editor = editor.to_string_lossy();
    let (status, _) = run_to_end(front, interrupt, &mut command, Streams::default())
        .map_err(|error| ShellError::failed(format!("`{editor}`: {}", io_cause(&error))))?;
    if !status.success() {
        let way_on = "the line is as it was; VISUAL or EDITOR names the editor";
        return Err(ShellError::failed(format!("`{editor}`: {status}; {way_on}")));
    }
    let text = read_bounded(path).map_err(|error| failed(&error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn temporary_path() -> PathBuf {
    std::env::temp_dir().join(format!("plugsh-{:016x}.plugsh", fastrand::u64(..)))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(LINE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    if read > LINE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than a line can be"));
    }
    Ok(text)
}
