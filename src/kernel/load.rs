//! Loads from the shell: a process with the shell as parent, of a program that `resolve` found. The module `spawn`
//! starts processes, those of guests included.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::cause::Deadline;
use super::error::CallError;
use super::job::JobStart;
use super::job_output::JobOutput;
use super::load_record::LOAD;
use super::load_refusal::LoadRefusal;
use super::policy::learn::Spawn;
use super::supervision::Supervision;
use super::task::Task;
use super::view::{OwnerId, ProcessLabel};
use super::{Job, Kernel, launch};
use crate::runtime::{Failure, Host, Program, Spec};

/// The time between two looks of who waits for a load.
pub const WAITING_STEP: Duration = Duration::from_millis(100);

/// A request for a process: program, name and host.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    pub program: Arc<Program>,
    /// The program's spec with the command line's changes.
    pub spec: Spec,
    /// `--as`, where a taken name is an error; the default is the program's stem, with `-2`, `-3` if taken.
    pub name: Option<String>,
    pub host: Host,
    /// Timeout of the start function and the constructors.
    pub timeout: Option<Duration>,
    /// Deadline of the compilation; `None`: the kernel's load timeout, from the request on.
    pub deadline: Option<Deadline>,
    /// The time that it took to find the program.
    pub lookup: Duration,
    pub supervision: Supervision,
}

impl LoadRequest {
    /// A request for an unchanged program in the native host, under its default name.
    pub fn plain(program: Arc<Program>) -> Self {
        LoadRequest {
            spec: program.spec.clone(),
            program,
            name: None,
            host: Host::Native,
            timeout: None,
            deadline: None,
            lookup: Duration::ZERO,
            supervision: Supervision::default(),
        }
    }
}

impl Kernel {
    /// Starts a process with the shell as parent. Ends as interrupted by [`Kernel::interrupt_foreground`].
    ///
    /// # Errors
    /// The program does not compile or link, its start fails, a limit refuses it, or the load is interrupted.
    pub fn load(self: &Arc<Self>, request: LoadRequest) -> Result<ProcessLabel, CallError> {
        self.load_unless(request, OwnerId::FIRST, &|| false, &mut || ())
    }

    /// Starts a process as above. `interrupted` is checked once the start can be cancelled, so that an earlier Ctrl-C
    /// takes effect. `waiting` runs again and again until the load has ended, a [`WAITING_STEP`] apart.
    ///
    /// # Errors
    /// As of [`Kernel::load`], or `interrupted` is true.
    pub fn load_unless(
        self: &Arc<Self>,
        request: LoadRequest,
        owner: OwnerId,
        interrupted: &dyn Fn() -> bool,
        waiting: &mut dyn FnMut(),
    ) -> Result<ProcessLabel, CallError> {
        self.load_in(&self.foreground_task(owner, interrupted), request, waiting)
    }

    /// Starts a process as a foreground job, whose nested calls breakpoints can hold. The job's output is
    /// [`JobOutput::Loaded`].
    ///
    /// # Errors
    /// Too many jobs run, or no thread can be started. A failure of the load itself is the job's.
    pub fn start_load(self: &Arc<Self>, request: LoadRequest, text: String, owner: OwnerId) -> Result<Job, CallError> {
        let (kernel, start) = (self.clone(), JobStart { text, background: false, owner });
        Job::launch(self, start, move |_, task| kernel.load_in(task, request, &mut || ()).map(JobOutput::Loaded))
    }

    fn load_in(
        self: &Arc<Self>,
        task: &Arc<Task>,
        mut request: LoadRequest,
        waiting: &mut dyn FnMut(),
    ) -> Result<ProcessLabel, CallError> {
        // Paths of a node are resolved there.
        if request.spec.on.is_none() {
            request.spec.resolve_paths();
        }
        let (origin, plugin) = (request.program.origin.clone(), request.program.stem.clone());
        let (kernel, own) = (self.clone(), task.clone());
        let seq = task.begin_load(LOAD, &origin, request.lookup);
        let loaded = self.on_big_stack("plugsh-load", move || kernel.spawn(&own, 0, request), waiting);
        if let Ok(label) = &loaded {
            self.note_spawn(Spawn { id: label.id, plugin, ..Spawn::default() });
        }
        let loaded = loaded.map_err(|failure| {
            let error = self.load_error(&origin, failure, task.chain.outcome_of_cancel());
            CallError { stack: task.chain.take_start_stack(), ..error }
        });
        task.end_load(seq, loaded.as_ref().map_err(|error| (error.outcome, &*error.failure)));
        loaded.inspect(|label| self.notify_loaded(task, label))
    }

    /// Runs a guest's start on a thread with a sufficient stack, and `waiting` until it has ended.
    ///
    /// # Errors
    /// The start fails, or no thread can be started.
    pub(super) fn on_big_stack<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
        waiting: &mut dyn FnMut(),
    ) -> Result<T, Failure> {
        let stack = launch::stack_bytes(self.limits().depth_max);
        let (ended, end) = sync_channel::<Infallible>(0);
        let work = move || {
            // Dropped with the end of the work, also by a panic.
            let _ended = ended;
            work()
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(stack).spawn(work);
        let thread = thread.map_err(|error| LoadRefusal::NoThread(error.to_string()))?;
        while end.recv_timeout(WAITING_STEP) == Err(RecvTimeoutError::Timeout) {
            waiting();
        }
        thread.join().unwrap_or_else(|_| Err(LoadRefusal::LoaderGaveUp.into()))
    }
}
