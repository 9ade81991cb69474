//! Forwarding of plugins' WASI standard output and error to this program's, as it is written.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::screen::Screen;
use crate::kernel::Kernel;
use crate::runtime::StandardStream;
use crate::text::many_lines;

/// The environment variable that enables forwarding in Extism's hosts; its value does not matter.
pub const ENABLE_VARIABLE: &str = "EXTISM_ENABLE_WASI_OUTPUT";

/// Whether the environment enables forwarding.
pub fn is_enabled() -> bool {
    std::env::var_os(ENABLE_VARIABLE).is_some()
}

/// Starts forwarding for all plugins of the kernel; with a `screen`, above the line that is edited.
pub fn show(kernel: &Arc<Kernel>, screen: Option<Arc<Screen>>) {
    kernel.set_stream_taker(Arc::new(move |stream, bytes| {
        let terminal = match stream {
            StandardStream::Output => io::stdout().is_terminal(),
            StandardStream::Error => io::stderr().is_terminal(),
        };
        // A terminal gets control characters escaped.
        let safe = terminal.then(|| many_lines(&String::from_utf8_lossy(bytes)).into_owned());
        let bytes = safe.as_ref().map_or(bytes, |text| text.as_bytes());
        // Errors of a closed stream are ignored.
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
