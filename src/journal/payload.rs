//! Payloads: the kept input and output bytes of a call, and why others are missing. The ring has the budget over all
//! records; the kernel decides whose payloads are kept.

use super::load::LoadSteps;
use crate::text::bounded;

/// The kept bytes of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub input: KeptBytes,
    pub output: KeptBytes,
    /// Details of a request to the host, at most [`DETAIL_BYTES_MAX`]; `None` for calls.
    pub detail: Option<Box<str>>,
    /// The steps of a load; `None` for calls.
    pub load: Option<Box<LoadSteps>>,
    /// The node of a call, and its time on the way; `None` for a call here.
    pub node: Option<Box<NodeTime>>,
}

/// Where a call ran that did not run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTime {
    pub node: Box<str>,
    /// Time between this machine and the node, there and back; part of the call's own.
    pub wire_ns: u64,
    /// True where the payload has no bytes, since none were to be kept.
    pub is_alone: bool,
}

/// The most bytes of a request's detail.
pub const DETAIL_BYTES_MAX: usize = 256;

impl Payload {
    /// Keeps up to `bytes_each_max` bytes of each side.
    pub fn keep(input: &[u8], output: &[u8], bytes_each_max: u64) -> Payload {
        let (input, output) = (KeptBytes::keep(input, bytes_each_max), KeptBytes::keep(output, bytes_each_max));
        Payload { input, output, detail: None, load: None, node: None }
    }

    /// The lengths alone, for a plugin whose bytes must not be kept.
    pub fn private(input_len: u64, output_len: u64) -> Payload {
        let (input, output) = (KeptBytes::private(input_len), KeptBytes::private(output_len));
        Payload { input, output, detail: None, load: None, node: None }
    }

    /// The details of a request to the host, cut to [`DETAIL_BYTES_MAX`]; its bytes are not kept.
    pub fn of_request(detail: &str) -> Payload {
        Payload { detail: Some(bounded(detail, DETAIL_BYTES_MAX).into()), ..Payload::keep(&[], &[], 0) }
    }

    /// The payload of a load: its steps, and no bytes.
    pub fn of_load(steps: LoadSteps) -> Payload {
        Payload { load: Some(Box::new(steps)), ..Payload::keep(&[], &[], 0) }
    }

    /// The payload of a call on a node whose bytes are not kept.
    pub fn of_node(node: &str, wire_ns: u64) -> Payload {
        let node = NodeTime { node: node.into(), wire_ns, is_alone: true };
        Payload { node: Some(Box::new(node)), ..Payload::keep(&[], &[], 0) }
    }

    /// The bytes that both sides hold now, which count against the budget.
    pub fn kept_bytes(&self) -> u64 {
        self.input.bytes.len() as u64 + self.output.bytes.len() as u64
    }

    /// Lets go of the bytes; the lengths stay.
    pub fn drop_bytes(&mut self) {
        self.input.drop_bytes();
        self.output.drop_bytes();
    }
}

/// One side of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBytes {
    /// The kept bytes: all, a prefix, or none.
    pub bytes: Box<[u8]>,
    /// The full length.
    pub full_len: u64,
    pub state: KeptState,
}

/// Completeness of a kept payload, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptState {
    /// Every byte.
    Whole,
    /// The beginning, up to the size that one payload may have.
    Cut,
    /// Dropped: newer payloads needed the budget.
    Dropped,
    /// Never kept: the plugin is private.
    Private,
}

impl KeptBytes {
    /// Keeps the first `bytes_max` bytes of `bytes`.
    pub fn keep(bytes: &[u8], bytes_max: u64) -> KeptBytes {
        let kept = bytes.get(..usize::try_from(bytes_max).unwrap_or(usize::MAX)).unwrap_or(bytes);
        let state = if kept.len() == bytes.len() { KeptState::Whole } else { KeptState::Cut };
        KeptBytes { bytes: kept.into(), full_len: bytes.len() as u64, state }
    }

    /// A copy with at most the first `bytes_max` of the kept bytes.
    pub fn prefix(&self, bytes_max: u64) -> KeptBytes {
        let prefix = KeptBytes::keep(&self.bytes, bytes_max);
        let state = if prefix.state == KeptState::Cut { KeptState::Cut } else { self.state };
        KeptBytes { full_len: self.full_len, state, ..prefix }
    }

    /// Only the length.
    pub fn private(full_len: u64) -> KeptBytes {
        KeptBytes { bytes: Box::default(), full_len, state: KeptState::Private }
    }

    /// Whether every byte is there.
    pub fn is_whole(&self) -> bool {
        self.state == KeptState::Whole
    }

    /// Lets go of the bytes. A payload without bytes stays whole, and a private one private.
    pub fn drop_bytes(&mut self) {
        if !self.bytes.is_empty() {
            self.bytes = Box::default();
            self.state = KeptState::Dropped;
        }
    }

    /// The missing part and the reason, in a few words; `None` for a whole payload.
    pub fn missing(&self) -> Option<String> {
        match self.state {
            KeptState::Whole => None,
            KeptState::Cut => Some(format!("cut: the first {} of {} bytes", self.bytes.len(), self.full_len)),
            KeptState::Dropped => Some(format!("dropped: {} bytes, newer payloads needed the budget", self.full_len)),
            KeptState::Private => Some(format!("not kept: {} bytes of a private plugin", self.full_len)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_whole_and_what_does_not_says_so() {
        let whole = KeptBytes::keep(b"abc", 3);
        assert_eq!((&*whole.bytes, whole.full_len, whole.missing()), (&b"abc"[..], 3, None));

        let cut = KeptBytes::keep(b"abcdef", 4);
        assert_eq!((&*cut.bytes, cut.full_len), (&b"abcd"[..], 6));
        assert_eq!(cut.missing().as_deref(), Some("cut: the first 4 of 6 bytes"));

        assert_eq!(KeptBytes::keep(b"abc", u64::MAX).state, KeptState::Whole);
        assert_eq!(KeptBytes::keep(b"abc", 0).state, KeptState::Cut);
        assert_eq!(whole.prefix(2), KeptBytes { bytes: (*b"ab").into(), full_len: 3, state: KeptState::Cut });
        assert_eq!(whole.prefix(3), whole);
        assert_eq!((cut.prefix(9), KeptBytes::private(7).prefix(2)), (cut, KeptBytes::private(7)));
    }

    #[test]
    fn dropping_keeps_the_lengths() {
        let mut payload = Payload::keep(b"hello", b"", 100);
        assert_eq!(payload.kept_bytes(), 5);
        payload.drop_bytes();
        assert_eq!(payload.kept_bytes(), 0);
        assert_eq!((payload.input.full_len, payload.input.state), (5, KeptState::Dropped));
        assert!(payload.output.is_whole(), "there was nothing to drop");
    }

    #[test]
    fn a_private_payload_has_no_bytes_and_says_why() {
        let mut payload = Payload::private(7, 9);
        payload.drop_bytes();
        assert_eq!(payload.kept_bytes(), 0);
        assert_eq!(payload.output.missing().as_deref(), Some("not kept: 9 bytes of a private plugin"));
    }
}
