//! What plugins write to WASI's standard output and error, handed on to this program's own as it comes.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::screen::Screen;
use crate::kernel::Kernel;
use crate::runtime::StandardStream;
use crate::text::many_lines;

/// The variable by which Extism's hosts are asked for it; its value does not matter.
pub const ENABLE_VARIABLE: &str = "EXTISM_ENABLE_WASI_OUTPUT";

/// Whether the environment asks for it.
pub fn is_enabled() -> bool {
    std::env::var_os(ENABLE_VARIABLE).is_some()
}

/// From now on what the kernel's plugins write is shown; at a prompt above the line that is typed.
pub fn show(kernel: &Arc<Kernel>, screen: Option<Arc<Screen>>) {
    kernel.set_stream_taker(Arc::new(move |stream, bytes| {
        let terminal = match stream {
            StandardStream::Output => io::stdout().is_terminal(),
            StandardStream::Error => io::stderr().is_terminal(),
        };
        // What a terminal would obey is a plugin's to show, not to do.
        let safe = terminal.then(|| many_lines(&String::from_utf8_lossy(bytes)).into_owned());
        let bytes = safe.as_ref().map_or(bytes, |text| text.as_bytes());
        // A stream that is closed takes nothing, and a plugin is not told what becomes of its words.
        match (&screen, stream) {
            (Some(screen), _) if terminal => screen.print(bytes),
            (_, StandardStream::Output) => drop(write(io::stdout().lock(), bytes)),
            (_, StandardStream::Error) => drop(write(io::stderr().lock(), bytes)),
        }
    }));
}

fn write(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}
