//! Requests of plugins to their host as records of the journal.

use std::sync::Arc;

use super::task::Task;
use super::{Kernel, escape_control};
use crate::journal::{Filter, Outcome, Payload, Record, RecordKind, Symbol};
use crate::runtime::HostRequest;

/// The callee's name in a record of a request.
const HOST: &str = "host";
/// Placeholder for the details of a private plugin's request.
const PRIVATE: &str = "(private)";

impl Kernel {
    /// Keeps requests to the host from now on: those that the filter asks for, or all.
    pub fn trace_host(&self, filter: Option<Filter>) {
        self.host_trace().start(filter);
    }

    /// Keeps no more requests to the host.
    pub fn stop_tracing_host(&self) {
        self.host_trace().stop();
    }

    /// Whether requests to the host are kept, and the filter that they must match.
    pub fn traces_host(&self) -> Option<Option<Arc<Filter>>> {
        self.host_trace().is_on().then(|| self.host_trace().filter())
    }
}

impl Task {
    /// Keeps a request of the deepest call as a record below it.
    pub(super) fn note_host(&self, request: &HostRequest<'_>) {
        if !self.kernel.journal().is_on() {
            return;
        }
        let (caller, depth) = self.chain.caller();
        let private = self.chain.with_frames(|frames| frames.stack.last().is_some_and(|frame| frame.private));
        let detail = if private { PRIVATE } else { request.detail };
        let error = request.error.as_deref().map(|why| if private { PRIVATE } else { why });
        let record = Record {
            parent_seq: caller.seq,
            at_ns: self.kernel.since_start_ns(request.started),
            duration_ns: request.started.elapsed().as_nanos() as u64,
            job: self.chain.job,
            caller: caller.process,
            caller_name: caller.name,
            callee_name: Symbol::intern(HOST),
            function: Symbol::intern(request.function),
            bytes_in: request.bytes_in,
            bytes_out: request.bytes_out,
            depth,
            outcome: if error.is_some() { Outcome::Error } else { Outcome::Ok },
            kind: RecordKind::Host,
            error: error.map(|why| escape_control(why).as_str().into()),
            payload: Some(Box::new(Payload::of_request(&escape_control(detail)))),
            ..Record::default()
        };
        if self.kernel.host_trace().filter().is_some_and(|filter| !filter.matches(&record)) {
            return;
        }
        self.note(Record { seq: self.next_seq(request.started), ..record });
    }
}
