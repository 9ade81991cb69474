//! A call as rules see it.

use std::sync::Arc;

use crate::journal::filter::Said;
use crate::journal::{AlsoNamed, Filter, Record};
use crate::kernel::process::Process;

/// A call as breakpoints and faults see it: a process matches by the name of its plugin too, as with stubs.
pub struct Seen<'a> {
    pub record: &'a Record,
    pub caller: Option<Arc<Process>>,
    pub callee: &'a Process,
    /// Its bytes as they are at hand; none of a private plugin.
    pub said: Said<'a>,
}

impl Seen<'_> {
    /// Whether the expression matches it.
    pub fn is_of(&self, filter: &Filter) -> bool {
        let caller = self.caller.as_ref().map(|caller| &*caller.plugin);
        filter.matches_said(self.record, AlsoNamed { caller, callee: Some(&self.callee.plugin) }, self.said)
    }
}
