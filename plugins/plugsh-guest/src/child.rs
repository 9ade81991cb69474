//! A child that a plugin keeps from call to call. Not a pool: one child, no state but its id.

use extism_pdk::{Error, FromBytesOwned, ToBytes};

use crate::Plugin;

/// A plugin that is started when it is first needed, kept for later calls, and replaced when it is gone: somebody at the
/// prompt may have killed it, or its last call may have gone wrong.
#[derive(Clone, Debug)]
pub struct Child {
    name: String,
    plugin: Option<Plugin>,
}

impl Child {
    /// A child that is to run the plugin `name`. Starts nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), plugin: None }
    }

    /// Starts the child unless it was started before. A start that fails stops the caller: see [`Plugin::register`].
    pub fn start(&mut self) -> Result<&Plugin, Error> {
        let plugin = match self.plugin.take() {
            Some(plugin) => plugin,
            None => Plugin::register(&self.name)?,
        };
        Ok(self.plugin.insert(plugin))
    }

    /// Calls `function` as [`Plugin::call`] does. Where a child that was kept from an earlier call fails, it is replaced
    /// and called once more; where a fresh one fails, the caller is stopped.
    pub fn call<'a, R: FromBytesOwned>(&mut self, function: &str, input: impl ToBytes<'a>) -> Result<R, Error> {
        let input = input.to_bytes()?;
        let input = input.as_ref();
        if let Some(kept) = &self.plugin
            && let Ok(output) = kept.try_call(function, input)
        {
            return Ok(output);
        }
        self.plugin = None;
        self.start()?.call(function, input)
    }
}
