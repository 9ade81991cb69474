//! Calls that a stub answers: with bytes, its input, or the output of shell commands.

use std::sync::Arc;

use crate::kernel::error::HandlerError;
use crate::kernel::hooks::{Stub, StubAnswer, StubCall};
use crate::kernel::process::Process;
use crate::kernel::task::Task;
use crate::kernel::view::OwnerId;
use crate::runtime::{Failure, FailureKind};

impl Task {
    /// A stub's answer to an input, in a process's place.
    ///
    /// # Errors
    /// The commands of the stub fail.
    pub(super) fn answer(&self, stub: &Stub, process: &Process, input: &[u8]) -> Result<Arc<[u8]>, Failure> {
        match stub.hit() {
            StubAnswer::Bytes(bytes) => Ok(bytes.clone()),
            StubAnswer::Echo => Ok(input.into()),
            StubAnswer::Run(commands) => {
                let runner = self.kernel.stub_runner();
                let Some(runner) = runner else {
                    return Err(Failure::new(FailureKind::Denied, "its stub has no runner for its commands"));
                };
                let cancelled = {
                    let chain = self.chain.clone();
                    Arc::new(move || chain.is_cancelled())
                };
                let owner = self.kernel.job(self.chain.job).map_or(OwnerId::FIRST, |job| job.owner());
                let (kernel, process_label) = (self.kernel.clone(), process.label());
                let call = StubCall { kernel, commands, input, process: process_label, owner, cancelled };
                self.give_back_seqs();
                // The commands' calls become foreground jobs; afterwards this job is the foreground one again.
                let foreground = self.kernel.job_table().foreground(owner);
                let answer = self.kernel.waits().while_answered(self.chain.id, process.label(), || runner(call));
                self.kernel.job_table().restore_foreground(owner, foreground);
                let failed =
                    |error: HandlerError| Failure::new(FailureKind::Guest, format!("its stub failed: {error}"));
                answer.map(Arc::from).map_err(failed)
            }
        }
    }
}
