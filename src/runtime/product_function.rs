//! Host functions that a product gives to its plugins: a module, a name, types, and a closure over the caller's blocks.
//! Both hosts link them and run them by [`ProductFunction::call`].

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::host_functions::{self, BULK, EXTISM, NAME_BYTES_MAX, WASI};
use super::stand_in::{CallerBlocks, Scalar, StandInType};
use super::{Failure, FailureKind, HostRequest, Spec, Upcalls};
use crate::text::{panic_text, quoted, quoted_within};

/// Most functions of one product.
pub const FUNCTIONS_MAX: usize = 1_024;
/// Most parameters, and most results, of one function.
pub const VALUES_MAX: usize = 16;
/// Most bytes of a block that a trace shows, and most characters of them.
const SHOWN_BYTES_MAX: usize = 256;
const SHOWN_CHARS_MAX: usize = 48;

/// The error of a product's host function. Its text becomes the error of the guest's call.
pub type ProductError = Box<dyn Error + Send + Sync>;

type Body = dyn Fn(&mut CallingPlugin<'_>, &[Scalar], &mut [Scalar]) -> Result<(), ProductError> + Send + Sync;

/// The blocks of a plugin that calls a product's host function.
pub trait CallerMemory: CallerBlocks {
    /// A new block with these bytes: its handle, 0 for no bytes.
    ///
    /// # Errors
    /// The plugin has no room for them.
    fn put(&mut self, bytes: &[u8]) -> Result<u64, Failure>;
    /// Writes over the first bytes of a block.
    ///
    /// # Errors
    /// The handle is of no block, or the block is shorter.
    fn overwrite(&mut self, handle: u64, bytes: &[u8]) -> Result<(), Failure>;
    /// Frees a block; any other number is ignored.
    ///
    /// # Errors
    /// The instance is not whole yet.
    fn free(&mut self, handle: u64) -> Result<(), Failure>;
    /// The first bytes of a block, for a look that costs the plugin nothing; empty where there is no block.
    fn peek(&mut self, handle: u64, bytes_max: usize) -> Vec<u8>;
}

/// The plugin that calls a product's host function: its memory, and its id. Values that stand for bytes are handles of
/// blocks, as everywhere in Extism.
pub struct CallingPlugin<'a> {
    memory: &'a mut dyn CallerMemory,
    up: &'a dyn Upcalls,
}

impl CallingPlugin<'_> {
    /// The bytes of a block; handle 0 is no bytes.
    ///
    /// # Errors
    /// The value is the handle of no block.
    pub fn read(&mut self, handle: Scalar) -> Result<Vec<u8>, ProductError> {
        match handle_of(handle) {
            0 => Ok(Vec::new()),
            handle => Ok(self.memory.bytes(handle)?),
        }
    }

    /// The text of a block.
    ///
    /// # Errors
    /// The value is the handle of no block, or its bytes are not UTF-8.
    pub fn read_text(&mut self, handle: Scalar) -> Result<String, ProductError> {
        Ok(String::from_utf8(self.read(handle)?)?)
    }

    /// The length of a block in bytes; `None` for a value that is no handle.
    pub fn length(&mut self, handle: Scalar) -> Option<u64> {
        match handle_of(handle) {
            0 => Some(0),
            handle => self.memory.length(handle),
        }
    }

    /// A new block with these bytes, as the handle that a result takes.
    ///
    /// # Errors
    /// The plugin's memory limit leaves no room.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<Scalar, ProductError> {
        Ok(Scalar::I64(self.memory.put(bytes.as_ref())? as i64))
    }

    /// Writes over the first bytes of a block.
    ///
    /// # Errors
    /// The value is the handle of no block, or the block is shorter.
    pub fn overwrite(&mut self, handle: Scalar, bytes: impl AsRef<[u8]>) -> Result<(), ProductError> {
        Ok(self.memory.overwrite(handle_of(handle), bytes.as_ref())?)
    }

    /// Frees a block; a value that is no handle is ignored.
    ///
    /// # Errors
    /// The plugin has no blocks yet, as while it starts.
    pub fn free(&mut self, handle: Scalar) -> Result<(), ProductError> {
        Ok(self.memory.free(handle_of(handle))?)
    }

    /// The id of the calling process.
    pub fn process(&self) -> u32 {
        u32::try_from(self.up.current()).unwrap_or(0)
    }

    /// Whether the call was killed or ran out of time. A closure that waits asks now and then, and returns.
    pub fn is_cancelled(&self) -> bool {
        self.up.interrupted()
    }

    /// The call's deadline, if it has one.
    pub fn deadline(&self) -> Option<Instant> {
        self.up.deadline()
    }
}

fn handle_of(value: Scalar) -> u64 {
    match value {
        Scalar::I64(handle) => handle as u64,
        _ => 0,
    }
}

/// One host function of a product.
#[derive(Clone)]
pub struct ProductFunction {
    module: Arc<str>,
    name: Arc<str>,
    params: Arc<[StandInType]>,
    results: Arc<[StandInType]>,
    body: Arc<Body>,
}

impl ProductFunction {
    /// A function that plugins import as `module.name`. `body` gets the arguments and the results, zeros at first; both
    /// have these types. It runs on the thread of the plugin's call, possibly on several at once.
    pub fn new(
        module: &str,
        name: &str,
        params: impl IntoIterator<Item = StandInType>,
        results: impl IntoIterator<Item = StandInType>,
        body: impl Fn(&mut CallingPlugin<'_>, &[Scalar], &mut [Scalar]) -> Result<(), ProductError> + Send + Sync + 'static,
    ) -> Self {
        ProductFunction {
            module: module.into(),
            name: name.into(),
            params: params.into_iter().collect(),
            results: results.into_iter().collect(),
            body: Arc::new(body),
        }
    }

    /// The module that it is imported from.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The function's name in the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The types of its arguments.
    pub fn params(&self) -> &[StandInType] {
        &self.params
    }

    /// The types of its results.
    pub fn results(&self) -> &[StandInType] {
        &self.results
    }

    /// Runs the function for a plugin: its results. A request that somebody watches is told to `up`.
    ///
    /// # Errors
    /// The closure fails (kind `Guest`) or panics (`Trap`), refuses its arguments (`Trap`), finds no room (`Oom`), or
    /// the call is to end (`Interrupted`).
    pub fn call(
        &self,
        arguments: &[Scalar],
        memory: &mut dyn CallerMemory,
        up: &dyn Upcalls,
    ) -> Result<Vec<Scalar>, Failure> {
        if !up.watches_host() {
            return self.run(arguments, memory, up);
        }
        let started = Instant::now();
        let (given, bytes_in) = shown(&self.params, arguments, memory);
        let ran = self.run(arguments, memory, up);
        let (detail, bytes_out) = match &ran {
            Ok(results) if !results.is_empty() => {
                let (got, bytes_out) = shown(&self.results, results, memory);
                (format!("({given}) -> {got}"), bytes_out)
            }
            _ => (format!("({given})"), 0),
        };
        let error = ran.as_ref().err().map(|failure| failure.message.clone());
        up.asked_host(HostRequest { function: &self.name, detail: &detail, bytes_in, bytes_out, started, error });
        ran
    }

    fn run(
        &self,
        arguments: &[Scalar],
        memory: &mut dyn CallerMemory,
        up: &dyn Upcalls,
    ) -> Result<Vec<Scalar>, Failure> {
        let mut results: Vec<Scalar> = self.results.iter().map(|ty| Scalar::zero(ty.number())).collect();
        let mut plugin = CallingPlugin { memory, up };
        // A product's state may be left half changed, as by any panic that a thread survives.
        let ran = catch_unwind(AssertUnwindSafe(|| (self.body)(&mut plugin, arguments, &mut results)));
        if up.interrupted() {
            return Err(Failure::interrupted());
        }
        match ran {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(self.failed(error)),
            Err(panic) => {
                let what = panic_text(&*panic).unwrap_or("it does not say why");
                return Err(self.trap(&format!("panicked: {what}")));
            }
        }
        let wrong = results.iter().zip(&*self.results).find(|(value, ty)| value.ty() != ty.number());
        match wrong {
            Some((value, ty)) => Err(self.trap(&format!("gave an {} for an {}", value.ty().as_str(), ty.as_str()))),
            None => Ok(results),
        }
    }

    /// The failure for a closure's error. A refusal or a want of memory of the plugin's own keeps its kind.
    fn failed(&self, error: ProductError) -> Failure {
        match error.downcast::<Failure>() {
            Ok(failure) if failure.kind == FailureKind::Trap => self.trap(&failure.message),
            Ok(failure) => *failure,
            Err(error) => Failure::new(FailureKind::Guest, format!("{}: {error}", self.label())).unwound(),
        }
    }

    fn trap(&self, why: &str) -> Failure {
        Failure::new(FailureKind::Trap, format!("{} {why}", self.label()))
    }

    fn label(&self) -> String {
        format!("host function `{}.{}`", quoted(&self.module), quoted(&self.name))
    }
}

/// Values as a trace shows them, and the bytes of the blocks among them.
fn shown(types: &[StandInType], values: &[Scalar], memory: &mut dyn CallerMemory) -> (String, u64) {
    let mut bytes = 0;
    let mut words = Vec::with_capacity(values.len());
    for (ty, value) in types.iter().zip(values) {
        words.push(match ty {
            StandInType::Handle => {
                let length = memory.length(handle_of(*value)).unwrap_or(0);
                bytes += length;
                block_text(&memory.peek(handle_of(*value), SHOWN_BYTES_MAX), length)
            }
            _ => value.to_string(),
        });
    }
    (words.join(", "), bytes)
}

/// The text of a block in quotes; the count of its bytes where they are no text.
fn block_text(start: &[u8], length: u64) -> String {
    let is_cut = start.len() as u64 != length;
    match std::str::from_utf8(start) {
        Ok(text) => format!("\"{}\"", quoted_within(text, SHOWN_CHARS_MAX)),
        // A character that the cut has parted is no sign of other bytes.
        Err(error) if is_cut && error.error_len().is_none() => {
            format!("\"{}\"", quoted_within(&String::from_utf8_lossy(start), SHOWN_CHARS_MAX))
        }
        Err(_) => format!("{length} bytes"),
    }
}

/// The host functions of one product; cheap to clone.
#[derive(Clone, Default)]
pub struct ProductFunctions(Arc<[ProductFunction]>);

impl ProductFunctions {
    /// The functions, if their names are free and within bounds.
    ///
    /// # Errors
    /// The first function that cannot be linked, or there are more than [`FUNCTIONS_MAX`].
    pub fn new(functions: Vec<ProductFunction>) -> Result<Self, ProductFunctionError> {
        if functions.len() > FUNCTIONS_MAX {
            return Err(ProductFunctionError::TooMany { count: functions.len() });
        }
        for (at, function) in functions.iter().enumerate() {
            let (module, name) = (function.module(), function.name());
            let mut before = functions.iter().take(at);
            let is_named = |text: &str| !text.is_empty() && text.len() as u64 <= NAME_BYTES_MAX;
            let label = || function.label();
            if is_plugshs(module, name) {
                return Err(ProductFunctionError::Taken { label: label() });
            }
            if before.any(|other| (other.module(), other.name()) == (module, name)) {
                return Err(ProductFunctionError::Twice { label: label() });
            }
            if !is_named(module) || !is_named(name) {
                return Err(ProductFunctionError::NameLength { label: label() });
            }
            if function.params().len().max(function.results().len()) > VALUES_MAX {
                return Err(ProductFunctionError::TooManyValues { label: label() });
            }
        }
        Ok(ProductFunctions(functions.into()))
    }

    /// Each function, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &ProductFunction> {
        self.0.iter()
    }

    /// The functions that no stand-in of `spec` takes the place of.
    pub fn linked<'a>(&'a self, spec: &'a Spec) -> impl Iterator<Item = &'a ProductFunction> {
        let replaced = |function: &ProductFunction| {
            spec.imports.iter().any(|import| {
                (import.module.as_str(), import.function.as_str()) == (function.module(), function.name())
            })
        };
        self.iter().filter(move |function| !replaced(function))
    }
}

/// Whether plugsh links a name itself; of three modules, every name.
fn is_plugshs(module: &str, name: &str) -> bool {
    [EXTISM, WASI, BULK].contains(&module)
        || host_functions::all().any(|row| row.name == name && row.namespaces.contains(&module))
}

/// Why host functions cannot be linked. `label` names the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductFunctionError {
    TooMany {
        count: usize,
    },
    /// The name is plugsh's own.
    Taken {
        label: String,
    },
    Twice {
        label: String,
    },
    /// The module or the name is empty or too long.
    NameLength {
        label: String,
    },
    TooManyValues {
        label: String,
    },
}

impl fmt::Display for ProductFunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ProductFunctionError as E;
        match self {
            E::TooMany { count } => write!(f, "{count} host functions; at most {FUNCTIONS_MAX} are taken"),
            E::Taken { label } => write!(f, "{label} is one of plugsh's own; choose another module or name"),
            E::Twice { label } => write!(f, "{label} is given twice"),
            E::NameLength { label } => write!(f, "{label}: module and name have 1 to {NAME_BYTES_MAX} bytes"),
            E::TooManyValues { label } => {
                write!(f, "{label} has too many values; at most {VALUES_MAX} are taken, and as many given")
            }
        }
    }
}

impl Error for ProductFunctionError {}

/// The functions' names.
impl fmt::Debug for ProductFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(ProductFunction::label)).finish()
    }
}

#[cfg(test)]
mod tests;
