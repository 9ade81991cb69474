//! The variables of one instance and their limit, as the guest and a debugger set them.

use std::sync::Arc;

use super::ctx::Ctx;
use super::limits::HostDataKind;
use crate::runtime::{Advice, Failure, FailureKind, PluginLimit, Problem, Upcalls};

/// The overhead of a var besides its key and value, as the extism crate counts it: a `String` and a `Vec<u8>`.
const VAR_OVERHEAD_BYTES: u64 = (size_of::<String>() + size_of::<Vec<u8>>()) as u64;

/// The bytes that a variable is counted with.
fn cost(key: &str, value_bytes: u64) -> u64 {
    key.len() as u64 + value_bytes + VAR_OVERHEAD_BYTES
}

impl Ctx {
    /// Refuses variables where the plugin has none.
    ///
    /// # Errors
    /// The plugin's limit of variables is zero.
    pub fn check_vars_enabled(&self) -> Result<(), Failure> {
        match self.spec.var_bytes_max {
            0 => Err(Failure::new(FailureKind::Trap, "vars are disabled for this plugin")),
            _ => Ok(()),
        }
    }

    /// Removes a variable, if there is one by that key.
    pub fn remove_var(&mut self, key: &str, up: Option<&Arc<dyn Upcalls>>) {
        let Some(old) = self.vars.remove(key) else { return };
        self.var_bytes -= cost(key, old.len() as u64);
        self.limits.keep(HostDataKind::Vars, self.var_bytes, up);
    }

    /// Sets a variable; an error when the limit of variables or of memory refuses it.
    ///
    /// # Errors
    /// The limit of variables or of memory refuses it.
    pub fn set_var(&mut self, key: &str, value: &[u8], up: Option<&Arc<dyn Upcalls>>) -> Result<(), Failure> {
        let old = self.vars.get(key).map_or(0, |old| cost(key, old.len() as u64));
        let new = cost(key, value.len() as u64);
        // The extism crate counts the old value of the key too when it weighs the new one.
        if self.var_bytes + new > self.spec.var_bytes_max {
            let full = Problem::advised("the var store is full", Advice::RaisePlugin(PluginLimit::Vars));
            return Err(Failure::new(FailureKind::Trap, full));
        }
        let after = self.var_bytes - old + new;
        if !self.limits.keep(HostDataKind::Vars, after, up) {
            return Err(Failure::new(FailureKind::Oom, "oom"));
        }
        self.vars.insert(key.to_owned(), Arc::new(value.to_vec()));
        self.var_bytes = after;
        Ok(())
    }
}
