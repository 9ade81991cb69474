//! A plugin's configuration. It may have the size of a manifest, and ten thousand processes may have equal ones: a
//! configuration is shared until it is changed.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Keys and values. A copy costs nothing until it is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Config(Arc<BTreeMap<String, String>>);

impl Config {
    /// The equal one among `known`, so that both share their memory.
    pub fn shared_with<'a>(self, known: impl IntoIterator<Item = &'a Config>) -> Config {
        known.into_iter().find(|known| **known == self).cloned().unwrap_or(self)
    }

    /// Whether both share their memory.
    #[cfg(test)]
    pub fn is_shared_with(&self, other: &Config) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Config {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Config {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl From<BTreeMap<String, String>> for Config {
    fn from(entries: BTreeMap<String, String>) -> Self {
        Config(Arc::new(entries))
    }
}

impl From<Config> for BTreeMap<String, String> {
    fn from(config: Config) -> Self {
        Arc::unwrap_or_clone(config.0)
    }
}
