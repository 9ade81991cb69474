//! What one call leaves to the debugger while it runs: the beginning of its input, and an answer that was given for it.

use std::sync::Arc;

use super::Entered;
use crate::journal::{Kept, Outcome, Payload};

/// Kept beside a call that the debugger looks at.
#[derive(Default)]
pub struct PayloadCapture {
    /// What a stub or a person answered in the plugin's place.
    pub answer: Option<Arc<[u8]>>,
    /// Whether the plugin came to run.
    pub ran: bool,
    /// What is kept of the input, while payloads are kept.
    pub input: Option<Kept>,
}

/// As much of some bytes as may be kept: of a private plugin only how many they are.
pub fn keep(bytes: &[u8], bytes_max: u64, private: bool) -> Kept {
    if private { Kept::private(bytes.len() as u64) } else { Kept::keep(bytes, bytes_max) }
}

impl Entered<'_> {
    /// Whether its bytes may neither be kept nor shown.
    pub(super) fn is_private(&self) -> bool {
        self.chain.frames.lock().stack.last().is_some_and(|frame| frame.private)
    }

    /// Keeps the input, where payloads are kept.
    pub(super) fn keep_input(&mut self, input: &[u8]) {
        let bytes_max = self.chain.kernel.journal().payload_bytes_each_max();
        let kept = (bytes_max > 0).then(|| keep(input, bytes_max, self.is_private()));
        self.capture.get_or_insert_default().input = kept;
    }

    /// The output as it stands: the answer, or what the plugin gave.
    pub(in crate::kernel) fn output(&self) -> &[u8] {
        match self.capture.as_ref().and_then(|capture| capture.answer.as_deref()) {
            Some(answer) => answer,
            None => self.guest.as_deref().map_or(&[], |guest| guest.output()),
        }
    }

    /// What the record keeps of the call's bytes. A failed call has no output.
    pub(in crate::kernel) fn payload(&mut self, outcome: Outcome) -> Option<Box<Payload>> {
        // First, as every call comes here: one without a capture pays no more than this look.
        let input = self.capture.as_mut()?.input.take()?;
        let bytes_max = self.chain.kernel.journal().payload_bytes_each_max();
        let private = input.state == crate::journal::KeptState::Private;
        let output = if outcome == Outcome::Ok { self.output() } else { &[] };
        Some(Box::new(Payload { input, output: keep(output, bytes_max, private) }))
    }
}
