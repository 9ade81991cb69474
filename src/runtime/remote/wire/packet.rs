//! One message of NATS: the length of a header, the header in JSON, bytes of a payload. A payload over [`CHUNK_BYTES`]
//! goes on in further packets of its conversation, in order.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ConversationId;

/// Bytes of a payload in one packet.
pub const CHUNK_BYTES: usize = 512 << 10;
/// Longest header.
pub const HEADER_BYTES_MAX: usize = 256 << 10;
/// Longest packet.
pub const MESSAGE_BYTES_MAX: usize = LENGTH_BYTES + HEADER_BYTES_MAX + CHUNK_BYTES;
/// Longest payload.
pub const PAYLOAD_BYTES_MAX: u64 = 1 << 30;
/// Bytes before the header: its length.
const LENGTH_BYTES: usize = 4;

/// The header of a packet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packet<M> {
    /// A message, and the first of the `bytes` of its payload.
    First { of: ConversationId, bytes: u64, message: M },
    /// More of them.
    More { of: ConversationId },
    /// So many more chunks of the payload have arrived.
    Arrived { of: ConversationId, chunks: u32 },
}

impl<M> Packet<M> {
    /// The conversation that it is of.
    pub fn conversation(&self) -> ConversationId {
        match self {
            Packet::First { of, .. } | Packet::More { of } | Packet::Arrived { of, .. } => *of,
        }
    }
}

/// Bytes that are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireError;

/// A packet as bytes.
pub fn encode(header: &impl Serialize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LENGTH_BYTES + 256 + payload.len());
    bytes.extend_from_slice(&[0; LENGTH_BYTES]);
    // The types of this folder have no map whose keys are not text: nothing else keeps them from being JSON.
    let _ = serde_json::to_writer(&mut bytes, header);
    let length = (bytes.len() - LENGTH_BYTES) as u32;
    bytes[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The header of a packet, and its part of the payload.
///
/// # Errors
/// The bytes are no packet, or over a bound.
pub fn decode<H: DeserializeOwned>(bytes: &[u8]) -> Result<(H, &[u8]), WireError> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or(WireError)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > HEADER_BYTES_MAX {
        return Err(WireError);
    }
    let (header, payload) = rest.split_at_checked(length).ok_or(WireError)?;
    if payload.len() > CHUNK_BYTES {
        return Err(WireError);
    }
    serde_json::from_slice(header).map(|header| (header, payload)).map_err(|_| WireError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::remote::wire::{HomeMessage, NodeMessage};

    #[test]
    fn a_packet_is_read_as_it_was_written() {
        let of = ConversationId { home: 1, number: 2 };
        let packet = Packet::First { of, bytes: 3, message: NodeMessage::Ping };
        let bytes = encode(&packet, b"abc");
        let (read, payload) = decode::<Packet<NodeMessage>>(&bytes).unwrap();
        assert!(matches!(read, Packet::First { bytes: 3, message: NodeMessage::Ping, .. }), "{read:?}");
        assert_eq!((read.conversation(), payload), (of, &b"abc"[..]));
    }

    proptest! {
        #[test]
        fn bytes_of_whoever_sends_them_are_an_error_at_worst(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<Packet<NodeMessage>>(&bytes);
            let _ = decode::<Packet<HomeMessage>>(&bytes);
        }

        #[test]
        fn a_length_beyond_the_bytes_is_an_error(length in 5u32.., tail in 0usize..4) {
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.resize(4 + tail, b'{');
            prop_assert_eq!(decode::<Packet<NodeMessage>>(&bytes).err(), Some(WireError));
        }
    }
}
