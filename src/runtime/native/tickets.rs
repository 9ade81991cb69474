//! Tickets of started calls, and whether those have ended, where answers are kept or replayed. A ticket is a record's
//! number, so a replay has others: its guest gets the recorded ones, and they are translated here.

use wasmtime::{Caller, Result};

use super::answered::{Answered, answered, mode};
use super::ctx::Ctx;
use crate::runtime::{AnswerMode, Failure};

/// How a number is kept, and made again.
const NUMBER: Answered<u64> =
    Answered { keep: |number, answer| answer.result = *number as i64, replay: |answer| Ok(answer.result as u64) };

/// The ticket that the guest gets for a call that has been started.
///
/// # Errors
/// The recording has no ticket for it.
pub fn given(caller: &mut Caller<'_, Ctx>, ticket: u64) -> Result<i64> {
    let given = answered(caller, "start_call", |_| String::new(), |_| Ok(ticket), NUMBER)?;
    if mode(caller) == AnswerMode::Replayed {
        caller.data_mut().replayed_tickets.insert(given, ticket);
    }
    Ok(given as i64)
}

/// Whether a started call has ended; in a replay, whether it had.
///
/// # Errors
/// The caller has not started it or has joined it.
pub fn has_ended(caller: &mut Caller<'_, Ctx>, ticket: u64) -> Result<bool> {
    let live = |caller: &mut Caller<'_, Ctx>| {
        let up = caller.data().up()?;
        Ok(u64::from(up.has_ended(ticket).map_err(Failure::unwound)?))
    };
    answered(caller, "poll_call", |_| ticket.to_string(), live, NUMBER).map(|ended| ended != 0)
}

/// The ticket of this run for the one that the guest joins.
pub fn joined(caller: &mut Caller<'_, Ctx>, ticket: u64) -> u64 {
    caller.data_mut().replayed_tickets.remove(&ticket).unwrap_or(ticket)
}
