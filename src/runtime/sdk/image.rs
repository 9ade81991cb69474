//! A program compiled for the stock host: an engine of its own, and its whole manifest.

use std::collections::HashMap;
use std::sync::Arc;

use super::compiled::{Compiled, compile, inspections};
use super::guest::SdkGuest;
use crate::runtime::{Failure, FailureKind, FunctionId, Guest, Image, Program, Spec, Upcalls};

/// About how much compiled code a module becomes: what the built-in plugins do in the native host, rounded up.
const CODE_BYTES_PER_WASM_BYTE: u64 = 8;

/// A program compiled by the extism crate. Its spec is part of it: the SDK compiles the manifest as a whole.
pub struct SdkImage {
    program: Program,
    compiled: Compiled,
    functions: Arc<[String]>,
    ids: HashMap<String, FunctionId>,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl SdkImage {
    pub fn compile(program: &Program) -> Result<Self, Failure> {
        // Compiled first: what follows reads what has been found to be valid wasm.
        let inspections = inspections(program)?;
        let compiled = compile(program, &inspections)?;
        let Some((_, main)) = inspections.into_iter().next_back() else {
            return Err(Failure::new(FailureKind::Load, "the program has no module"));
        };
        Ok(SdkImage {
            program: program.clone(),
            compiled,
            ids: main.functions.iter().zip(0..).map(|(name, id)| (name.clone(), FunctionId(id))).collect(),
            imports: main.imports.iter().map(|import| format!("{}.{}", import.module, import.name)).collect(),
            functions: main.functions.into(),
            exports: main.exports,
        })
    }
}

impl Image for SdkImage {
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
        // The SDK does not tell.
        self.program.modules.iter().map(|module| module.bytes.len() as u64 * CODE_BYTES_PER_WASM_BYTE).sum()
    }

    fn instantiate(&self, spec: &Arc<Spec>, up: Arc<dyn Upcalls>) -> Result<Box<dyn Guest>, Failure> {
        let compiled = if **spec == self.program.spec {
            self.compiled.clone()
        } else {
            let program = Program { spec: Spec::clone(spec), ..self.program.clone() };
            SdkImage::compile(&program)?.compiled
        };
        Ok(Box::new(SdkGuest::new(compiled, Arc::clone(spec), Arc::clone(&self.functions), up)?))
    }
}
