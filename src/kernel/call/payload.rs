//! Payloads of a call: their privacy, and the part that its record keeps.

use super::capture::keep;
use super::entered::Entered;
use crate::journal::{KeptState, Outcome, Payload};

impl Entered<'_> {
    /// Whether the call's bytes are private: neither kept nor shown.
    pub(super) fn is_private(&self) -> bool {
        self.task.chain.with_frames(|frames| frames.stack.last().is_some_and(|frame| frame.private))
    }

    /// Keeps the input, while payloads are kept.
    pub(super) fn keep_input(&mut self, input: &[u8]) {
        let bytes_max = self.task.kernel.journal().payload_bytes_each_max();
        let kept = (bytes_max > 0).then(|| keep(input, bytes_max, self.is_private()));
        self.capture.get_or_insert_default().input = kept;
    }

    /// The present output: an answer, or else the plugin's.
    pub(in crate::kernel) fn output(&self) -> &[u8] {
        match self.capture.as_ref().and_then(|capture| capture.answer.as_deref()) {
            Some(answer) => answer,
            None => self.guest.as_deref().map_or(&[], |guest| guest.output()),
        }
    }

    /// The record's part of the call's bytes. A failed call has no output.
    pub(in crate::kernel) fn payload(&mut self, outcome: Outcome) -> Option<Box<Payload>> {
        // First, for the hot path: a call without a capture returns here.
        let input = self.capture.as_mut()?.input.take()?;
        let bytes_max = self.task.kernel.journal().payload_bytes_each_max();
        let private = input.state == KeptState::Private;
        let output = if outcome == Outcome::Ok { self.output() } else { &[] };
        Some(Box::new(Payload { input, output: keep(output, bytes_max, private) }))
    }
}
