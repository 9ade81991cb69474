//! The cost of a call: the memory that it adds, and the fuel that it uses.

use wasmtime::{Result, Store};

use super::ctx::Ctx;
use crate::runtime::Cost;

/// The state of a store before a call.
pub struct Meter {
    guest_bytes: u64,
    /// The fuel that the call was given; `None`: none is counted.
    fuel: Option<u64>,
}

impl Meter {
    /// Gives a call its fuel, where that is limited or counted.
    ///
    /// # Errors
    /// The engine has no fuel.
    pub fn begin(store: &mut Store<Ctx>) -> Result<Meter> {
        let fuel = store.data().spec.fuel_given();
        if let Some(fuel) = fuel {
            store.set_fuel(fuel)?;
        }
        Ok(Meter { guest_bytes: guest_bytes(store), fuel })
    }

    /// The cost of the call that has ended. `keeps`: the instance goes on, and its memory with it.
    #[inline]
    pub fn end(self, store: &Store<Ctx>, keeps: bool) -> Cost {
        let grew_bytes = if keeps { guest_bytes(store).saturating_sub(self.guest_bytes) } else { 0 };
        let fuel = self.fuel.and_then(|given| Some(given.saturating_sub(store.get_fuel().ok()?)));
        Cost { grew_bytes: Some(grew_bytes), fuel, wire_ns: None }
    }
}

/// The guest's linear memories and heap, without the arena.
#[inline]
fn guest_bytes(store: &Store<Ctx>) -> u64 {
    let ctx = store.data();
    ctx.limits.memory_bytes.saturating_sub(ctx.arena_bytes)
}
