//! Substitutes for imports that plugsh does not have itself: host functions of some product. A plugin may stand in for
//! one (`load --import`), or a stub that traps or returns zeros (`--stub-imports`). Both hosts define them.

use super::{Failure, FailureKind, ImportStandIn, Spec, StubImports};

/// The substitute for one import.
pub enum Substitute<'a> {
    /// A plugin, by its place in [`Spec::imports`].
    StandIn(usize, &'a ImportStandIn),
    Stub(Stub),
}

impl<'a> Substitute<'a> {
    /// The substitute that `spec` has for an import: a stand-in that names it, or a stub when no module provides it.
    pub fn of(spec: &'a Spec, module: &str, name: &str, is_provided: impl FnOnce() -> bool) -> Option<Self> {
        let mut stand_ins = spec.imports.iter().enumerate();
        if let Some((index, stand_in)) = stand_ins.find(|(_, s)| s.module == module && s.function == name) {
            return Some(Substitute::StandIn(index, stand_in));
        }
        let kind = spec.stub_imports.filter(|_| !is_provided())?;
        Some(Substitute::Stub(Stub { label: format!("{module}.{name}"), kind }))
    }
}

/// A function in the place of an import that nobody provides.
pub struct Stub {
    label: String,
    kind: StubImports,
}

impl Stub {
    /// The results of a call: `zeros`, which are `None` where a result's type has no zero.
    ///
    /// # Errors
    /// Stubs trap (`StubImports::Trap`), or a result's type has no zero.
    pub fn results<'a, V>(&self, zeros: Option<&'a [V]>) -> Result<&'a [V], Failure> {
        let label = &self.label;
        let why = match (self.kind, zeros) {
            (StubImports::Zero, Some(zeros)) => return Ok(zeros),
            (StubImports::Zero, None) => format!("the stub of import `{label}` has no zero to return"),
            (StubImports::Trap, _) => format!("import `{label}` is a stub; nobody provides it"),
        };
        Err(Failure::new(FailureKind::Trap, why))
    }
}
