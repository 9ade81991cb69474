//! The record of one call, load or request in the journal. Plain data; nothing here is formatted or counted.

use std::fmt;

use super::failed_call::RecordedError;
use super::load::LoadSteps;
use super::payload::{NodeTime, Payload};
use super::symbol::Symbol;

/// One call, running or ended. Times are nanoseconds of the session's own clock; bytes are true lengths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Given when the call starts, from 1, never twice in a session.
    pub seq: u64,
    /// The call that this one is nested in; 0: none, it came from the prompt.
    pub parent_seq: u64,
    /// When it started, since the session began.
    pub at_ns: u64,
    /// Duration without `held_ns`; of a running call, so far.
    pub duration_ns: u64,
    /// Part of `duration_ns` inside nested calls.
    pub nested_ns: u64,
    /// Time that the call or one below it was held at breakpoints.
    pub held_ns: u64,
    pub job: u32,
    /// The calling process; 0: the shell.
    pub caller: u32,
    pub caller_name: Symbol,
    /// The called process; 0: the call named nobody.
    pub callee: u32,
    pub callee_name: Symbol,
    pub function: Symbol,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Units of fuel that its own plugin used, without nested calls; 0: not counted, or none used.
    pub fuel: u64,
    /// Linear memory that it added to its callee and left there.
    pub grew: Growth,
    /// Depth in the chain; 1: from the prompt.
    pub depth: u16,
    pub outcome: Outcome,
    pub standing: CallStanding,
    pub changed_by: ChangedBy,
    pub kind: RecordKind,
    /// Why it failed, bounded.
    pub error: Option<RecordedError>,
    /// Kept bytes; `None` when payloads were off, and for a failed call that never ran.
    pub payload: Option<Box<Payload>>,
}

/// The mark of a call that ran beside its caller, before its name in trees and graphs.
const STARTED_MARK: &str = "∥ ";

impl Record {
    /// The mark before the name of a call that its caller started; empty for any other.
    pub fn started_mark(&self) -> &'static str {
        if self.is_started() { STARTED_MARK } else { "" }
    }

    /// Whether it ran beside its caller.
    pub fn is_started(&self) -> bool {
        self.standing == CallStanding::Started
    }

    /// Details of a request to the host; `None` for calls.
    pub fn detail(&self) -> Option<&str> {
        self.payload.as_ref().and_then(|payload| payload.detail.as_deref())
    }

    /// The steps of a load; `None` for all else.
    pub fn load(&self) -> Option<&LoadSteps> {
        self.payload.as_ref().and_then(|payload| payload.load.as_deref())
    }

    /// Kept bytes of a call; `None` for a load or a request.
    pub fn kept(&self) -> Option<&Payload> {
        let is_of_bytes = |payload: &&Payload| {
            payload.detail.is_none()
                && payload.load.is_none()
                && payload.node.as_ref().is_none_or(|node| !node.is_alone)
        };
        self.payload.as_deref().filter(is_of_bytes)
    }

    /// Where a call ran that did not run here.
    pub fn node(&self) -> Option<&NodeTime> {
        self.payload.as_ref().and_then(|payload| payload.node.as_deref())
    }

    /// The time it spent in itself: without its nested calls.
    pub fn self_ns(&self) -> u64 {
        self.duration_ns.saturating_sub(self.nested_ns)
    }

    /// Units of fuel; `None` where they were not counted, or the plugin did not run.
    pub fn counted_fuel(&self) -> Option<u64> {
        (self.fuel > 0).then_some(self.fuel)
    }

    /// When it ended; while it runs, now.
    pub fn end_ns(&self) -> u64 {
        self.at_ns.saturating_add(self.duration_ns).saturating_add(self.held_ns)
    }

    /// The line of its error.
    pub fn error_line(&self) -> Option<String> {
        self.error.as_ref().map(RecordedError::to_string)
    }

    /// The caller as people write it: `1:front`, or `shell`.
    pub fn caller_label(&self) -> String {
        label(self.caller, self.caller_name)
    }

    /// The callee as people write it: `1:front`; the bare name it was asked for by when it names nobody.
    pub fn callee_label(&self) -> String {
        label(self.callee, self.callee_name)
    }
}

/// Subject of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A call of a plugin.
    #[default]
    Call,
    /// A request of a plugin to its host: a variable, a config value, a log line, HTTP or WASI. It has no callee, and
    /// its payload's `detail` says what was asked.
    Host,
    /// The start of a process, for a plugin or the shell. Its callee is the process, its payload's `load` has the
    /// steps, and `bytes_in` are those of its modules.
    Load,
}

impl RecordKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [RecordKind; 3] = [RecordKind::Call, RecordKind::Host, RecordKind::Load];

    /// The word for it in JSON and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            RecordKind::Call => "call",
            RecordKind::Host => "host",
            RecordKind::Load => "load",
        }
    }
}

/// Growth of linear memory, in pages of 64 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Growth(u16);

/// log2 of the bytes of a page.
const PAGE_BITS: u32 = 16;

impl Growth {
    /// The growth of a call whose host does not tell.
    pub const UNKNOWN: Growth = Growth(u16::MAX);
    /// The most that is told; more counts as this.
    pub const BYTES_MAX: u64 = ((u16::MAX - 1) as u64) << PAGE_BITS;

    /// A growth by so many bytes, whole pages; `None`: the host does not tell.
    #[inline]
    pub fn of_bytes(bytes: Option<u64>) -> Growth {
        match bytes {
            Some(bytes) => Growth((bytes.min(Self::BYTES_MAX) >> PAGE_BITS) as u16),
            None => Growth::UNKNOWN,
        }
    }

    /// Bytes; `None` where the host cannot tell.
    pub fn bytes(self) -> Option<u64> {
        (self != Growth::UNKNOWN).then_some(u64::from(self.0) << PAGE_BITS)
    }

    /// The number that [`Growth::from_raw`] takes.
    pub(super) fn to_raw(self) -> u16 {
        self.0
    }

    /// The growth that [`Growth::to_raw`] encoded.
    pub(super) fn from_raw(raw: u16) -> Growth {
        Growth(raw)
    }
}

/// How a process of a record is named: `2:cart`, `shell`, or `?` for nobody known.
pub(super) fn label(id: u32, name: Symbol) -> String {
    match (id, name.is_none()) {
        (0, true) => "?".to_owned(),
        (0, false) => name.as_str().to_owned(),
        (_, _) => format!("{id}:{name}"),
    }
}

/// The outcome of a call, or its state while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Ok,
    /// The plugin gave an error.
    Error,
    Trap,
    Timeout,
    Killed,
    /// Out of memory.
    Oom,
    Fuel,
    /// Refused by the policy, a rate or a limit, or for a ring of waiting jobs.
    Denied,
    /// The machine that ran it is out of reach: it may or may not have run.
    Lost,
    #[default]
    Running,
    /// Stopped at a breakpoint.
    Held,
}

impl Outcome {
    /// Every outcome, in the order that messages list them.
    pub const ALL: [Outcome; 11] = [
        Outcome::Ok,
        Outcome::Error,
        Outcome::Trap,
        Outcome::Timeout,
        Outcome::Killed,
        Outcome::Oom,
        Outcome::Fuel,
        Outcome::Denied,
        Outcome::Lost,
        Outcome::Running,
        Outcome::Held,
    ];

    /// The word for it, everywhere: trace, JSON, filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Trap => "trap",
            Outcome::Timeout => "timeout",
            Outcome::Killed => "killed",
            Outcome::Oom => "oom",
            Outcome::Fuel => "fuel",
            Outcome::Denied => "denied",
            Outcome::Lost => "lost",
            Outcome::Running => "running",
            Outcome::Held => "held",
        }
    }

    /// Whether the call is over.
    pub const fn is_ended(self) -> bool {
        !matches!(self, Outcome::Running | Outcome::Held)
    }

    /// Whether the call is over and did not end `ok`.
    pub const fn is_failure(self) -> bool {
        self.is_ended() && !matches!(self, Outcome::Ok)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A call beside its caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallStanding {
    /// The caller waited for it.
    #[default]
    Awaited,
    /// The caller started it and went on.
    Started,
    /// Nothing ran: the call named a dead process, or a function that its callee lacks or cannot be called by.
    Unresolved,
}

impl CallStanding {
    /// Every standing, in the order of their numbers.
    pub const ALL: [CallStanding; 3] = [CallStanding::Awaited, CallStanding::Started, CallStanding::Unresolved];
}

/// The hook that changed a call, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChangedBy {
    #[default]
    None,
    Fault,
    Stub,
    Breakpoint,
}

impl ChangedBy {
    /// Every way, in the order of their numbers.
    pub const ALL: [ChangedBy; 4] = [ChangedBy::None, ChangedBy::Fault, ChangedBy::Stub, ChangedBy::Breakpoint];

    /// The word for it; `None` when nothing changed the call.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            ChangedBy::None => None,
            ChangedBy::Fault => Some("fault"),
            ChangedBy::Stub => Some("stub"),
            ChangedBy::Breakpoint => Some("breakpoint"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_that_is_not_ok_is_a_failure() {
        let fine: Vec<&str> =
            Outcome::ALL.into_iter().filter(|outcome| !outcome.is_failure()).map(Outcome::as_str).collect();
        assert_eq!(fine, ["ok", "running", "held"]);
        assert!(Outcome::Denied.is_ended() && !Outcome::Held.is_ended());
    }

    #[test]
    fn labels_are_what_people_write() {
        let record = Record { caller_name: Symbol::SHELL, ..Record::default() };
        assert_eq!((record.caller_label().as_str(), record.callee_label().as_str()), ("shell", "?"));
        let record = Record { callee: 2, callee_name: Symbol::intern("cart"), ..record };
        assert_eq!(record.callee_label(), "2:cart");
    }

    #[test]
    fn growth_is_told_in_pages_up_to_a_bound() {
        let told = |bytes| Growth::of_bytes(bytes).bytes();
        assert_eq!([told(Some(0)), told(Some(3 << 16)), told(None)], [Some(0), Some(3 << 16), None]);
        assert_eq!(told(Some(u64::MAX)), Some(Growth::BYTES_MAX));
        assert_eq!(Growth::BYTES_MAX, (4 << 30) - (2 << 16));
        assert_eq!(Growth::default().bytes(), Some(0));
    }

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<Record>() <= 120, "{} bytes: the hot path copies it twice", size_of::<Record>());
    }
}
