//! Fuel for the bytes that host functions copy: a unit for each 64 bytes, as for bulk instructions. A store that counts
//! no fuel pays nothing.

use wasmtime::{AsContextMut, Result, StoreContextMut};

use crate::runtime::{Failure, FailureKind};

/// Bytes per unit of fuel.
pub const BYTES_OF_A_UNIT: u64 = 64;

/// A store's data that tells whether copies cost fuel.
pub trait Metered: 'static {
    /// Whether a call runs that counts fuel.
    fn is_metered(&self) -> bool;
}

/// Takes the fuel for `bytes` that the running call has the host copy; outside of a call nothing is taken.
///
/// # Errors
///
/// [`FailureKind::Fuel`] where less fuel is left; the rest is then used up.
#[inline]
pub fn charge<T: Metered>(store: &mut impl AsContextMut<Data = T>, bytes: u64) -> Result<()> {
    let context = store.as_context_mut();
    if bytes < BYTES_OF_A_UNIT || !context.data().is_metered() {
        return Ok(());
    }
    take(context, bytes / BYTES_OF_A_UNIT)
}

/// Takes units of fuel that a recorded host function took.
///
/// # Errors
/// As of [`charge`].
pub fn charge_units<T: Metered>(store: &mut impl AsContextMut<Data = T>, units: u64) -> Result<()> {
    let context = store.as_context_mut();
    if context.data().is_metered() { take(context, units) } else { Ok(()) }
}

#[cold]
fn take<T: Metered>(mut context: StoreContextMut<'_, T>, units: u64) -> Result<()> {
    let left = context.get_fuel()?;
    context.set_fuel(left.saturating_sub(units))?;
    if units > left { Err(Failure::new(FailureKind::Fuel, "out of fuel").into()) } else { Ok(()) }
}
