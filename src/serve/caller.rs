//! A client as its requests see it: the server that it is at, the line to it, and the jobs that run for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::outbox::OnFull;
use super::shared::Shared;
use super::wire::{LINE_BYTES_MAX, WireError, response};
use super::wire_front::Link;
use crate::dap::Adapter;
use crate::kernel::{Job, OwnerId};
use crate::locks::Mutex;

/// The most requests of one client that are not answered yet, those of its session not counted.
pub const REQUESTS_MAX: usize = 64;

/// A request that is not answered yet, counted until this is dropped.
pub struct Unanswered(Arc<Link>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The client that asks.
pub struct Caller {
    pub shared: Arc<Shared>,
    pub link: Arc<Link>,
    /// The owner of the jobs of its requests; those of its session have an owner of their own.
    pub owner: OwnerId,
    /// The calls that run for it.
    pub calls: Mutex<Vec<Job>>,
    /// The adapter of its debugger, once it has one.
    pub debugger: Mutex<Option<Box<Adapter>>>,
}

impl Caller {
    /// Counts a request that takes its time.
    ///
    /// # Errors
    /// [`REQUESTS_MAX`] are not answered yet.
    pub fn begin_request(&self) -> Result<Unanswered, WireError> {
        let before = self.link.requests.fetch_add(1, Ordering::AcqRel);
        let unanswered = Unanswered(Arc::clone(&self.link));
        if before >= REQUESTS_MAX {
            return Err(WireError::refused(format!("{REQUESTS_MAX} requests are not answered yet, the limit")));
        }
        Ok(unanswered)
    }

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
