//! A client as its requests see it: the server that it is at, the line to it, and the jobs that run for it.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use super::outbox::OnFull;
use super::shared::Shared;
use super::wire::{LINE_BYTES_MAX, WireError, response};
use super::wire_front::Link;
use crate::kernel::{Job, OwnerId};

/// The client that asks.
pub struct Caller {
    pub shared: Arc<Shared>,
    pub link: Arc<Link>,
    /// The owner of the jobs of its requests; those of its session have an owner of their own.
    pub owner: OwnerId,
    /// The calls that run for it.
    pub calls: Mutex<Vec<Job>>,
}

impl Caller {
    /// Answers a request.
    pub fn answer(&self, id: &Value, result: &Result<Value, WireError>) {
        let line = response(id, result);
        let line = match line.len() > LINE_BYTES_MAX {
            true => response(id, &Err(WireError::refused("the answer is longer than a line may be"))),
            false => line,
        };
        // A client that is gone waits for no answer.
        self.link.outbox.send(line, OnFull::Wait).ok();
    }

    /// Answers a request that is not answered yet.
    pub fn answer_if(&self, id: &Value, result: Result<Option<Value>, WireError>) {
        if let Some(result) = result.transpose() {
            self.answer(id, &result);
        }
    }
}
