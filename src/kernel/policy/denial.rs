//! Why the policy, a process's own grants or the rate of calls denies a call or a load: values, with their words beside
//! them.

use std::fmt;

use super::asked::{RequestedSource, Who};
use crate::kernel::label::ProcessLabel;
use crate::limits::Limit;
use crate::runtime::{Advice, Explained};
use crate::text::escape_control;

/// Most patterns that a denial shows.
const SHOWN_MAX: usize = 5;

/// The denial of a call or a load. Names and functions are as they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The caller has made so many calls in this second.
    Rate { caller: ProcessLabel, calls_max: u64 },
    /// The caller's own grants do not have the call.
    OwnCall { call: Box<DeniedCall>, allowed: Allowed },
    /// The rule at `place` does not allow the call.
    RuleCall { call: Box<DeniedCall>, place: String, allowed: Allowed },
    /// The rule at `place` does not allow the load; `allowed` is `None` where it allows names only.
    RuleLoad { loader: String, source: String, place: String, allowed: Option<Box<Allowed>> },
    /// No policy is loaded, and the source is no name. `is_child`: no person has loaded the plugin.
    NamesOnly { plugin: String, source: String, is_child: bool },
}

/// A denied call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedCall {
    caller: String,
    callee: String,
    callee_plugin: String,
    function: String,
}

/// The patterns that are allowed: the first ones, and the count of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    first: Vec<String>,
    count: usize,
}

impl DeniedCall {
    /// The call of `function` of `callee`.
    pub(super) fn new(caller: Who<'_>, callee: Who<'_>, function: &str) -> Box<DeniedCall> {
        Box::new(DeniedCall {
            caller: escape_control(caller.name),
            callee: escape_control(callee.name),
            callee_plugin: escape_control(callee.plugin),
            function: escape_control(function),
        })
    }

    /// The call as a pattern names it.
    fn pattern(&self) -> String {
        format!("{}.{}", self.callee_plugin, self.function)
    }
}

impl Allowed {
    /// The first of these patterns, and their count.
    pub(super) fn new<'a>(patterns: impl ExactSizeIterator<Item = &'a str>) -> Allowed {
        let count = patterns.len();
        Allowed { first: patterns.take(SHOWN_MAX).map(str::to_owned).collect(), count }
    }
}

impl Denial {
    /// The denial of a load of other than a name, while no policy is loaded.
    pub fn names_only(who: Who<'_>, asked: &RequestedSource, is_child: bool) -> Denial {
        Denial::NamesOnly { plugin: escape_control(who.plugin), source: escape_control(&asked.text()), is_child }
    }
}

impl fmt::Display for DeniedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` may not call `{}.{}`", self.caller, self.callee, self.function)
    }
}

/// `` `a`, `b` and 3 more``, or `nothing`.
impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first.is_empty() {
            return f.write_str("nothing");
        }
        write!(f, "`{}`", self.first.join("`, `"))?;
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Rate { caller, calls_max } => {
                write!(f, "`{caller}` made {calls_max} calls in this second, the limit")
            }
            Denial::OwnCall { call, .. } => call.fmt(f),
            Denial::RuleCall { call, place, allowed } => write!(f, "{call}: {place} allows {allowed}"),
            Denial::RuleLoad { loader, place, allowed: Some(allowed), .. } => {
                write!(f, "`{loader}` may not load it: {place} allows {allowed}")
            }
            Denial::RuleLoad { loader, place, allowed: None, .. } => {
                write!(f, "`{loader}` may not load it: {place} allows names only")
            }
            Denial::NamesOnly { .. } => f.write_str("a plugin may load only names"),
        }
    }
}

impl Explained for Denial {
    fn advice(&self) -> Option<Advice> {
        Some(match self {
            Denial::Rate { .. } => Advice::Raise(Limit::CallRate),
            Denial::OwnCall { call, allowed } => {
                Advice::GrantCall { allowed: allowed.to_string(), function: call.pattern() }
            }
            Denial::RuleCall { call, .. } => Advice::RuleForCall(call.pattern()),
            Denial::RuleLoad { source, .. } => Advice::RuleForLoad(source.clone()),
            Denial::NamesOnly { plugin, source, is_child: false } => {
                Advice::GrantLoad { plugin: plugin.clone(), source: source.clone() }
            }
            Denial::NamesOnly { plugin, source, is_child: true } => {
                Advice::RulesForLoad { plugin: plugin.clone(), source: source.clone() }
            }
        })
    }
}
