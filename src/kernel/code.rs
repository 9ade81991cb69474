//! Code of a process: its image, the names of its functions, and the set of called ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::journal::Symbol;
use crate::runtime::{FunctionId, Image, Program, Spec};

/// The most functions of one program whose names are in the journal for sure, and at hand; further ones compete with
/// whatever guests ask for, and are looked up. Each process has its own, so that a hundred thousand would be too many.
const OWN_SYMBOLS_MAX: usize = 1_024;

/// Code of a process: an image and the spec of its instances. A reload replaces it as a whole.
pub struct Code {
    pub image: Arc<dyn Image>,
    pub program: Arc<Program>,
    pub spec: Arc<Spec>,
    /// The first callable functions' names, by [`FunctionId`], so that a call interns nothing.
    symbols: Vec<Symbol>,
    /// A bit by [`FunctionId`], set by the first call; a reload must keep called functions.
    used: Vec<AtomicU64>,
}

impl Code {
    /// An image with its names interned.
    pub fn new(image: Arc<dyn Image>, program: Arc<Program>, spec: Arc<Spec>) -> Self {
        let names = image.interface().functions();
        let symbols = names.iter().take(OWN_SYMBOLS_MAX).map(|name| Symbol::intern_own(name)).collect();
        let used = (0..names.len().div_ceil(BITS)).map(|_| AtomicU64::new(0)).collect();
        Code { image, program, spec, symbols, used }
    }

    /// Marks a function as called.
    pub fn mark_used(&self, function: FunctionId) {
        let (at, bit) = place(function.0 as usize);
        if let Some(used) = self.used.get(at)
            && used.load(Ordering::Relaxed) & bit == 0
        {
            used.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// The called functions.
    pub fn used(&self) -> impl Iterator<Item = &str> {
        let is_used = |function: usize| {
            let (at, bit) = place(function);
            self.used.get(at).is_some_and(|used| used.load(Ordering::Relaxed) & bit != 0)
        };
        let names = self.image.interface().functions().iter().enumerate();
        names.filter(move |(function, _)| is_used(*function)).map(|(_, name)| name.as_str())
    }

    /// Copies the marks of called functions from earlier code.
    pub fn mark_used_as(&self, old: &Code) {
        for name in old.used() {
            if let Some(function) = self.image.interface().function(name) {
                self.mark_used(function);
            }
        }
    }

    /// The interned name of a function.
    pub fn symbol(&self, function: FunctionId) -> Symbol {
        let at = function.0 as usize;
        let known = self.symbols.get(at).copied();
        known.unwrap_or_else(|| {
            self.image.interface().functions().get(at).map_or(Symbol::OTHER, |name| Symbol::intern(name))
        })
    }
}

const BITS: usize = u64::BITS as usize;

/// Position of a function's bit.
fn place(function: usize) -> (usize, u64) {
    (function / BITS, 1 << (function % BITS))
}
