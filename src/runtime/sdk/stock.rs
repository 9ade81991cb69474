//! The SDK with nothing of plugsh around its calls, for benchmarks to compare the native host with.
//!
//! A plugin runs alone here: plugsh's host functions are linked, since the module asks for them, but answer only inside
//! of a process, and so a call that reaches one fails.

use std::sync::Arc;

use extism::Plugin;

use super::compiled::{Compiled, compile_program};
use super::watch::{NestedGate, watched};
use super::{errors, log};
use crate::runtime::{Failure, Program, Upcalls};

/// A program compiled by the SDK, to make plugins of.
pub struct StockImage {
    compiled: Compiled,
}

/// One plugin of the SDK.
pub struct StockPlugin {
    /// Boxed: the SDK's host functions keep a pointer into it from one call to the next.
    plugin: Box<Plugin>,
}

impl StockImage {
    /// Compiles a program. Takes long and cannot be interrupted; failures are of kind `Load`.
    ///
    /// # Errors
    /// The SDK refuses the program.
    pub fn compile(program: &Program) -> Result<Self, Failure> {
        log::install();
        Ok(StockImage { compiled: compile_program(program)? })
    }

    /// Makes a plugin. The SDK instantiates it for good only at its first call.
    ///
    /// # Errors
    /// The SDK cannot make an instance.
    pub fn plugin(&self) -> Result<StockPlugin, Failure> {
        let made = Plugin::new_from_compiled(&self.compiled.plugin);
        let plugin =
            made.map_err(|error| Failure::new(crate::runtime::FailureKind::Load, errors::error_line(&error)))?;
        Ok(StockPlugin { plugin: Box::new(plugin) })
    }
}

impl StockPlugin {
    /// One call, as a product would make it: the output stays in the plugin's memory until the next.
    ///
    /// # Errors
    /// The function does not exist or fails.
    pub fn call(&mut self, function: &str, input: &[u8], up: &dyn Upcalls) -> Result<&[u8], Failure> {
        self.plugin.call::<&[u8], &[u8]>(function, input).map_err(|error| errors::failure(&error, up))
    }

    /// Runs `calls` on the plugin with one watch over all of them, which ends a call when `up` says so: the watch is a
    /// thread, and a thread for each call would be measured along.
    ///
    /// # Errors
    /// The watch cannot be started.
    pub fn watched<T>(&mut self, up: &Arc<dyn Upcalls>, calls: impl FnOnce(&mut Self) -> T) -> Result<T, Failure> {
        let cancel = self.plugin.cancel_handle();
        watched(&cancel, up, &NestedGate::default(), 0, || calls(self))
    }
}
