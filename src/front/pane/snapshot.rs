//! Snapshots, which the pane draws: the kernel's state at one moment, taken under short locks and drawn without any.

use std::cmp::Ordering;
use std::time::Duration;

pub use super::narrowing::Extent;
use crate::runtime::LogLevel;

use super::narrowing::Narrowing;
use super::process_filter::{ProcessFilter, has_failed};
pub use super::subject::Subject;
use super::view::View;
use crate::journal::{Filter, Outcome, Record, stats};
use crate::kernel::hooks::{HoldError, Step};
use crate::kernel::{
    CallError, JobId, JobView, Killed, LifeChange, LifeEvent, LogLine, ProcessDetail, ProcessId, ProcessState,
    ProcessView, StackView,
};
use crate::serve::wire::WireError;
use crate::shell::excerpt::Excerpt;

/// The kernel's state at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The time since the session began.
    pub at: Duration,
    /// The living processes and those that died recently, by id.
    pub processes: Vec<ProcessView>,
    /// The newest calls that match, running ones included, by seq.
    pub calls: Vec<Record>,
    /// The newest starts and ends of processes that match, oldest first.
    pub events: Vec<LifeEvent>,
    /// The newest log lines that match, oldest first.
    pub log: Vec<LogLine>,
    /// The held calls, by process.
    pub held: Vec<HeldCall>,
    pub jobs: Vec<JobView>,
    pub totals: Totals,
    pub hooks: ActiveHooks,
}

impl Snapshot {
    /// The process with this id.
    pub fn process(&self, id: ProcessId) -> Option<&ProcessView> {
        let index = self.processes.binary_search_by_key(&id, |process| process.id).ok()?;
        self.processes.get(index)
    }

    /// Whether a process's call is held.
    pub fn is_held(&self, id: ProcessId) -> bool {
        self.held.binary_search_by_key(&id, |call| call.process).is_ok()
    }

    /// The number of living processes.
    pub fn living(&self) -> usize {
        self.processes.iter().filter(|process| !matches!(process.state, ProcessState::Dead { .. })).count()
    }
}

/// The active hooks. (Held jobs are among the jobs.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActiveHooks {
    pub breakpoints: u64,
    pub faults: u64,
    pub stubs: u64,
    pub is_recording: bool,
}

/// A call that is held at a breakpoint or a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldCall {
    pub process: ProcessId,
    pub job: JobId,
}

/// The held calls of running ones, by process.
pub fn held(running: &[Record]) -> Vec<HeldCall> {
    let held = running.iter().filter(|call| call.outcome == Outcome::Held);
    let mut held: Vec<HeldCall> = held.map(|call| HeldCall { process: call.callee, job: call.job }).collect();
    held.sort_unstable_by_key(|call| call.process);
    held
}

/// Sums over all processes since the session began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub calls: u64,
    pub errors: u64,
    /// Input and output.
    pub bytes: u64,
    /// Memory of the living processes now.
    pub memory_bytes: u64,
}

/// The sums over these processes.
pub fn totals(processes: &[ProcessView]) -> Totals {
    processes.iter().fold(Totals::default(), |totals, process| Totals {
        calls: totals.calls + process.calls,
        errors: totals.errors + process.errors,
        bytes: totals.bytes.saturating_add(process.bytes_in).saturating_add(process.bytes_out),
        memory_bytes: totals.memory_bytes.saturating_add(process.memory.total_bytes()),
    })
}

/// The calls that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    ErrorsOnly,
}

/// A substring of a name or function, ignoring case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    lower: String,
}

impl Needle {
    /// A needle that is found in any ASCII case.
    pub fn new(text: &str) -> Needle {
        Needle { lower: text.trim().to_lowercase() }
    }

    /// Whether the text contains it.
    pub fn is_in(&self, text: &str) -> bool {
        let same_case = text.len() >= self.lower.len() && contains_ignoring_ascii_case(text, &self.lower);
        self.lower.is_empty() || same_case || (!text.is_ascii() && text.to_lowercase().contains(&self.lower))
    }
}

fn contains_ignoring_ascii_case(text: &str, lower: &str) -> bool {
    text.as_bytes().windows(lower.len().max(1)).any(|part| part.eq_ignore_ascii_case(lower.as_bytes()))
}

/// The text typed after `/`: a substring of a name or function, or, with an operator, an expression over processes,
/// over calls as in `trace`, or over both. A view for which it is none shows all.
#[derive(Debug, Clone, Default)]
enum Test {
    #[default]
    All,
    Name(Needle),
    Expression {
        processes: Option<Box<ProcessFilter>>,
        calls: Option<Box<Filter>>,
    },
}

/// The processes and calls that the views show. Queries are equal when their texts, scopes and
/// narrowings are.
#[derive(Debug, Clone, Default)]
pub struct SnapshotQuery {
    text: String,
    test: Test,
    pub scope: Scope,
    narrowing: Option<Narrowing>,
}

/// Whether `text` is a filter expression, and not a substring.
fn is_expression(text: &str) -> bool {
    text.contains(['=', '<', '>', '*', '(', '"', '!', '~']) || text.contains("./") || text.contains(" contains ")
}

/// The error in a filter expression, with its column. Of the errors of both languages that of the one which understands
/// more of it; of the view's, where they understand as much.
pub fn mistake(text: &str, view: View) -> Option<String> {
    let (calls, processes) = (Filter::parse(text).err()?, ProcessFilter::parse(text).err()?);
    let meant = match calls.column.cmp(&processes.column) {
        Ordering::Greater => calls,
        Ordering::Less => processes,
        Ordering::Equal if view == View::Calls => calls,
        Ordering::Equal => processes,
    };
    is_expression(text).then(|| meant.to_string())
}

impl PartialEq for SnapshotQuery {
    fn eq(&self, other: &SnapshotQuery) -> bool {
        self.text == other.text && self.scope == other.scope && self.narrowing == other.narrowing
    }
}

impl SnapshotQuery {
    /// The query of `text`; an incomplete expression is searched for as a substring.
    pub fn new(text: &str, scope: Scope) -> SnapshotQuery {
        let test = match (ProcessFilter::parse(text).ok(), Filter::parse(text).ok()) {
            _ if text.trim().is_empty() => Test::All,
            (None, None) => Test::Name(Needle::new(text)),
            (processes, calls) if is_expression(text) => {
                Test::Expression { processes: processes.map(Box::new), calls: calls.map(Box::new) }
            }
            _ => Test::Name(Needle::new(text)),
        };
        SnapshotQuery { text: text.to_owned(), test, scope, narrowing: None }
    }

    /// The query with the calls of some processes only.
    pub fn narrowed(self, narrowing: Option<Narrowing>) -> SnapshotQuery {
        SnapshotQuery { narrowing, ..self }
    }

    /// Whether a call matches.
    pub fn matches(&self, call: &Record) -> bool {
        (self.scope == Scope::All || call.outcome.is_failure())
            && self.narrowing.as_ref().is_none_or(|narrowing| narrowing.matches(call))
            && match &self.test {
                Test::All => true,
                Test::Name(needle) => {
                    [call.function, call.callee_name, call.caller_name].iter().any(|name| needle.is_in(name.as_str()))
                }
                Test::Expression { calls, .. } => calls.as_ref().is_none_or(|filter| filter.matches(call)),
            }
    }

    /// Whether a start or an end of a process matches. None matches an expression over calls.
    pub fn matches_event(&self, event: &LifeEvent) -> bool {
        let failed = || matches!(event.change, LifeChange::Crashed { .. } | LifeChange::Ended { .. });
        (self.scope == Scope::All || failed())
            && self.narrowing.as_ref().is_none_or(|narrowing| narrowing.contains(event.process))
            && match &self.test {
                Test::All => true,
                Test::Name(needle) => needle.is_in(event.name.as_str()),
                Test::Expression { calls, .. } => calls.is_none(),
            }
    }

    /// Whether a log line matches. Every line matches an expression.
    pub fn matches_log(&self, line: &LogLine) -> bool {
        (self.scope == Scope::All || line.level >= LogLevel::Warn)
            && self.narrowing.as_ref().is_none_or(|narrowing| narrowing.contains(line.process.id))
            && match &self.test {
                Test::All | Test::Expression { .. } => true,
                Test::Name(needle) => needle.is_in(&line.process.name) || needle.is_in(&line.text),
            }
    }

    /// Whether a process itself matches, regardless of its descendants; `held`: its call is held at a breakpoint.
    pub fn matches_process(&self, process: &ProcessView, held: bool) -> bool {
        let meant = match &self.test {
            Test::Name(needle) => needle.is_in(&process.name),
            Test::Expression { processes: Some(filter), .. } => filter.matches(process, held),
            Test::All | Test::Expression { processes: None, .. } => true,
        };
        meant && (self.scope == Scope::All || has_failed(process))
    }

    /// Whether every process matches.
    pub fn is_all_processes(&self) -> bool {
        self.scope == Scope::All && matches!(self.test, Test::All | Test::Expression { processes: None, .. })
    }

    /// Whether every call matches.
    pub fn is_all_calls(&self) -> bool {
        let all = matches!(self.test, Test::All | Test::Expression { calls: None, .. });
        self.scope == Scope::All && all && self.narrowing.is_none()
    }
}

/// Where a held job stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldPlace {
    pub stack: StackView,
    /// The source there, where it was found.
    pub source: Option<Excerpt>,
}

/// A source of snapshots: the kernel, or a test.
pub trait SnapshotSource: Send {
    /// A new snapshot with the newest `calls_max` calls that match; `None` if nothing changed since the last sample of
    /// the same query.
    fn sample(&mut self, query: &SnapshotQuery, calls_max: usize) -> Option<Snapshot>;
    /// Makes the next [`SnapshotSource::sample`] return a new snapshot.
    fn force_next_sample(&mut self);
    /// The newest `calls_max` ended calls that match, up to `seq_max`.
    fn calls_until(&self, query: &SnapshotQuery, seq_max: u64, calls_max: usize) -> Vec<Record>;
    /// The newest log lines that match, oldest first.
    fn log(&self, query: &SnapshotQuery, lines_max: usize) -> Vec<LogLine>;
    /// The newest lines that a call wrote, oldest first.
    fn log_of_call(&self, seq: u64, lines_max: usize) -> Vec<LogLine>;
    /// One call, with its kept payload.
    fn call(&self, seq: u64) -> Option<Record>;
    /// A process with its details; `None` when it is neither living nor among the last dead ones.
    fn process(&self, id: ProcessId) -> Option<ProcessDetail>;
    /// Where the plugins stood when a call failed.
    fn stack_of_call(&self, _seq: u64) -> Option<StackView> {
        None
    }
    /// Where the plugins stood when a process's last failed call failed.
    fn stack_of_process(&self, _id: ProcessId) -> Option<StackView> {
        None
    }
    /// Where the plugins stand of the held job that a process or call is part of.
    fn held_place(&self, _subject: Subject) -> Option<HeldPlace> {
        None
    }
    /// Holds the job of a process or running call where it is, or lets it go on if it is held.
    ///
    /// # Errors
    /// Nothing runs there, or its host cannot stop it.
    fn toggle_hold(&self, subject: Subject) -> Result<Toggled, ActionError>;
    /// The process's callers and callees in the journal, the busiest first.
    fn edges(&self, id: ProcessId) -> Vec<stats::StatsRow>;
    /// Lets a held job go on, to its next hold by a step.
    ///
    /// # Errors
    /// The job is not held.
    fn release(&self, job: JobId, step: Option<Step>) -> Result<(), ActionError>;
    /// Kills a process.
    ///
    /// # Errors
    /// No such process lives.
    fn kill(&self, id: ProcessId, extent: Extent) -> Result<Killed, ActionError>;
}

/// A job after [`SnapshotSource::toggle_hold`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toggled {
    Held(JobId),
    /// The job waits in the host, and is held once it runs code of a plugin.
    HeldLater(JobId),
    GoesOn(JobId),
}

/// Why an action on a job or a process changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionError {
    /// Nothing runs in the process, or the call has ended.
    NothingRuns,
    Hold(HoldError),
    Kill(CallError),
    /// Jobs of a server take no step from the pane.
    StepAtServer(JobId),
    /// The server's answer did not come in time, or is none.
    ServerSilent,
    /// The server's own error, in its words.
    Server(WireError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Symbol;

    #[test]
    fn words_with_operators_are_filters_of_calls() {
        let call = |function| Record { function: Symbol::intern(function), bytes_in: 10, ..Record::default() };
        assert!(SnapshotQuery::new("ota", Scope::All).matches(&call("total")));
        assert!(SnapshotQuery::new("bytes_in > 5", Scope::All).matches(&call("total")));
        assert!(!SnapshotQuery::new("bytes_in > 50", Scope::All).matches(&call("total")));
        assert!(
            !SnapshotQuery::new("bytes_in >", Scope::All).matches(&call("total")),
            "half typed: looked for as a name"
        );
        let failed = |error: &str| Record { outcome: Outcome::Error, error: Some(error.into()), ..call("total") };
        for expression in ["error~disk", "error contains disk", "error~'^no'"] {
            let query = SnapshotQuery::new(expression, Scope::All);
            assert!(query.matches(&failed("no disk")) && !query.matches(&failed("trap")), "{expression}");
        }
        assert!(!SnapshotQuery::new("", Scope::ErrorsOnly).matches(&call("total")));
    }

    #[test]
    fn an_expression_is_for_the_view_that_understands_it() {
        let process = crate::front::pane::fixture::process(1, 0, "cart");
        let call = Record { bytes_in: 10, ..Record::default() };
        let shown = |text: &str| {
            let query = SnapshotQuery::new(text, Scope::All);
            (query.matches_process(&process, false), query.matches(&call))
        };
        assert_eq!(shown("state=crashed"), (false, true), "of processes");
        assert_eq!(shown("depth>7"), (true, false), "of calls");
        assert_eq!(shown("bytes_in>5"), (false, true), "of both");
        assert_eq!(shown("depth>7 and state=crashed"), (false, false), "of neither: looked for as a name");
    }

    #[test]
    fn a_mistake_is_told_in_the_language_that_was_meant() {
        assert_eq!(
            mistake("callee=tax and depht>1", View::Tree).unwrap(),
            "column 16: no field `depht`; did you mean `depth`?"
        );
        assert_eq!(
            mistake("state=idle and call>1", View::Calls).unwrap(),
            "column 16: no field `call`; did you mean `calls`?"
        );
        assert!(mistake("x>1", View::Tree).unwrap().contains("memory"));
        assert!(mistake("x>1", View::Calls).unwrap().contains("callee"));
        assert_eq!((mistake("state=idle", View::Calls), mistake("depth>1", View::Tree)), (None, None));
    }

    #[test]
    fn a_needle_is_found_in_any_case() {
        for (needle, text) in [("", "x"), ("CART", "my-cart"), ("rö", "GRÖSSE"), (" a ", "bab")] {
            assert!(Needle::new(needle).is_in(text), "{needle} in {text}");
        }
        assert!(!Needle::new("cart").is_in("car"));
        assert!(!Needle::new("x").is_in(""));
    }
}
