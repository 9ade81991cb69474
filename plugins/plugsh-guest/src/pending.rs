//! A call that runs beside its caller, from its start to its join.

use extism_pdk::{Error, FromBytesOwned};

use crate::plugin::{CallError, decode, take, taken_or_error};
use crate::raw;

/// A call that was started and is not joined. It runs beside its caller, and ends with it: dropping this joins nothing, and
/// what is not joined when the caller returns is cut.
#[derive(Debug)]
#[must_use = "a call that is not joined is cut when its caller returns"]
pub struct Pending {
    ticket: u64,
}

impl Pending {
    pub(crate) fn new(ticket: u64) -> Self {
        Self { ticket }
    }

    /// Whether the call has ended, so that a join would not wait.
    pub fn has_ended(&self) -> bool {
        raw::poll_call(self.ticket) != 0
    }

    /// Waits for the call and decodes what it gave. As with [`Plugin::call`](crate::Plugin::call), a call that failed
    /// stops the caller too; the `Err` is for bytes that cannot be decoded.
    pub fn join<R: FromBytesOwned>(self) -> Result<R, Error> {
        decode(self.join_bytes())
    }

    /// Like [`join`](Self::join), but a failure is a value.
    pub fn try_join<R: FromBytesOwned>(self) -> Result<R, CallError> {
        let output = self.try_join_bytes()?;
        decode(output).map_err(CallError::from_error)
    }

    /// Like [`join`](Self::join), without a copy to decode the bytes.
    pub fn join_bytes(self) -> Vec<u8> {
        take(raw::join_call(self.ticket))
    }

    /// Like [`try_join`](Self::try_join), without a copy to decode the bytes.
    pub fn try_join_bytes(self) -> Result<Vec<u8>, CallError> {
        taken_or_error(raw::try_join_call(self.ticket))
    }
}
