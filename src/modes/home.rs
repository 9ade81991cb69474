//! The connection of a kernel with the nodes of its system, for `--nats`.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use plugsh::kernel::Kernel;
use plugsh::runtime::remote::Home;
use plugsh::shell::ShellError;

use crate::cli::nodes::NatsArgs;

/// The homes that are open: one for each kernel.
static HOMES: Mutex<Vec<Weak<Home>>> = Mutex::new(Vec::new());

/// Connects a kernel with the nodes, if `--nats` was given.
///
/// # Errors
/// There is no server, or it refuses the credentials.
pub fn connect(kernel: &Arc<Kernel>, arguments: &NatsArgs) -> Result<(), ShellError> {
    let Some(options) = arguments.home().map_err(ShellError::failed)? else { return Ok(()) };
    let home = Home::open(&options).map_err(|error| ShellError::failed(error.to_string()))?;
    let mut homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
    homes.retain(|home| home.strong_count() > 0);
    homes.push(Arc::downgrade(&home));
    drop(homes);
    kernel.set_nodes(home);
    Ok(())
}

/// Tells the nodes that the homes end, so that they need not find out.
pub fn close() {
    let homes = std::mem::take(&mut *HOMES.lock().unwrap_or_else(PoisonError::into_inner));
    homes.iter().filter_map(Weak::upgrade).for_each(|home| home.close());
}
