//! What the pane draws from: one moment of the kernel, taken under its short locks and drawn without any.

use std::time::Duration;

use crate::journal::{Filter, Record, stats};
use crate::kernel::{JobView, ProcessDetail, ProcessId, ProcessState, ProcessView};

/// One moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Since the session began.
    pub at: Duration,
    /// In id order: the living, and those that died a moment ago.
    pub processes: Vec<ProcessView>,
    /// The newest calls that match, running ones included, in order of seq.
    pub calls: Vec<Record>,
    pub jobs: Vec<JobView>,
    pub totals: Totals,
    /// What changes calls on their way now (breakpoints, faults, stubs), one short text each.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// The process with this id.
    pub fn process(&self, id: ProcessId) -> Option<&ProcessView> {
        let index = self.processes.binary_search_by_key(&id, |process| process.id).ok()?;
        self.processes.get(index)
    }

    /// How many processes live.
    pub fn living(&self) -> usize {
        self.processes.iter().filter(|process| !matches!(process.state, ProcessState::Dead { .. })).count()
    }
}

/// Sums since the session began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub calls: u64,
    pub errors: u64,
    /// In and out.
    pub bytes: u64,
}

/// Which calls are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    ErrorsOnly,
}

/// A part of a name or function, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    lower: String,
}

impl Needle {
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

/// What is typed after `/`: a part of a name or function; or, when it has an operator, a filter as `trace` takes it.
#[derive(Debug, Clone, Default)]
enum Test {
    #[default]
    All,
    Name(Needle),
    Calls(Box<Filter>),
}

/// What a view shows. Wishes are equal when they were made of the same words.
#[derive(Debug, Clone, Default)]
pub struct SnapshotQuery {
    text: String,
    test: Test,
    pub scope: Scope,
}

/// Whether `text` is meant as an expression, and not as a part of a name.
fn is_expression(text: &str) -> bool {
    text.contains(['=', '<', '>', '*', '(', '"', '!'])
}

/// What is wrong with an expression as far as it is typed, and at which column.
pub fn mistake(text: &str) -> Option<String> {
    Filter::parse(text).err().filter(|_| is_expression(text)).map(|error| error.to_string())
}

impl PartialEq for SnapshotQuery {
    fn eq(&self, other: &SnapshotQuery) -> bool {
        self.text == other.text && self.scope == other.scope
    }
}

impl SnapshotQuery {
    /// The query for what `text` says; an expression that is not whole yet is looked for as it stands.
    pub fn new(text: &str, scope: Scope) -> SnapshotQuery {
        let test = match Filter::parse(text) {
            _ if text.trim().is_empty() => Test::All,
            Ok(filter) if is_expression(text) => Test::Calls(Box::new(filter)),
            _ => Test::Name(Needle::new(text)),
        };
        SnapshotQuery { text: text.to_owned(), test, scope }
    }

    /// Whether a call is wished for.
    pub fn matches(&self, call: &Record) -> bool {
        (self.scope == Scope::All || call.outcome.is_failure())
            && match &self.test {
                Test::All => true,
                Test::Name(needle) => {
                    [call.function, call.callee_name, call.caller_name].iter().any(|name| needle.is_in(name.as_str()))
                }
                Test::Calls(filter) => filter.matches(call),
            }
    }

    /// Whether a process is wished for by itself (not for what is below it). A filter of calls leaves every process.
    pub fn matches_process(&self, process: &ProcessView) -> bool {
        let fails = || process.errors > 0 || matches!(process.state, ProcessState::Crashed { .. });
        let named = match &self.test {
            Test::Name(needle) => needle.is_in(&process.name),
            Test::All | Test::Calls(_) => true,
        };
        named && (self.scope == Scope::All || fails())
    }

    /// Whether every process is wished for.
    pub fn is_all_processes(&self) -> bool {
        self.scope == Scope::All && !matches!(self.test, Test::Name(_))
    }

    /// Whether every call is wished for.
    pub fn is_all_calls(&self) -> bool {
        self.scope == Scope::All && matches!(self.test, Test::All)
    }
}

/// What a kill takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    One,
    Subtree,
}

/// Where snapshots come from: the kernel, or a test.
pub trait SnapshotSource: Send {
    /// The moment now with its newest `calls_max` calls that match; `None` when nothing changed since the last one that
    /// was asked for in the same way.
    fn sample(&mut self, query: &SnapshotQuery, calls_max: usize) -> Option<Snapshot>;
    /// Makes the next [`SnapshotSource::sample`] look in any case.
    fn force_next_sample(&mut self);
    /// The newest `calls_max` ended calls that match, none of them after `seq_max`.
    fn calls_until(&self, query: &SnapshotQuery, seq_max: u64, calls_max: usize) -> Vec<Record>;
    /// One call, with what is kept of its bytes.
    fn call(&self, seq: u64) -> Option<Record>;
    fn process(&self, id: ProcessId) -> Option<ProcessDetail>;
    /// Who called the process and whom it called, as far as the journal still knows, the busiest first.
    fn edges(&self, id: ProcessId) -> Vec<stats::Row>;
    /// Ends a process; what it did, in a line, or why not.
    fn kill(&self, id: ProcessId, extent: Extent) -> Result<String, String>;
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
        assert!(!SnapshotQuery::new("", Scope::ErrorsOnly).matches(&call("total")));
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
