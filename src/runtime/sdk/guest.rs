//! One live instance in the stock host.

use std::sync::Arc;

use extism::Plugin;

use super::compiled::Compiled;
use super::errors;
use super::frame::{StockCall, StockStage};
use super::reserve::reserve;
use super::watch::{NestedGate, watched};
use crate::runtime::{Cost, Failure, FailureKind, FunctionId, Guest, MemoryUse, Spec, Upcalls};
use crate::text::io_cause;

/// A function that no module exports: calling it makes the SDK instantiate, and nothing more.
const NO_FUNCTION: &str = "\u{0}plugsh: instantiate";
/// The SDK's error for it.
const NOT_FOUND: &str = "Function not found: ";
/// Bytes that are copied between two checks of the cancel flag.
const COPY_BYTES: usize = 1 << 20;
/// After it, the SDK makes the instance anew.
const START: &str = "_start";

/// One instance in the extism crate's `Plugin`.
pub struct SdkGuest {
    compiled: Compiled,
    spec: Arc<Spec>,
    /// Boxed: the SDK's host functions keep a pointer into it from one call to the next.
    plugin: Box<Plugin>,
    functions: Arc<[String]>,
    /// The memory that the instance is counted with, in bytes.
    reserved_bytes: u64,
    input: Vec<u8>,
    output: Vec<u8>,
    call_error: Option<String>,
    /// True once a call has begun: only then does a cancel of a sibling leave this instance alone.
    begun: bool,
    spent: bool,
    cost: Cost,
}

impl SdkGuest {
    /// Makes an instance and runs its start functions and constructors.
    ///
    /// # Errors
    /// The SDK cannot instantiate the program, or a start function or constructor fails.
    pub fn new(
        compiled: Compiled,
        spec: Arc<Spec>,
        functions: Arc<[String]>,
        up: Arc<dyn Upcalls>,
    ) -> Result<Self, Failure> {
        let reserved_bytes = reserve(&spec, &up)?;
        let plugin = instantiate(&compiled, &spec, up)?;
        Ok(SdkGuest {
            reserved_bytes,
            compiled,
            spec,
            plugin,
            functions,
            input: Vec::new(),
            output: Vec::new(),
            call_error: None,
            begun: false,
            spent: false,
            cost: Cost::NOTHING,
        })
    }

    fn call(&mut self, name: &str, up: &Arc<dyn Upcalls>) -> Result<(), Failure> {
        let gate = Arc::new(NestedGate::default());
        let frame = StockCall::new(StockStage::Called, Arc::clone(up), Arc::clone(&gate), self.call_error.take());
        let cancel = self.plugin.cancel_handle();
        let (plugin, input) = (&mut self.plugin, self.input.as_slice());
        let call = || frame.run(|| plugin.call::<&[u8], Vec<u8>>(name, input));
        let result = watched(&cancel, up, &gate, input.len(), call)?;
        self.call_error = frame.call_error();
        let error = match result {
            Ok(output) => {
                self.begun = true;
                self.output = output;
                return Ok(());
            }
            Err(error) => error,
        };
        if let Some(failure) = frame.take_failure() {
            return Err(self.with_frames(errors::with_guest_message(failure, &error).unwound(), &error));
        }
        if !self.begun && errors::has_not_begun(&error) && !up.interrupted() {
            self.begun = true;
            self.plugin = instantiate(&self.compiled, &self.spec, Arc::clone(up))?;
            return self.call(name, up);
        }
        self.begun = true;
        Err(self.with_frames(errors::failure(&error, &**up), &error))
    }

    fn with_frames(&self, failure: Failure, error: &extism::Error) -> Failure {
        errors::with_frames(failure, error, self.compiled.modules)
    }
}

fn instantiate(compiled: &Compiled, spec: &Spec, up: Arc<dyn Upcalls>) -> Result<Box<Plugin>, Failure> {
    if up.interrupted() {
        return Err(Failure::interrupted());
    }
    if compiled.wasi {
        check_paths(spec)?;
    }
    let frame = StockCall::new(StockStage::Starting, Arc::clone(&up), Arc::default(), None);
    let made = frame.run(|| {
        let mut plugin = Box::new(Plugin::new_from_compiled(&compiled.plugin)?);
        match plugin.call::<&[u8], ()>(NO_FUNCTION, &[]) {
            Err(error) if error.to_string().starts_with(NOT_FOUND) => Ok(plugin),
            Err(error) => Err(error),
            Ok(()) => Ok(plugin),
        }
    });
    made.map_err(|error| {
        if let Some(failure) = frame.take_failure() {
            return errors::with_frames(failure.unwound(), &error, compiled.modules);
        }
        let failure = errors::with_frames(errors::failure(&error, &*up).unwound(), &error, compiled.modules);
        // An error that is neither a trap nor a limit precedes all guest code: the modules do not fit together.
        let linking = matches!(failure.kind, FailureKind::Guest if failure.code.is_none())
            || matches!(failure.kind, FailureKind::Trap if !errors::is_trap(&error) && !errors::has_guest_message(&error));
        if linking { Failure::new(FailureKind::Load, errors::error_line(&error)) } else { failure }
    })
}

/// The SDK opens the allowed paths but does not say which one it could not.
fn check_paths(spec: &Spec) -> Result<(), Failure> {
    for path in &spec.allowed_paths {
        spec.stays_put(path)?;
        std::fs::read_dir(&path.host).map_err(|error| {
            let (shown, why) = (path.host.display(), io_cause(&error));
            Failure::new(FailureKind::Load, format!("cannot open allowed path `{shown}`: {why}"))
        })?;
    }
    Ok(())
}

impl Guest for SdkGuest {
    fn set_input(&mut self, input: &[u8], up: &dyn Upcalls) -> Result<(), Failure> {
        self.input.clear();
        self.input.reserve_exact(input.len());
        for piece in input.chunks(COPY_BYTES) {
            if up.interrupted() {
                return Err(Failure::interrupted());
            }
            self.input.extend_from_slice(piece);
        }
        self.output = Vec::new();
        Ok(())
    }

    fn run(&mut self, function: FunctionId, up: Arc<dyn Upcalls>) -> Result<u64, Failure> {
        if up.interrupted() {
            return Err(Failure::interrupted());
        }
        let functions = Arc::clone(&self.functions);
        let Some(name) = functions.get(function.0 as usize) else {
            return Err(function.not_in_instance());
        };
        self.output.clear();
        self.spent |= name == START;
        let called = self.call(name, &up);
        let fuel = self.plugin.fuel_consumed().filter(|_| self.spec.is_fuelled());
        self.cost = Cost { grew_bytes: None, fuel, wire_ns: None };
        called?;
        Ok(self.output.len() as u64)
    }

    fn input(&self) -> &[u8] {
        &self.input
    }

    fn output(&self) -> &[u8] {
        &self.output
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn memory(&self) -> MemoryUse {
        // The SDK does not tell how much memory it has committed.
        MemoryUse { guest_bytes: self.reserved_bytes, ..MemoryUse::default() }
    }

    fn spent(&self) -> bool {
        self.spent
    }
}
