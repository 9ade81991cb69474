//! A system of plugins inside of a product: the promised interface of this crate.
//!
//! A [`System`] is plugsh without its shell. A product makes one with a [`Builder`], gives it host functions of its
//! own, loads plugins and calls them. Plugins load and call each other as they do at plugsh's prompt, and each call,
//! load and failure is a record. A system is cheap to clone, and every method can be called from any thread.
//!
//! ```
//! use plugsh::System;
//!
//! # fn main() -> Result<(), plugsh::system::Error> {
//! let system = System::builder().build()?;
//! let vowels = system.load("count_vowels")?;
//! let output = system.call(vowels, "count_vowels", "Hello")?;
//! assert_eq!(output, br#"{"count":2,"total":2,"vowels":"aeiouAEIOU"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! A host function gets its arguments as numbers; bytes are blocks in the caller's memory, and their handles are the
//! numbers, as everywhere in Extism. Its error is the error of the plugin's call:
//!
//! ```
//! use std::collections::HashMap;
//!
//! use plugsh::System;
//! use plugsh::system::{Load, Outcome, ValueType};
//!
//! # fn main() -> Result<(), plugsh::system::Error> {
//! let prices = HashMap::from([("tea", "3.50"), ("cake", "4.20")]);
//! let system = System::builder()
//!     .host_function("shop", "price_of", [ValueType::Handle], [ValueType::Handle], move |plugin, inputs, outputs| {
//!         let name = plugin.read_text(inputs[0])?;
//!         let price = prices.get(name.as_str()).ok_or_else(|| format!("nobody sells `{name}`"))?;
//!         outputs[0] = plugin.write(price)?;
//!         Ok(())
//!     })
//!     .build()?;
//! // A plugin in text form; a product would load the bytes of a `.wasm` file.
//! let till = system.load(Load::module("till", TILL))?;
//! assert_eq!(system.call(till, "price", "cake")?, b"4.20");
//!
//! let error = system.call(till, "price", "gold").unwrap_err();
//! assert_eq!(error.outcome(), Outcome::Error);
//! assert_eq!(error.to_string(), "1:till.price: host function `shop.price_of`: nobody sells `gold`");
//! # Ok(())
//! # }
//! # const TILL: &str = r#"(module
//! #   (import "extism:host/env" "input_offset" (func $input (result i64)))
//! #   (import "extism:host/env" "length" (func $length (param i64) (result i64)))
//! #   (import "extism:host/env" "output_set" (func $output (param i64 i64)))
//! #   (import "shop" "price_of" (func $price_of (param i64) (result i64)))
//! #   (func (export "price") (local $price i64)
//! #     (local.set $price (call $price_of (call $input)))
//! #     (call $output (local.get $price) (call $length (local.get $price)))))"#;
//! ```
//!
//! Re-exports here are promised with it. All other modules of this crate are plugsh's own and change without
//! notice.

mod builder;
mod call_record;
mod error;
mod load;
mod process;
mod running;
#[cfg(feature = "shell")]
mod service;
mod wording;

use std::sync::Arc;
use std::time::Duration;

pub use builder::Builder;
pub use call_record::{CallFollower, CallQuery, CallRecord};
pub use error::{CallStep, Error};
pub use load::Load;
pub use process::{Activity, LogEntry, ProcessInfo, ProcessRef};
pub use running::RunningCall;
#[cfg(feature = "shell")]
pub use service::Service;

pub use crate::journal::{ChangedBy, Outcome, RecordKind};
pub use crate::kernel::ProcessId;
pub use crate::limits::Limits;
pub use crate::runtime::product_function::{CallingPlugin, ProductError};
pub use crate::runtime::stand_in::{Scalar as Value, StandInType as ValueType};
pub use crate::runtime::{Host, LogLevel};

use crate::kernel::view::OwnerId;
use crate::kernel::{CallPlan, CallStage, Kernel};
use crate::runtime::Worded;

/// A registry of plugins with what they call each other by; cheap to clone. The plugins end with the last clone, once
/// no call runs.
#[derive(Clone)]
pub struct System {
    kernel: Arc<Kernel>,
}

impl System {
    /// A builder with the limits of plugsh, the built-in plugins, and nothing else.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The kernel below, for plugsh's own tests and its server.
    #[doc(hidden)]
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// Starts a process of a plugin, which a name, a path or a URL stands for, or [`Load`] describes: its id. Returns
    /// once its start functions have run.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use plugsh::System;
    /// # use plugsh::system::Load;
    /// # fn main() -> Result<(), plugsh::system::Error> {
    /// let system = System::builder().build()?;
    /// system.load(Load::new("text").name("letters").memory_max(4 << 20).timeout(Duration::from_secs(10)))?;
    /// assert_eq!(system.call("letters", "upper", "hello")?, b"HELLO");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The plugin cannot be found, fetched or compiled, it imports what nobody provides, its name is taken, a limit or
    /// the policy refuses it, or its start fails.
    pub fn load(&self, load: impl Into<Load>) -> Result<ProcessId, Error> {
        load.into().run(&self.kernel)
    }

    /// Calls a function of a process and waits for its output.
    ///
    /// # Errors
    /// There is no such process or function, the call fails, or is killed or out of time.
    pub fn call<'a>(
        &self,
        process: impl Into<ProcessRef<'a>>,
        function: &str,
        input: impl AsRef<[u8]>,
    ) -> Result<Vec<u8>, Error> {
        self.start(process, function, input)?.wait()
    }

    /// Calls a function as [`System::call`] does, and ends the call after `timeout`, with all that it calls.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use plugsh::System;
    /// # use plugsh::system::{Load, Outcome};
    /// # fn main() -> Result<(), plugsh::system::Error> {
    /// let system = System::builder().build()?;
    /// let spin = system.load(Load::module("spin", r#"(module (func (export "run") (loop (br 0))))"#))?;
    /// let error = system.call_within(spin, "run", "", Duration::from_millis(20)).unwrap_err();
    /// assert_eq!(error.outcome(), Outcome::Timeout);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As of [`System::call`].
    pub fn call_within<'a>(
        &self,
        process: impl Into<ProcessRef<'a>>,
        function: &str,
        input: impl AsRef<[u8]>,
        timeout: Duration,
    ) -> Result<Vec<u8>, Error> {
        self.start_call(process.into(), function, input.as_ref(), Some(timeout))?.wait()
    }

    /// Starts a call on a thread of its own and returns at once.
    ///
    /// # Errors
    /// There is no such process, or as many calls run as the limits allow. Failures of the call itself come from
    /// [`RunningCall::wait`].
    pub fn start<'a>(
        &self,
        process: impl Into<ProcessRef<'a>>,
        function: &str,
        input: impl AsRef<[u8]>,
    ) -> Result<RunningCall, Error> {
        self.start_call(process.into(), function, input.as_ref(), None)
    }

    fn start_call(
        &self,
        process: ProcessRef<'_>,
        function: &str,
        input: &[u8],
        timeout: Option<Duration>,
    ) -> Result<RunningCall, Error> {
        let process = process.find(&self.kernel)?;
        let plan = CallPlan {
            stages: vec![CallStage { process, function: function.to_owned() }],
            input: input.into(),
            repeat: 1,
            timeout,
            text: format!("call {process} {function}"),
            background: false,
            owner: OwnerId::FIRST,
        };
        Ok(RunningCall::of(self.kernel.start(plan)?))
    }

    /// Ends a process and cancels the call in it. Its children live on, under its parent.
    ///
    /// # Errors
    /// There is no such process.
    pub fn kill<'a>(&self, process: impl Into<ProcessRef<'a>>) -> Result<(), Error> {
        self.end(process.into(), false)
    }

    /// Ends a process with all below it.
    ///
    /// # Errors
    /// There is no such process.
    pub fn kill_tree<'a>(&self, process: impl Into<ProcessRef<'a>>) -> Result<(), Error> {
        self.end(process.into(), true)
    }

    fn end(&self, process: ProcessRef<'_>, subtree: bool) -> Result<(), Error> {
        self.kernel.kill(process.find(&self.kernel)?, subtree)?;
        Ok(())
    }

    /// The living processes, by id.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        self.kernel.processes(false).into_iter().map(ProcessInfo::of).collect()
    }

    /// The calls, loads and host requests that a query asks for, by number.
    ///
    /// ```
    /// # use plugsh::System;
    /// # use plugsh::system::CallQuery;
    /// # fn main() -> Result<(), plugsh::system::Error> {
    /// let system = System::builder().build()?;
    /// system.load("front")?;
    /// system.call("front", "run", "")?;
    /// let nested = system.calls(&CallQuery::all().matching("depth = 2 and kind = call")?);
    /// assert_eq!(nested[0].to_string(), "4 1:front -> 2:count_vowels.count_vowels: ok");
    /// assert!(system.calls(&CallQuery::all().after(4)).is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn calls(&self, query: &CallQuery) -> Vec<CallRecord> {
        query.run(&self.kernel)
    }

    /// A follower of the calls that end from now on.
    pub fn follow(&self) -> CallFollower {
        CallFollower::new(self.kernel.journal().clone())
    }

    /// Keeps the requests of plugins to their host as records too, from now on: their variables, files and HTTP, and
    /// the product's host functions, with what they were given and gave.
    pub fn trace_host_requests(&self, on: bool) {
        if on { self.kernel.trace_host(None) } else { self.kernel.stop_tracing_host() }
    }

    /// The lines that plugins have logged, after the line of this number, oldest first.
    pub fn logs(&self, after: u64) -> Vec<LogEntry> {
        self.kernel.logs(after, None).into_iter().map(LogEntry::of).collect()
    }

    /// Waits for the end of a process: why it ended, or `None` after `timeout`.
    ///
    /// # Errors
    /// There is no such process.
    pub fn wait_ended<'a>(
        &self,
        process: impl Into<ProcessRef<'a>>,
        timeout: Duration,
    ) -> Result<Option<String>, Error> {
        let process = process.into().find(&self.kernel)?;
        let until = std::time::Instant::now() + timeout;
        let reason = self.kernel.wait_process(process, &|| std::time::Instant::now() >= until);
        Ok(reason.map(|reason| reason.words(wording::PRODUCT)))
    }

    /// Replaces the policy, for all loads and calls from now on: TOML, as `plugsh help policy` has it. Relative paths
    /// in it start from the working directory.
    ///
    /// # Errors
    /// The text is no policy; with the line.
    pub fn set_policy(&self, toml: &str) -> Result<(), Error> {
        self.kernel.set_policy(Some(builder::policy_of(toml)?));
        Ok(())
    }
}

impl Builder {
    /// The system.
    ///
    /// # Errors
    /// A limit is out of its bounds, the policy cannot be read, a plugin directory is none, or a host function's name
    /// is taken.
    pub fn build(self) -> Result<System, Error> {
        Ok(System { kernel: self.kernel()? })
    }
}
