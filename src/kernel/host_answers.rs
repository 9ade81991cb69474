//! Answers of the host to the deepest call of a chain: kept by the recorder, or given by it.

use super::task::Task;
use crate::runtime::{AnswerKind, Failure, FailureKind, HostAnswer};

/// Placeholder for the request of a private plugin.
const PRIVATE: &str = "(private)";

impl Task {
    /// The name of the process that asks, and whether its bytes are private.
    fn asking(&self) -> Option<(String, bool)> {
        let private = self.chain.with_frames(|frames| frames.stack.last().is_some_and(|frame| frame.private));
        self.chain.top().map(|(process, ..)| (process.name.clone(), private))
    }

    /// Hands an answer to the recorder; of a private plugin's it gets the function alone.
    pub(super) fn keep_host_answer(&self, answer: HostAnswer) {
        let (Some(recorder), Some((process, private))) = (self.kernel.hooks().recorder(), self.asking()) else {
            return;
        };
        let answer = match private {
            true => HostAnswer {
                function: answer.function,
                asked: PRIVATE.to_owned(),
                kind: AnswerKind::Private,
                ..HostAnswer::default()
            },
            false => answer,
        };
        recorder.keep_answer(&process, answer);
    }

    /// The recorder's next answer to the deepest call.
    ///
    /// # Errors
    /// The recorder has no such answer.
    pub(super) fn recorded_host_answer(&self, function: &str, asked: &str) -> Result<HostAnswer, Failure> {
        let (Some(recorder), Some((process, _))) = (self.kernel.hooks().recorder(), self.asking()) else {
            return Err(Failure::interrupted());
        };
        recorder
            .recorded_answer(&process, function, asked)
            .map_err(|why| Failure::new(FailureKind::Denied, why).unwound())
    }
}
