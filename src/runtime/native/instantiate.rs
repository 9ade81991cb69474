//! A compiled program as the kernel sees it: its exports, and instances of it.

use std::sync::Arc;

use super::engine::code_bytes;
use super::image::NativeImage;
use super::instance::Instance;
use crate::runtime::{Failure, Guest, Image, Interface, Spec, Upcalls};

impl Image for NativeImage {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn code_bytes(&self) -> u64 {
        self.modules.iter().map(|linked| code_bytes(&linked.module)).sum()
    }

    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        Ok(Box::new(Instance::new(self, spec.clone(), up)?))
    }
}
