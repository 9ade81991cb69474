//! The image and the instance of a plugin without code: stubs answer all of its calls.

use std::sync::Arc;

use crate::runtime::{
    Advice, Export, Failure, FailureKind, FunctionId, Guest, Image, Interface, ItemType, MemoryUse, Spec, Upcalls,
};

/// The image of a plugin whose calls stubs answer.
pub struct StubImage(Interface);

impl StubImage {
    /// An image with the functions that stubs answer for.
    pub fn new(functions: Vec<String>) -> StubImage {
        let exports = functions.iter().map(|name| Export { name: name.clone(), ty: ItemType::Stub }).collect();
        StubImage(Interface::new(functions, Vec::new(), exports))
    }
}

impl Image for StubImage {
    fn interface(&self) -> &Interface {
        &self.0
    }

    fn code_bytes(&self) -> u64 {
        0
    }

    fn instantiate(&self, _spec: &Arc<Spec>, _up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        Ok(Box::new(StubGuest))
    }
}

/// An instance of a [`StubImage`]: without memory, and without functions of its own.
struct StubGuest;

impl Guest for StubGuest {
    fn set_input(&mut self, _input: &[u8], _up: &dyn Upcalls) -> Result<(), Failure> {
        Ok(())
    }

    fn run(&mut self, _function: FunctionId, _up: Arc<dyn Upcalls>) -> Result<u64, Failure> {
        Err(Failure::advised(FailureKind::Guest, "its stub was taken away", Advice::SetStub))
    }

    fn output(&self) -> &[u8] {
        &[]
    }

    fn memory(&self) -> MemoryUse {
        MemoryUse::default()
    }
}
