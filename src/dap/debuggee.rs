//! The debugged kernel and the client's side of it, which the thread of requests and the one of events share.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::breakpoints::{Breakpoints, Setter};
use super::handles::Handles;
use super::outlet::Outlet;
use super::request::ClientInfo;
use crate::kernel::hooks::{HeldView, Order, Step};
use crate::kernel::{JobId, Kernel, OwnerId};
use crate::shell::source_text::SourcePaths;
use crate::shell::words::hold_error::hold_error_text;

/// A kernel that a client debugs.
pub struct Debuggee {
    pub kernel: Arc<Kernel>,
    pub outlet: Outlet,
    /// Whose the client's breakpoints are, and the lines that it runs.
    pub owner: OwnerId,
    known: Mutex<Known>,
}

/// The client's side of it.
#[derive(Default)]
pub struct Known {
    pub client: ClientInfo,
    pub sources: SourcePaths,
    pub breakpoints: Breakpoints,
    pub handles: Handles,
    /// The steps that are under way, one a job.
    steps: BTreeMap<JobId, Step>,
}

impl Debuggee {
    /// A kernel whose client has set nothing yet.
    pub fn new(kernel: Arc<Kernel>, outlet: Outlet, owner: OwnerId) -> Debuggee {
        Debuggee { kernel, outlet, owner, known: Mutex::new(Known::default()) }
    }

    /// The client's side. It is locked before any lock of the kernel.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock()
    }

    /// Where the client's breakpoints are set.
    pub fn setter(&self, client: ClientInfo) -> Setter<'_> {
        Setter { kernel: &self.kernel, owner: self.owner, client }
    }

    /// The hold that a job's thread is shown at: of several calls that run beside each other, the oldest.
    ///
    /// # Errors
    /// The job is not held; a line.
    pub fn held(&self, job: JobId) -> Result<HeldView, String> {
        self.kernel.held_of(job).ok_or_else(|| format!("%{job} is not held"))
    }

    /// Lets a held job go on, maybe by a step.
    ///
    /// # Errors
    /// The job is not held any more, or cannot be stepped there; a line.
    pub fn go_on(&self, job: JobId, step: Option<Step>) -> Result<(), String> {
        let mut known = self.known();
        self.kernel.release(job, Order::Continue(step)).map_err(|error| hold_error_text(&error))?;
        known.handles.forget(job);
        match step {
            Some(step) => drop(known.steps.insert(job, step)),
            None => drop(known.steps.remove(&job)),
        }
        Ok(())
    }
}

impl Known {
    /// The step of a job, which has ended.
    pub fn take_step(&mut self, job: JobId) -> Option<Step> {
        self.steps.remove(&job)
    }
}
