//! Why a breakpoint, a fault or a stub is not set. Values, with their words beside them.

use std::fmt;

use super::rules::RULES_MAX;
use crate::runtime::advice::RuleKind;
use crate::runtime::{Advice, Explained};

/// The refusal of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleRefusal {
    /// The expression asks for what is known when a call has ended, and the rule applies before.
    NeedsEnd(RuleKind),
    /// There are [`RULES_MAX`] rules of the kind.
    TooMany(RuleKind),
    /// The chance of a fault is not from 0 to 1.
    NoChance,
    NoPluginName {
        plugin: String,
    },
}

impl fmt::Display for RuleRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleRefusal::NeedsEnd(kind) => {
                let before = match kind {
                    RuleKind::Hold => "",
                    RuleKind::Fault => ", and a fault comes before",
                    RuleKind::Stub => ", and a stub answers before",
                };
                write!(f, "the expression asks for what is known when a call has ended{before}")
            }
            RuleRefusal::TooMany(kind) => {
                let rules = match kind {
                    RuleKind::Hold => "breakpoints",
                    RuleKind::Fault => "faults",
                    RuleKind::Stub => "stubs",
                };
                write!(f, "{RULES_MAX} {rules} are set, the limit")
            }
            RuleRefusal::NoChance => f.write_str("a chance is from 0 to 1"),
            RuleRefusal::NoPluginName { plugin } => write!(f, "`{plugin}` cannot be the name of a plugin"),
        }
    }
}

impl Explained for RuleRefusal {
    fn advice(&self) -> Option<Advice> {
        match self {
            RuleRefusal::NeedsEnd(RuleKind::Hold) => Some(Advice::HoldOnReturn),
            RuleRefusal::TooMany(kind) => Some(Advice::DeleteRule(*kind)),
            RuleRefusal::NeedsEnd(_) | RuleRefusal::NoChance | RuleRefusal::NoPluginName { .. } => None,
        }
    }
}
