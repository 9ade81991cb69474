//! A call that was started and runs: its end, and ending it.

use std::time::Duration;

use super::error::Error;
use crate::kernel::{Job, JobEnd};

/// A call on a thread of its own. It goes on when this is dropped.
///
/// ```
/// use plugsh::System;
/// use plugsh::system::{Load, Outcome};
///
/// # fn main() -> Result<(), plugsh::system::Error> {
/// let system = System::builder().build()?;
/// system.load(Load::module("spin", r#"(module (func (export "run") (loop (br 0))))"#))?;
/// let call = system.start("spin", "run", "")?;
/// assert!(call.is_running());
/// call.cancel();
/// assert_eq!(call.wait().unwrap_err().outcome(), Outcome::Killed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RunningCall {
    job: Job,
}

impl RunningCall {
    /// The call of a job.
    pub(super) fn of(job: Job) -> RunningCall {
        RunningCall { job }
    }

    /// The number that records give as the call's job; `%N` at an attached prompt.
    pub fn job(&self) -> u32 {
        self.job.id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.job.is_running()
    }

    /// Whether it is held at a breakpoint.
    pub fn is_held(&self) -> bool {
        self.job.is_held()
    }

    /// Waits for its end: the output.
    ///
    /// # Errors
    /// The call failed, or was killed or out of time.
    pub fn wait(&self) -> Result<Vec<u8>, Error> {
        output(&self.job.wait())
    }

    /// Waits for its end, for `at_most`; `None` while it runs.
    ///
    /// # Errors
    /// As of [`RunningCall::wait`].
    pub fn wait_for(&self, at_most: Duration) -> Result<Option<Vec<u8>>, Error> {
        self.job.wait_for(at_most).map(|end| output(&end)).transpose()
    }

    /// Ends it, with all that it calls. The end itself comes a moment later.
    pub fn cancel(&self) {
        self.job.kill();
    }
}

fn output(end: &JobEnd) -> Result<Vec<u8>, Error> {
    Ok(end.bytes()?.to_vec())
}
