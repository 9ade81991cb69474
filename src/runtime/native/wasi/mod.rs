//! WASI preview 1, by wasmtime-wasi: the environment, arguments and standard input that were given, only the allowed
//! paths; standard output and error go to the plugin's log. Every function is in one table (`table`), ends with the
//! call that waits for it, and copies in chunks.

mod answered;
mod asked;
mod copy;
mod errno;
mod fds;
mod open;
mod parts;
mod preopens;
mod table;
mod wait;

use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::InputFile;
use wasmtime_wasi::p1::WasiP1Ctx;

use self::fds::Fds;
pub use self::table::add;
use super::streams::Streams;
use crate::runtime::{Failure, FailureKind, Spec, StandardStream, WasiInput};

/// The WASI state of one instance.
pub struct Wasi {
    p1: WasiP1Ctx,
    /// The descriptors, with the count of open files.
    fds: Fds,
}

impl Wasi {
    /// WASI with the spec's inputs and allowed paths, which are opened here.
    ///
    /// # Errors
    ///
    /// A missing file or path, or one that differs from the granted one.
    pub fn new(spec: &Spec, streams: &Streams) -> Result<Wasi, Failure> {
        let mut builder = WasiCtxBuilder::new();
        let mut fds = Fds::default();
        builder.stdout(streams.stream(StandardStream::Output));
        builder.stderr(streams.stream(StandardStream::Error));
        builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        for (key, value) in &spec.wasi_input.env {
            builder.env(key, value);
        }
        builder.args(&spec.wasi_input.args);
        preopens::open(&mut builder, spec, &mut fds)?;
        if let Some(path) = &spec.wasi_input.stdin {
            if !fds.take_stdin() {
                return Err(Failure::new(FailureKind::Denied, preopens::too_many(path)));
            }
            let file = WasiInput::open_stdin(path, spec.paths_resolved);
            builder.stdin(InputFile::new(file.map_err(|why| Failure::new(FailureKind::Load, why))?));
        }
        Ok(Wasi { p1: builder.build_p1(), fds })
    }
}
