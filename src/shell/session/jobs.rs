//! A session's notes on jobs: those that its prompt left unfinished, and those whose holds were served.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::kernel::JobId;
use crate::shell::source_text::{SourceMap, SourcePaths};

/// The frame that was chosen at a hold of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenFrame {
    pub job: JobId,
    /// The hold's number.
    pub hold: u64,
    /// The frame's number.
    pub frame: usize,
}

/// Notes on jobs. `C`: the continuation that finishes a parked job.
pub struct JobNotes<C> {
    /// Foreground jobs that the prompt left, at most one for each job of the kernel.
    parked: BTreeMap<JobId, C>,
    /// The hold of each job whose breakpoint's commands have run.
    served: BTreeMap<JobId, u64>,
    /// A breakpoint's commands run now: letting a job go on does not wait for it.
    serving: bool,
    /// The hint about held jobs was shown.
    hinted: bool,
    /// Shared with what completes lines.
    chosen: Arc<Mutex<Option<ChosenFrame>>>,
    /// Where source files are looked for: at most [`SOURCE_DIRS_MAX`] directories and as many maps.
    sources: SourcePaths,
}

/// Most directories of source files, and most maps of them.
const SOURCE_DIRS_MAX: usize = 32;

impl<C> Default for JobNotes<C> {
    fn default() -> JobNotes<C> {
        JobNotes {
            parked: BTreeMap::new(),
            served: BTreeMap::new(),
            serving: false,
            hinted: false,
            chosen: Arc::default(),
            sources: SourcePaths::default(),
        }
    }
}

impl<C> JobNotes<C> {
    /// Keeps a job's continuation, and forgets the jobs that are not known any more.
    pub fn park(&mut self, job: JobId, continuation: C, is_known: impl Fn(JobId) -> bool) {
        self.parked.retain(|id, _| is_known(*id));
        self.parked.insert(job, continuation);
    }

    /// Takes the continuation of a parked job.
    pub fn unpark(&mut self, job: JobId) -> Option<C> {
        self.parked.remove(&job)
    }

    /// Whether the breakpoint's commands have run at this hold of a job.
    pub fn is_served(&self, job: JobId, hold: u64) -> bool {
        self.served.get(&job) == Some(&hold)
    }

    /// Remembers that the breakpoint's commands have run at this hold.
    pub fn mark_served(&mut self, job: JobId, hold: u64) {
        self.served.insert(job, hold);
    }

    /// Forgets the holds of a job that has ended.
    pub fn forget_holds(&mut self, job: JobId) {
        self.served.remove(&job);
    }

    /// Whether a breakpoint's commands run now.
    pub fn is_serving(&self) -> bool {
        self.serving
    }

    /// Sets whether commands of a breakpoint run now.
    pub fn set_serving(&mut self, serving: bool) {
        self.serving = serving;
    }

    /// The number of the frame that was chosen at a hold of a job.
    pub fn chosen_frame(&self, job: JobId, hold: u64) -> Option<usize> {
        let chosen = *self.chosen.lock();
        chosen.filter(|chosen| (chosen.job, chosen.hold) == (job, hold)).map(|chosen| chosen.frame)
    }

    /// Chooses a frame at a hold of a job.
    pub fn choose_frame(&mut self, job: JobId, hold: u64, frame: usize) {
        *self.chosen.lock() = Some(ChosenFrame { job, hold, frame });
    }

    /// The chosen frame, as it is from now on.
    pub fn chosen(&self) -> Arc<Mutex<Option<ChosenFrame>>> {
        Arc::clone(&self.chosen)
    }

    /// Where source files are looked for, the newest first.
    pub fn sources(&self) -> &SourcePaths {
        &self.sources
    }

    /// Looks for source files by a map first, from now on.
    pub fn add_source_map(&mut self, map: SourceMap) {
        self.sources.maps.retain(|known| known.from != map.from);
        self.sources.maps.insert(0, map);
        self.sources.maps.truncate(SOURCE_DIRS_MAX);
    }

    /// Forgets the maps of source files.
    pub fn forget_source_maps(&mut self) {
        self.sources.maps.clear();
    }

    /// Looks for source files in a directory first, from now on.
    pub fn add_source_dir(&mut self, dir: PathBuf) {
        self.sources.dirs.retain(|known| *known != dir);
        self.sources.dirs.insert(0, dir);
        self.sources.dirs.truncate(SOURCE_DIRS_MAX);
    }

    /// True the first time: the notice of a held job then lists the commands for it.
    pub fn hint_once(&mut self) -> bool {
        !std::mem::replace(&mut self.hinted, true)
    }
}
