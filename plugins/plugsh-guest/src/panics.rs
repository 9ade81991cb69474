//! Panics: their message and place, handed to the host as the error of the call that they end.
//!
//! A panic leaves wasm by a trap, which says nothing of its reason. Extism's `error_set` is there for reasons, and hosts
//! show what it was given beside the trap: ``panicked at src/lib.rs:8: no rate for `XX` ``. What lives here: the hook and
//! the line. What does not: the stack, which the host reads itself.

use core::fmt::{self, Write};
use core::panic::Location;
use core::sync::atomic::{AtomicBool, Ordering};
use std::panic::{PanicHookInfo, set_hook};

use extism_pdk::extism;
use extism_pdk::memory::internal::{memory_alloc, store};

/// Longest line that the host is given, in bytes. It is made on the stack: a panic may mean that memory has run out.
const LINE_BYTES_MAX: usize = 1024;
/// Longest file name in the line, in bytes: of a longer one its end, which names the file.
const FILE_BYTES_MAX: usize = 120;
/// Stands for what was cut off.
const CUT: &str = "…";

/// Makes the plugin hand its panics to the host from the start: written once, at the root of the plugin's crate.
///
/// ```no_run
/// plugsh_guest::report_panics!();
/// ```
///
/// It exports `_initialize`, which each Extism host runs once for an instance, before the first call; calls themselves
/// cost nothing more. A plugin that has an `_initialize` of its own, or one for WASI, which brings one, calls
/// [`report_panics()`](crate::report_panics()) instead.
#[macro_export]
macro_rules! report_panics {
    () => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn _initialize() {
            $crate::report_panics();
        }
    };
}

/// Hands each panic from here on to the host: the function behind the macro, for where that is none.
///
/// Only the first call does something, so a plugin may call it at the start of each of its functions. A hook that the
/// plugin sets later takes its place. On WASI the hook that was set before runs as well: std's writes to standard error.
pub fn report_panics() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    #[cfg(target_os = "wasi")]
    let hook = {
        let before = std::panic::take_hook();
        move |info: &PanicHookInfo<'_>| {
            report(info);
            before(info);
        }
    };
    // A function takes no memory, so that an instance that was never called stays as small as it was.
    #[cfg(not(target_os = "wasi"))]
    let hook = report;
    set_hook(Box::new(hook));
}

fn report(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let line = line(info.location(), text.unwrap_or_default());
    let bytes = line.as_bytes();
    let block = memory_alloc(bytes.len() as u64);
    store(block, bytes);
    // SAFETY: takes the handle of a block, which the host owns from here on.
    unsafe { extism::error_set(block.offset) };
}

/// `panicked at FILE:LINE: TEXT` in one line.
fn line(place: Option<&Location<'_>>, text: &str) -> Line {
    let mut line = Line::new();
    // Writing fails only where the line is full, and then it is whole as far as it goes.
    let _ = write_line(&mut line, place, text);
    line
}

fn write_line(line: &mut Line, place: Option<&Location<'_>>, text: &str) -> fmt::Result {
    line.write_str("panicked")?;
    if let Some(place) = place {
        let (cut, file) = end_of(place.file(), FILE_BYTES_MAX);
        write!(line, " at {cut}{file}:{}", place.line())?;
    }
    // `assert_eq!` writes a line for each side.
    let mut separator = ": ";
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        line.write_str(separator)?;
        line.write_str(part)?;
        separator = "; ";
    }
    Ok(())
}

/// The end of `text` in at most `bytes_max` bytes, after what stands for the rest.
fn end_of(text: &str, bytes_max: usize) -> (&'static str, &str) {
    let least = text.len().saturating_sub(bytes_max);
    let start = (least..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    (if start > 0 { CUT } else { "" }, text.get(start..).unwrap_or(text))
}

/// A line of bounded length on the stack.
struct Line {
    bytes: [u8; LINE_BYTES_MAX],
    len: usize,
}

impl Line {
    fn new() -> Self {
        Self { bytes: [0; LINE_BYTES_MAX], len: 0 }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        if let Some(free) = self.bytes.get_mut(self.len..self.len + text.len()) {
            free.copy_from_slice(text.as_bytes());
            self.len += text.len();
        }
    }
}

impl Write for Line {
    /// Appends what has room, in whole characters; an error once something had none.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LINE_BYTES_MAX - CUT.len() - self.len.min(LINE_BYTES_MAX - CUT.len());
        if text.len() <= room {
            self.push(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.push(text.get(..end).unwrap_or_default());
        self.push(CUT);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use core::panic::Location;

    use super::{FILE_BYTES_MAX, LINE_BYTES_MAX, end_of, line};

    fn text(place: Option<&Location<'_>>, said: &str) -> String {
        String::from_utf8(line(place, said).as_bytes().to_vec()).expect("whole characters")
    }

    #[test]
    fn a_panic_is_one_line_with_its_place() {
        let here = Location::caller();
        let expected = format!("panicked at {}:{}: no rate for `XX`", here.file(), here.line());
        assert_eq!(text(Some(here), "no rate for `XX`"), expected);
        assert_eq!(text(None, ""), "panicked");
        assert_eq!(text(None, "left != right\n  left: 1\n right: 2\n"), "panicked: left != right; left: 1; right: 2");
    }

    #[test]
    fn a_line_is_bounded_and_cut_between_characters() {
        for extra in 0..4 {
            let said = format!("{}{}", "x".repeat(extra), "ü".repeat(LINE_BYTES_MAX));
            let cut = text(None, &said);
            assert!(cut.len() <= LINE_BYTES_MAX && cut.len() > LINE_BYTES_MAX - 8, "{} bytes", cut.len());
            assert!(cut.ends_with("ü…"), "{cut}");
        }
    }

    #[test]
    fn of_a_long_file_name_the_end_stays() {
        let long = format!("/{}/src/lib.rs", "ä".repeat(FILE_BYTES_MAX));
        let (cut, file) = end_of(&long, FILE_BYTES_MAX);
        assert!(cut == "…" && file.len() <= FILE_BYTES_MAX && file.ends_with("ä/src/lib.rs"), "{cut}{file}");
        assert_eq!(end_of("src/lib.rs", FILE_BYTES_MAX), ("", "src/lib.rs"));
    }
}
