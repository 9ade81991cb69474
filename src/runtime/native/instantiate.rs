//! A compiled program as the rest of the house sees it: what it exports, and instances of it.

use std::sync::Arc;

use super::engine::code_bytes;
use super::image::NativeImage;
use super::instance::Instance;
use crate::runtime::{Failure, FunctionId, Guest, Image, Spec, Upcalls};

impl Image for NativeImage {
    fn functions(&self) -> &[String] {
        &self.functions
    }

    fn function(&self, name: &str) -> Option<FunctionId> {
        self.ids.get(name).copied()
    }

    fn imports(&self) -> &[String] {
        &self.imports
    }

    fn exports(&self) -> &[String] {
        &self.exports
    }

    fn code_bytes(&self) -> u64 {
        self.modules.iter().map(|linked| code_bytes(&linked.module)).sum()
    }

    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        Ok(Box::new(Instance::new(self, spec.clone(), up)?))
    }
}
