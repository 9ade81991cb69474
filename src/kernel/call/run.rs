//! In a process: the instance, the input in it, the function, the output's bound.

use std::sync::Arc;

use super::entered::{Entered, Finished};
use crate::kernel::code::Code;
use crate::kernel::error::CallError;
use crate::limits::Limit;
use crate::runtime::{Advice, Failure, FailureKind};

impl Entered<'_> {
    /// Runs the call on `input`, which is dropped before the function runs: its bytes are in the process by then.
    ///
    /// # Errors
    /// The input has no room, the function fails, or the call is cancelled.
    pub fn run(mut self, input: impl AsRef<[u8]>) -> Result<Finished, CallError> {
        if self.task.kernel.hooks().armed() {
            return self.run_hooked(input.as_ref());
        }
        let prepared = self.prepare(input.as_ref());
        if prepared.is_err() {
            self.keep_failed_input(input.as_ref());
        }
        drop(input);
        self.run_prepared(prepared)
    }

    /// Runs the call on another call's output, whose process is released before the function runs.
    ///
    /// # Errors
    /// As of [`Entered::run`].
    pub fn run_taking(mut self, input: Finished) -> Result<Finished, CallError> {
        // The start of a missing instance may call the process that holds the input, so the input is copied.
        if self.guest.is_none() || self.task.kernel.hooks().armed() {
            let bytes = input.output().to_vec();
            drop(input);
            return self.run(bytes);
        }
        let prepared = self.prepare(input.output());
        if prepared.is_err() {
            self.keep_failed_input(input.output());
        }
        drop(input);
        self.run_prepared(prepared)
    }

    /// Runs the call once its input is in the instance.
    #[inline]
    fn run_prepared(mut self, prepared: Result<(), Failure>) -> Result<Finished, CallError> {
        match prepared.and_then(|()| self.execute()) {
            Ok(bytes_out) => self.finish(bytes_out),
            Err(failure) => {
                self.keep_input_of_guest();
                Err(self.fail(failure))
            }
        }
    }

    /// Code that the process runs in this call.
    pub(in crate::kernel) fn code(&self) -> Arc<Code> {
        self.code.clone().unwrap_or_else(|| self.process.code())
    }

    /// The instance, and the input in it.
    ///
    /// # Errors
    /// The instance cannot be made, or the input has no room in it.
    pub(in crate::kernel) fn prepare(&mut self, input: &[u8]) -> Result<(), Failure> {
        if self.guest.is_none() {
            let code = self.code();
            let made = code.image.instantiate(&code.spec, self.task.clone());
            let guest = made.map_err(|failure| self.placed(failure))?;
            self.process.with_slot(|slot| {
                slot.calls_of_instance = 0;
                slot.note_place(Some(&*guest));
            });
            self.guest = Some(guest);
        }
        let Some(guest) = self.guest.as_deref_mut() else { return Err(Failure::interrupted()) };
        guest.set_input(input, &**self.task)
    }

    /// Runs the function on the input that was set. Returns the output's length in bytes.
    ///
    /// # Errors
    /// The function fails or is interrupted, or the instance is gone.
    pub(in crate::kernel) fn execute(&mut self) -> Result<u64, Failure> {
        let Some(guest) = self.guest.as_deref_mut() else { return Err(Failure::interrupted()) };
        let ran = guest.run(self.function, self.task.clone());
        self.cost = guest.cost();
        self.check_output(ran.map_err(|failure| self.placed(failure))?)
    }

    /// A failure whose message names the line that the plugin's author answers for.
    #[cold]
    fn placed(&self, failure: Failure) -> Failure {
        self.task.kernel.symbols().placed(&self.code().program, failure)
    }

    /// The output's length, where so much may be handed on.
    ///
    /// # Errors
    /// The output is over the limit.
    pub(in crate::kernel) fn check_output(&self, bytes_out: u64) -> Result<u64, Failure> {
        let most = self.task.kernel.limits().output_bytes_max;
        if bytes_out > most {
            let why = format!("an output of {bytes_out} bytes; the limit is {most}");
            return Err(Failure::advised(FailureKind::Denied, why, Advice::Raise(Limit::Output)));
        }
        Ok(bytes_out)
    }
}
