//! Functions that modules import from each other in a circle. The earlier module gets a forwarding function, which
//! looks up the later module's function when it is called, as in Extism's JavaScript SDK.

use std::sync::{Arc, OnceLock};

use wasmtime::{Caller, ExternType, Func, ImportType, Instance, Store, Val};

use super::ctx::{Ctx, refused};
use super::entering::call_values;
use crate::text::quoted;

/// The forwarding functions of one store whose modules are still to be instantiated.
#[derive(Default)]
pub struct Forwarders(Vec<Forwarder>);

struct Forwarder {
    /// The providing module's position in the instantiation order.
    place: usize,
    name: String,
    function: Arc<OnceLock<Func>>,
}

impl Forwarders {
    /// A forwarding function for an import of `importer` from the module at `place`; `None` unless the import is a
    /// function.
    pub fn function(
        &mut self,
        store: &mut Store<Ctx>,
        import: &ImportType<'_>,
        place: usize,
        importer: &str,
    ) -> Option<Func> {
        let ExternType::Func(ty) = import.ty() else { return None };
        let function = Arc::new(OnceLock::new());
        self.0.push(Forwarder { place, name: import.name().to_owned(), function: function.clone() });
        let label = format!("{}.{}", quoted(import.module()), quoted(import.name()));
        let importer = quoted(importer);
        Some(Func::new(&mut *store, ty, move |mut caller: Caller<'_, Ctx>, params: &[Val], results: &mut [Val]| {
            match function.get().copied() {
                Some(function) => call_values(&mut caller, &function, params, results),
                None => Err(refused(format!(
                    "module `{importer}` called `{label}` while it started, before that module was there: they import from \
                     each other in a circle"
                ))),
            }
        }))
    }

    /// Connects the forwarding functions for the module at `place`.
    pub fn connect(&self, store: &mut Store<Ctx>, place: usize, instance: &Instance) {
        for later in self.0.iter().filter(|later| later.place == place) {
            if let Some(function) = instance.get_func(&mut *store, &later.name) {
                // Each place is instantiated once, so this sets once.
                let _ = later.function.set(function);
            }
        }
    }
}
