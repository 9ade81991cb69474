//! Payloads of a call: their privacy, and the part that its record keeps.

use super::capture::{PayloadCapture, keep};
use super::entered::Entered;
use crate::journal::{KeptBytes, KeptState, NodeTime, Outcome, Payload};

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

    /// Keeps the input of a call that failed, where its plugin had not run under this input.
    #[cold]
    pub(super) fn keep_failed_input(&mut self, input: &[u8]) {
        let bytes_max = self.failed_bytes_max();
        if bytes_max > 0 {
            self.capture_failed(keep(input, bytes_max, self.is_private()));
        }
    }

    /// Keeps the input of a call that failed as its instance still has it. An input that the plugin freed is gone.
    #[cold]
    pub(super) fn keep_input_of_guest(&mut self) {
        let bytes_max = self.failed_bytes_max();
        let Some(guest) = self.guest.as_deref().filter(|_| bytes_max > 0) else { return };
        let (private, bytes_in) = self
            .task
            .chain
            .with_frames(|frames| frames.stack.last().map_or((true, 0), |frame| (frame.private, frame.bytes_in)));
        let input = guest.input();
        if private {
            self.capture_failed(KeptBytes::private(bytes_in));
        } else if input.len() as u64 == bytes_in {
            let kept = KeptBytes::keep(input, bytes_max);
            self.capture_failed(kept);
        }
    }

    fn failed_bytes_max(&self) -> u64 {
        let journal = self.task.kernel.journal();
        if journal.is_on() { journal.failed_bytes_each_max() } else { 0 }
    }

    fn capture_failed(&mut self, input: KeptBytes) {
        let capture = self.capture.get_or_insert_with(|| Box::new(PayloadCapture { ran: true, ..Default::default() }));
        capture.input.get_or_insert(input);
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
        let payload = self.kept_payload(outcome);
        // The hot path, a call that ran here, returns here.
        let Some(wire_ns) = self.cost.wire_ns else { return payload };
        let node = self.guest.as_deref().and_then(|guest| guest.place()).map_or("?", |place| place.node);
        match payload {
            Some(mut payload) => {
                payload.node = Some(Box::new(NodeTime { node: node.into(), wire_ns, is_alone: false }));
                Some(payload)
            }
            None => Some(Box::new(Payload::of_node(node, wire_ns))),
        }
    }

    /// The bytes of the call that are kept.
    fn kept_payload(&mut self, outcome: Outcome) -> Option<Box<Payload>> {
        // First, for the hot path: a call without a capture returns here.
        let input = self.capture.as_mut()?.input.take()?;
        let bytes_max = self.task.kernel.journal().payload_bytes_each_max();
        let private = input.state == KeptState::Private;
        let output = if outcome == Outcome::Ok { self.output() } else { &[] };
        let output = keep(output, bytes_max, private);
        Some(Box::new(Payload { input, output, detail: None, load: None, node: None }))
    }
}
