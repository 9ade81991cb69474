//! A call with the data that the filters of rules are matched against.

use std::sync::Arc;

use crate::journal::filter::CallContent;
use crate::journal::{AlsoNamed, Filter, Record};
use crate::kernel::process::Process;

/// A call that breakpoints, faults and stubs are matched against: by its record, by the plugin names of its processes
/// and by its bytes.
pub struct CallToMatch<'a> {
    /// The record so far.
    pub record: &'a Record,
    /// The calling process; `None`: the shell.
    pub caller: Option<Arc<Process>>,
    /// The called process.
    pub callee: &'a Process,
    /// Input, output and error, as far as known; no bytes of a private plugin.
    pub content: CallContent<'a>,
}

impl CallToMatch<'_> {
    /// Whether a filter matches the call.
    pub fn is_of(&self, filter: &Filter) -> bool {
        let caller = self.caller.as_ref().map(|caller| &*caller.plugin);
        filter.matches_content(self.record, AlsoNamed { caller, callee: Some(&self.callee.plugin) }, self.content)
    }
}
