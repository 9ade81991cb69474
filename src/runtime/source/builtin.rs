//! The plugins inside the binary, so that plugsh works from any directory.

use super::loaded::Loaded;
use super::{content, name};
use crate::runtime::Failure;

/// Start of a built-in plugin's origin, which also names it in a session whose plugin directories have the same name.
pub(super) const BUILTIN_PREFIX: &str = "built-in:";

/// A plugin that is part of the binary.
#[derive(Debug)]
pub(super) struct Builtin {
    pub(super) name: &'static str,
    bytes: &'static [u8],
}

macro_rules! builtins {
    ($($name:literal),* $(,)?) => {
        &[$(Builtin { name: $name, bytes: include_bytes!(concat!("../../../plugins/wasm/", $name, ".wasm")) }),*]
    };
}

/// The built-in plugins, by name.
pub(super) static ALL: &[Builtin] = builtins![
    "count_vowels",
    "counter",
    "echo",
    "front",
    "mapper",
    "misbehave",
    "reducer",
    "spawner",
    "text",
    "tree",
    "wordcount",
];

/// The one of this name, `-` and `_` alike.
pub(super) fn find(wanted: &str) -> Option<&'static Builtin> {
    let wanted = name::fold(wanted);
    ALL.iter().find(|builtin| name::fold(builtin.name) == wanted)
}

impl Builtin {
    /// The module.
    pub(super) fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// The program; its bytes are copied, once for as long as the cache keeps it.
    ///
    /// # Errors
    /// The built-in bytes are no module.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        let origin = format!("{BUILTIN_PREFIX}{}", self.name);
        let program = content::single_module(self.bytes.to_vec(), origin, self.name.to_owned());
        Ok(Loaded { program, stamps: Vec::new(), fetched: false })
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, find};

    #[test]
    fn the_table_is_sorted_and_its_names_fold_apart() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(ALL.iter().all(|builtin| find(builtin.name).is_some_and(|found| found.name == builtin.name)));
    }

    #[test]
    fn dash_and_underscore_are_alike() {
        assert_eq!(find("count-vowels").map(|builtin| builtin.name), Some("count_vowels"));
    }
}
