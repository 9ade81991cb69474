//! A call as what is set on calls looks at it.

use std::sync::Arc;

use crate::journal::{AlsoNamed, Filter, Record};
use crate::kernel::process::Process;

/// A call as breakpoints and faults look at it: they know a process by the name of its plugin too, as stubs do.
pub struct Seen<'a> {
    pub record: &'a Record,
    pub caller: Option<Arc<Process>>,
    pub callee: &'a Process,
}

impl Seen<'_> {
    /// Whether it is one that the expression asks for.
    pub fn is_of(&self, filter: &Filter) -> bool {
        let caller = self.caller.as_ref().map(|caller| &*caller.plugin);
        filter.matches_also(self.record, AlsoNamed { caller, callee: Some(&self.callee.plugin) })
    }
}
