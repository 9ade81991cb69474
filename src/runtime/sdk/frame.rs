//! The context of a host function: the call that it serves.
//!
//! The SDK's host functions belong to the image, not to the instance, and are given no context that plugsh could set
//! for a start function. But an instance runs on the thread that called it: each thread keeps a stack of the calls in
//! it, and the top one is the one that a host function serves.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::watch::NestedGate;
use crate::runtime::{Failure, FailureKind, Upcalls};

/// The phase of the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockStage {
    /// Start functions and constructors: the SDK has not told its host functions yet where the memory is, and reading
    /// it would read at random.
    Starting,
    /// A call.
    Called,
}

/// One call in a stock instance.
pub struct StockCall {
    pub stage: StockStage,
    up: Arc<dyn Upcalls>,
    gate: Arc<NestedGate>,
    failure: RefCell<Option<Failure>>,
    call_error: RefCell<Option<String>>,
}

thread_local! {
    static FRAMES: RefCell<Vec<Rc<StockCall>>> = const { RefCell::new(Vec::new()) };
}

impl StockCall {
    /// A call on behalf of `up`. `call_error` is the message of the instance's last failed `try_call_plugin`.
    pub fn new(stage: StockStage, up: Arc<dyn Upcalls>, gate: Arc<NestedGate>, call_error: Option<String>) -> Rc<Self> {
        Rc::new(StockCall { stage, up, gate, failure: RefCell::new(None), call_error: RefCell::new(call_error) })
    }

    /// Runs `call` with this frame on top of the thread's stack.
    pub fn run<T>(self: &Rc<Self>, call: impl FnOnce() -> T) -> T {
        FRAMES.with_borrow_mut(|frames| frames.push(Rc::clone(self)));
        let _pop = Pop;
        call()
    }

    /// Makes an upcall that may run other plugins. The watch pauses meanwhile, since a kill is
    /// then meant for them. Fails, too, when this call itself was to end in the meantime.
    ///
    /// # Errors
    /// The upcall fails, or this call is to end.
    pub fn nested<T>(&self, ask: impl FnOnce(Arc<dyn Upcalls>) -> Result<T, Failure>) -> Result<T, Failure> {
        let answer = self.gate.while_nested(|| ask(self.up.clone()));
        if self.up.interrupted() { Err(Failure::interrupted()) } else { answer }
    }

    /// The upcalls that are answered at once.
    pub fn up(&self) -> &dyn Upcalls {
        &*self.up
    }

    /// Keeps the failure that a host function ends the call with, since the SDK would hand on its text alone.
    pub fn fail(&self, failure: Failure) {
        *self.failure.borrow_mut() = Some(failure);
    }

    /// The failure that a host function ended the call with, if one did.
    pub fn take_failure(&self) -> Option<Failure> {
        self.failure.borrow_mut().take()
    }

    /// Sets the message of the last tried call; `None` when it succeeded.
    pub fn set_call_error(&self, message: Option<String>) {
        *self.call_error.borrow_mut() = message;
    }

    /// The message of the last tried call that failed.
    pub fn call_error(&self) -> Option<String> {
        self.call_error.borrow().clone()
    }
}

/// The error of a plugin that asks for another one while it runs without a process, as in benchmarks of the SDK alone.
const NOBODY_THERE: &str =
    "it asked for other plugins, and there are none; only a call that makes no calls can be compared";

/// The call that runs on this thread.
///
/// # Errors
/// No call runs on this thread.
pub fn current() -> Result<Rc<StockCall>, Failure> {
    let top = FRAMES.with_borrow(|frames| frames.last().cloned());
    top.ok_or_else(|| Failure::new(FailureKind::Trap, NOBODY_THERE))
}

/// Takes the top frame off, also when the call panics.
struct Pop;

impl Drop for Pop {
    fn drop(&mut self) {
        FRAMES.with_borrow_mut(|frames| {
            frames.pop();
        });
    }
}
