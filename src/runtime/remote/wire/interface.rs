//! The interface of a compiled program on the wire, and its bounds.

use serde::{Deserialize, Serialize};

use crate::runtime::{Export, ImportName, Interface, ItemType};

/// Most functions, imports or exports that are taken from a node.
const ITEMS_MAX: usize = 1_000_000;

/// Exports and imports of a program's main module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireInterface {
    functions: Vec<String>,
    imports: Vec<(String, String)>,
    exports: Vec<(String, ItemType)>,
}

impl WireInterface {
    /// An interface to be sent.
    pub fn of(interface: &Interface) -> WireInterface {
        WireInterface {
            functions: interface.functions().to_vec(),
            imports: interface.imports().iter().map(|import| (import.module.clone(), import.name.clone())).collect(),
            exports: interface.exports().iter().map(|export| (export.name.clone(), export.ty.clone())).collect(),
        }
    }

    /// The interface; what is over the bounds is left out.
    pub fn interface(self) -> Interface {
        let import = |(module, name)| ImportName { module, name };
        let export = |(name, ty)| Export { name, ty };
        Interface::new(
            self.functions.into_iter().take(ITEMS_MAX).collect(),
            self.imports.into_iter().take(ITEMS_MAX).map(import).collect(),
            self.exports.into_iter().take(ITEMS_MAX).map(export).collect(),
        )
    }
}
