//! The interface of a compiled program: the names by which others call its main module, and those it imports.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::advice::Advice;
use super::failure::{Failure, FailureKind};
use super::item_type::ItemType;

/// Index of an exported function in its image; given by [`Interface::function`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionId(pub u32);

impl FunctionId {
    /// The failure of an instance that lacks the function: the index is another image's.
    pub(super) fn not_in_instance(self) -> Failure {
        let why = format!("the instance has no function of number {}", self.0);
        Failure::advised(FailureKind::Trap, why, Advice::Reload)
    }
}

/// The name of an import. Both parts are a module's own words, and may have dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportName {
    pub module: String,
    pub name: String,
}

/// `module.name`.
impl fmt::Display for ImportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// An item in JSON is its displayed form.
impl Serialize for ImportName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An export, callable or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The module's own word.
    pub name: String,
    pub ty: ItemType,
}

/// `name: type`.
impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.ty)
    }
}

/// An item in JSON is its displayed form.
impl Serialize for Export {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Exports and imports of a program's main module. Fixed once made.
pub struct Interface {
    functions: Arc<[String]>,
    ids: HashMap<String, FunctionId>,
    imports: Vec<ImportName>,
    exports: Vec<Export>,
}

impl Interface {
    /// The interface with these callable functions, imports and exports, as the getters have them.
    pub fn new(functions: Vec<String>, imports: Vec<ImportName>, exports: Vec<Export>) -> Self {
        let ids = functions.iter().zip(0..).map(|(name, id)| (name.clone(), FunctionId(id))).collect();
        Interface { functions: functions.into(), ids, imports, exports }
    }

    /// The callable functions: exports that take nothing and give nothing or an `i32`, in the order of their ids.
    pub fn functions(&self) -> &Arc<[String]> {
        &self.functions
    }

    /// The id of a callable function, or `None`.
    pub fn function(&self, name: &str) -> Option<FunctionId> {
        self.ids.get(name).copied()
    }

    /// All imports.
    pub fn imports(&self) -> &[ImportName] {
        &self.imports
    }

    /// All exports, callable or not.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }
}
