//! Images: same bytes, same image. Compiles each program once for each host and hands the result out again.

use std::sync::Arc;

use super::{Failure, Host, Image, Program, Upcalls};

/// The compiled programs of one kernel, and the engines that run them.
pub struct Images {}

impl Images {
    /// Engines ready, nothing compiled.
    pub fn new() -> Result<Self, Failure> {
        todo!()
    }

    /// The image of a program in a host: compiled at the first asking, on a capped worker thread. `up` may interrupt the
    /// wait; the compilation is then abandoned to its worker, and its result kept for the next who asks.
    pub fn get(&self, _host: Host, _program: &Program, _up: &dyn Upcalls) -> Result<Arc<dyn Image>, Failure> {
        todo!()
    }

    /// Makes every running call look at its kill word.
    pub fn kick(&self) {
        todo!()
    }
}
