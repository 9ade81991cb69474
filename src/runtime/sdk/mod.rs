//! The stock host: the same plugin in the extism crate's own `Plugin`, as a product would run it.
//!
//! The SDK is the reference that the native host is compared with, so its behaviour is left unchanged, its faults
//! included: a cancel of one call ends every running call of the same image, a start function runs twice, before
//! anything can cancel it, memory is not accounted for, and a guest that forges block headers can bring the process
//! down. Load only trusted plugins here.
//!
//! - `image`, `compiled`: a program compiled. `guest`: one instance. `functions`: plugsh's host functions for it.
//! - `link`: the imports of a program that the SDK cannot satisfy. `stubs`: functions in the place of imports.
//! - `product`: a product's own host functions. `caller_blocks`: the memory that they and stand-ins read.
//! - `frame`: the call that host functions serve. `watch`: the way of a kill to a running call.
//! - `stock`: the SDK without all this, to compare with.
//! - `errors`: the SDK's errors in this room's words. `backtrace`: its backtraces. `inspect`: what a module offers and
//!   asks for. `log`: its log lines.

mod backtrace;
mod caller_blocks;
mod compiled;
mod errors;
mod frame;
mod functions;
mod guest;
mod image;
mod inspect;
mod link;
mod log;
mod product;
mod reserve;
mod stock;
mod stubs;
mod watch;

use std::sync::Arc;

pub use reserve::memory_bytes_max;
pub use stock::{StockImage, StockPlugin};

use super::product_function::ProductFunctions;
use super::{Failure, Image, Program, Tools};

/// Compiles a program for the stock host, whose functions stand in the perf map if there is one, with a product's host
/// functions. Takes long and cannot
/// be interrupted; failures are of kind `Load`.
///
/// # Errors
/// The SDK refuses the program.
pub fn image(program: &Program, tools: Tools, of_product: &ProductFunctions) -> Result<Arc<dyn Image>, Failure> {
    log::install();
    Ok(Arc::new(image::SdkImage::compile(program, tools, of_product)?))
}
