//! Functions that modules import from each other in a circle: the one that is made first gets a function that looks up the
//! other's when it is called, as Extism's JavaScript SDK does it.

use std::sync::{Arc, OnceLock};

use wasmtime::{Caller, ExternType, Func, ImportType, Instance, Store, Val};

use super::ctx::{Ctx, refused};
use crate::text::quoted;

/// The functions of one store that wait for the module which has them.
#[derive(Default)]
pub struct Laters(Vec<Later>);

struct Later {
    /// The place of the module that has it, in the order of making.
    place: usize,
    name: String,
    function: Arc<OnceLock<Func>>,
}

impl Laters {
    /// A function for an import of `importer` that the module at `place` will have; `None` for what is no function.
    pub fn function(
        &mut self,
        store: &mut Store<Ctx>,
        import: &ImportType<'_>,
        place: usize,
        importer: &str,
    ) -> Option<Func> {
        let ExternType::Func(ty) = import.ty() else { return None };
        let function = Arc::new(OnceLock::new());
        self.0.push(Later { place, name: import.name().to_owned(), function: function.clone() });
        let label = format!("{}.{}", quoted(import.module()), quoted(import.name()));
        let importer = quoted(importer);
        Some(Func::new(&mut *store, ty, move |mut caller: Caller<'_, Ctx>, params: &[Val], results: &mut [Val]| {
            match function.get().copied() {
                Some(function) => Func::call(&function, &mut caller, params, results),
                None => Err(refused(format!(
                    "module `{importer}` called `{label}` while it started, before that module was there: they import from \
                     each other in a circle"
                ))),
            }
        }))
    }

    /// Gives what waited for the module at `place` its functions.
    pub fn made(&self, store: &mut Store<Ctx>, place: usize, instance: &Instance) {
        for later in self.0.iter().filter(|later| later.place == place) {
            if let Some(function) = instance.get_func(&mut *store, &later.name) {
                // Set once: a place is made once.
                let _ = later.function.set(function);
            }
        }
    }
}
