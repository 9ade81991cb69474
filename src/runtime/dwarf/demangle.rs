//! Names of functions as people wrote them: Rust's and C++'s are demangled, all are bounded and escaped.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, Symbol};

use crate::text::escape_control;

/// Most bytes of a demangled name; a longer one is cut.
const DEMANGLED_BYTES_MAX: usize = 240;

/// The name as people wrote it.
pub fn demangled(name: &str) -> String {
    escape_control(&rust(name).or_else(|| cpp(name)).unwrap_or_else(|| cut(name)))
}

fn rust(name: &str) -> Option<String> {
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    let mut text = Bounded::default();
    // An error is the bound.
    let _ = write!(text, "{demangled:#}");
    Some(text.finish())
}

fn cpp(name: &str) -> Option<String> {
    let symbol = name.starts_with("_Z").then(|| Symbol::new(name).ok())??;
    let mut text = Bounded::default();
    let options = DemangleOptions::new().no_params().no_return_type();
    let _ = symbol.structured_demangle(&mut text, &options);
    (!text.text.is_empty()).then(|| text.finish())
}

fn cut(name: &str) -> String {
    let mut text = Bounded::default();
    let _ = text.write_str(name);
    text.finish()
}

/// Text up to [`DEMANGLED_BYTES_MAX`]: hostile names demangle to gigabytes.
#[derive(Default)]
struct Bounded {
    text: String,
    is_cut: bool,
}

impl Bounded {
    fn finish(mut self) -> String {
        if self.is_cut {
            self.text.push('…');
        }
        self.text
    }
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = DEMANGLED_BYTES_MAX - self.text.len();
        if part.len() <= room {
            self.text.push_str(part);
            return Ok(());
        }
        self.text.push_str(&part[..part.floor_char_boundary(room)]);
        self.is_cut = true;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_people_wrote() {
        assert_eq!(demangled("_RNvCsfLfy6EI15iL_7___rustc12___rust_abort"), "__rustc::__rust_abort");
        assert_eq!(demangled("_ZN3tax4rate17h0123456789abcdefE"), "tax::rate");
        assert_eq!(demangled("_ZN4cart5totalEii"), "cart::total");
        assert_eq!(demangled("main.rate"), "main.rate");
        assert_eq!(demangled("_Zwhatever"), "_Zwhatever");
        assert_eq!(demangled("\x1b[2J"), "\\x1b[2J");
    }

    #[test]
    fn a_hostile_name_is_cut() {
        assert!(demangled(&"é".repeat(10_000)).len() <= DEMANGLED_BYTES_MAX + 3);
        // Each level doubles what stands before it.
        let doubled = format!("_Z1fI1A{}E", "S_S_".repeat(200));
        assert!(demangled(&doubled).len() <= 2 * DEMANGLED_BYTES_MAX);
    }
}
