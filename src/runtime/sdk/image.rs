//! A program compiled for the stock host: an engine of its own, and its whole manifest.

use std::sync::Arc;

use super::compiled::{Compiled, compile, inspections};
use super::guest::SdkGuest;
use crate::runtime::product_function::ProductFunctions;
use crate::runtime::{Failure, FailureKind, Guest, Image, ImportName, Interface, Program, Spec, Tools, Upcalls};

/// The bytes of compiled code for a byte of a module, as of the built-in plugins in the native host, rounded up.
const CODE_BYTES_PER_WASM_BYTE: u64 = 8;

/// A program compiled by the extism crate. Its spec is part of it: the SDK compiles the manifest as a whole.
pub struct SdkImage {
    program: Program,
    compiled: Compiled,
    interface: Interface,
    tools: Tools,
    of_product: ProductFunctions,
}

impl SdkImage {
    /// Compiles a program in the SDK.
    ///
    /// # Errors
    /// The SDK refuses the program.
    pub fn compile(program: &Program, tools: Tools, of_product: &ProductFunctions) -> Result<Self, Failure> {
        // Compiled first: what follows reads what has been found to be valid wasm.
        let inspections = inspections(program)?;
        let compiled = compile(program, &inspections, tools, of_product)?;
        let Some((_, main)) = inspections.into_iter().next_back() else {
            return Err(Failure::new(FailureKind::Load, "the program has no module"));
        };
        let imports = main
            .imports
            .iter()
            .map(|import| ImportName { module: import.module.clone(), name: import.name.clone() })
            .collect();
        let interface = Interface::new(main.functions, imports, main.exports);
        Ok(SdkImage { program: program.clone(), compiled, interface, tools, of_product: of_product.clone() })
    }
}

impl Image for SdkImage {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn code_bytes(&self) -> u64 {
        // The SDK does not tell.
        self.program.modules.iter().map(|module| module.bytes.len() as u64 * CODE_BYTES_PER_WASM_BYTE).sum()
    }

    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        let compiled = if **spec == self.program.spec {
            self.compiled.clone()
        } else {
            let program = Program { spec: Spec::clone(spec), ..self.program.clone() };
            SdkImage::compile(&program, self.tools, &self.of_product)?.compiled
        };
        Ok(Box::new(SdkGuest::new(compiled, Arc::clone(spec), Arc::clone(self.interface.functions()), up)?))
    }
}
