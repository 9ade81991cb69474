//! The bytes behind a message's header, where they were received or put together.

use std::ops::Deref;

use crate::nats::Incoming;

/// Fewer bytes than this are copied, so that they keep no buffer that others were received into.
const OWN_BUFFER_BYTES_MIN: usize = 16 << 10;

/// The payload of a message.
#[derive(Debug)]
pub struct Payload(Bytes);

#[derive(Debug)]
enum Bytes {
    Copied(Vec<u8>),
    /// The last bytes of a message as it came.
    Received {
        message: Incoming,
        from: usize,
    },
}

impl Payload {
    /// The last `bytes` bytes of a message.
    pub fn of(message: Incoming, bytes: usize) -> Payload {
        let from = message.bytes().len().saturating_sub(bytes);
        if bytes >= OWN_BUFFER_BYTES_MIN {
            return Payload(Bytes::Received { message, from });
        }
        message.bytes().get(from..).unwrap_or_default().to_vec().into()
    }

    /// The bytes as a vector; those that were received are copied.
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Bytes::Copied(bytes) => bytes,
            Bytes::Received { .. } => self.to_vec(),
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Payload {
        Payload(Bytes::Copied(bytes))
    }
}

impl Default for Payload {
    fn default() -> Payload {
        Vec::new().into()
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Copied(bytes) => bytes,
            Bytes::Received { message, from } => message.bytes().get(*from..).unwrap_or_default(),
        }
    }
}
