//! From a word that names a source to a program.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::{CallError, Deadline, Kernel};
use crate::runtime::Program;
use crate::runtime::source::{MANIFEST_BYTES_MAX, Progress};
use crate::shell::reply::ShellError;
use crate::shell::session::Session;
use crate::shell::units::show_bytes;
use crate::shell::waits::WaitProgress;

impl Session {
    /// A name, path or URL to a program; a long download shows that it runs, and Ctrl-C ends it.
    ///
    /// # Errors
    /// The source is no program, or Ctrl-C ended the download.
    pub fn resolve(&mut self, source: &str) -> Result<Arc<Program>, ShellError> {
        self.resolve_by(source, self.kernel().load_deadline(None))
    }

    /// Resolves a source like [`Session::resolve`], with the command's own deadline.
    ///
    /// # Errors
    /// Those of [`Session::resolve`], and a deadline that has passed.
    pub fn resolve_by(&mut self, source: &str, deadline: Option<Deadline>) -> Result<Arc<Program>, ShellError> {
        self.resolving(|kernel, progress| kernel.resolve_by(source, deadline, progress))
    }

    /// Resolves the source of a load, like [`Session::resolve_by`], with the time that it took.
    ///
    /// # Errors
    /// Those of [`Session::resolve_by`]; each is the record of a failed load.
    pub fn resolve_to_load(
        &mut self,
        source: &str,
        deadline: Option<Deadline>,
    ) -> Result<(Arc<Program>, Duration), ShellError> {
        self.resolving(|kernel, progress| kernel.resolve_to_load(source, deadline, progress))
    }

    /// The program of a manifest in a file of any name, or a FIFO.
    ///
    /// # Errors
    /// The manifest or a module that it names is invalid or cannot be read.
    pub fn resolve_manifest(&mut self, path: &str, deadline: Option<Deadline>) -> Result<Arc<Program>, ShellError> {
        if path.contains("://") {
            return self.resolve_by(path, deadline);
        }
        let bytes = self.read_file(path, MANIFEST_BYTES_MAX)?;
        self.resolving(|kernel, progress| kernel.resolve_manifest(Path::new(path), &bytes, deadline, progress))
    }

    fn resolving<T>(
        &mut self,
        resolve: impl FnOnce(&Arc<Kernel>, Progress<'_>) -> Result<T, CallError>,
    ) -> Result<T, ShellError> {
        let kernel = Arc::clone(self.kernel());
        let interrupt = self.interrupt().clone();
        let mut progress = WaitProgress::new();
        let resolved = resolve(&kernel, &mut |got_bytes, all_bytes| {
            progress.tick(self, |_, _| {
                let all = all_bytes.map(|all| format!(" of {}", show_bytes(all))).unwrap_or_default();
                format!("{}{all} downloaded; Ctrl-C ends it", show_bytes(got_bytes))
            });
            !interrupt.is_raised()
        });
        progress.clear(self);
        resolved.map_err(|error| self.call_error(error))
    }
}
