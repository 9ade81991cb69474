//! The file of a running `record`: jobs' threads write its lines as calls end, and a deep one's as the host answers.
//! What a line is stands in `recording`.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::answers::AnswerEntry;
use super::cancellable_io;
use super::interrupt::Interrupt;
use super::recording::{DEEP_VERSION, Entry, VERSION};
use super::reply::ShellError;
use super::stdin::file_error;
use crate::kernel::hooks::{RecordedCall, Recorder, ReplacedBy};
use crate::kernel::{Kernel, Notice, ProcessDetail};
use crate::runtime::host_answer::ANSWER_BYTES_MAX;
use crate::runtime::{AnswerKind, AnswerMode, Host, HostAnswer};
use crate::shell::units::show_size;
use crate::text::io_cause;

/// A recording that is being written.
pub struct CallFile {
    name: String,
    file: Mutex<File>,
    /// Ends a wait for the reader of a FIFO.
    interrupt: Interrupt,
    calls: AtomicU64,
    /// Data of a deep recording; `None`: it is none.
    deep: Option<Deep>,
    /// The first line that could not be written, and why; nothing is written after it.
    failed: Mutex<Option<String>>,
}

/// Data of a deep recording.
pub struct Deep {
    kernel: Weak<Kernel>,
    /// The most bytes of answers that it keeps.
    bytes_max: u64,
    bytes: AtomicU64,
    /// Whether the kernel counted fuel before.
    counted_fuel: bool,
}

impl Deep {
    /// A deep recording of a kernel, which counts fuel meanwhile.
    pub fn start(kernel: &Arc<Kernel>, bytes_max: u64) -> Deep {
        let counted_fuel = kernel.counts_fuel();
        kernel.set_counts_fuel(true);
        Deep { kernel: Arc::downgrade(kernel), bytes_max, bytes: AtomicU64::new(0), counted_fuel }
    }
}

impl Drop for Deep {
    fn drop(&mut self) {
        if let Some(kernel) = self.kernel.upgrade() {
            kernel.set_counts_fuel(self.counted_fuel);
        }
    }
}

impl CallFile {
    /// Creates the file, or empties it; `deep`: for a deep recording.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(name: &str, interrupt: Interrupt, deep: Option<Deep>) -> Result<Arc<CallFile>, ShellError> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        let opened = cancellable_io::open_to_write(Path::new(name), &options, &|| interrupt.is_raised());
        let file = opened.map_err(|error| file_error(&format!("`{name}`"), &error))?;
        let (file, calls, failed) = (Mutex::new(file), AtomicU64::new(0), Mutex::new(None));
        let version = if deep.is_some() { DEEP_VERSION } else { VERSION };
        let file = CallFile { name: name.to_owned(), file, interrupt, calls, deep, failed };
        file.write(&Entry::Recording { version });
        Ok(Arc::new(file))
    }

    /// Name, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Count of calls that were written.
    ///
    /// # Errors
    /// A call could not be written.
    pub fn written(&self) -> Result<u64, ShellError> {
        match self.failed.lock().as_ref() {
            Some(why) => Err(ShellError::failed(format!("`{}`: {why}; the recording ends there", self.name))),
            None => Ok(self.calls.load(Ordering::Relaxed)),
        }
    }

    /// Writes an entry; [`CallFile::written`] gives errors.
    pub fn write(&self, entry: &Entry) {
        let mut failed = self.failed.lock();
        if failed.is_some() {
            return;
        }
        let written = serde_json::to_vec(entry).map_err(|error| error.to_string()).and_then(|mut line| {
            line.push(b'\n');
            let is_cancelled = || self.interrupt.is_raised();
            cancellable_io::write_all(&self.file.lock(), &line, &is_cancelled).map_err(|error| io_cause(&error))
        });
        *failed = written.err();
    }

    /// Whether it keeps the host's answers.
    pub fn is_deep(&self) -> bool {
        self.deep.is_some()
    }

    /// Ends a deep recording by itself.
    fn end(&self, deep: &Deep, why: String) {
        let mut failed = self.failed.lock();
        if failed.is_some() {
            return;
        }
        *failed = Some(why.clone());
        drop(failed);
        if let Some(kernel) = deep.kernel.upgrade() {
            kernel.notify(Notice::RecordingEnded { file: self.name.clone(), why });
        }
    }

    /// Ends a deep recording at a process whose answers cannot be kept.
    fn check_host(&self, process: &ProcessDetail) {
        let Some(deep) = &self.deep else { return };
        let view = &process.view;
        let place = match (&view.node, view.host) {
            (Some(node), _) => format!("on node `{node}`"),
            (None, Host::Extism) => "in the extism host".to_owned(),
            (None, Host::Native) => return,
        };
        self.end(deep, format!("`{}` is {place}, where the host's answers are not kept", view.label()));
    }
}

impl Recorder for CallFile {
    fn loaded(&self, process: &ProcessDetail) {
        self.check_host(process);
        self.write(&Entry::Process(process.into()));
    }

    fn replaced(&self, process: &ProcessDetail, by: ReplacedBy) {
        self.write(&match by {
            ReplacedBy::Restart => Entry::Restart { process: process.view.name.clone() },
            ReplacedBy::Reload => Entry::Reload(process.into()),
        });
    }

    fn called(&self, call: &RecordedCall<'_>) {
        self.write(&Entry::Call(call.into()));
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn answer_mode(&self) -> AnswerMode {
        if self.deep.is_some() { AnswerMode::Kept } else { AnswerMode::Live }
    }

    fn keep_answer(&self, process: &str, answer: HostAnswer) {
        let Some(deep) = &self.deep else { return };
        let function = &answer.function;
        if answer.kind == AnswerKind::TooLong {
            let most = show_size(ANSWER_BYTES_MAX);
            return self.end(deep, format!("an answer to `{function}` of `{process}` is over {most}"));
        }
        let bytes = answer.bytes();
        if deep.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > deep.bytes_max {
            let most = show_size(deep.bytes_max);
            return self.end(deep, format!("the host's answers are over {most}; `--deep-bytes` of `record` raises it"));
        }
        self.write(&Entry::Answer(AnswerEntry::new(process, answer)));
    }
}
