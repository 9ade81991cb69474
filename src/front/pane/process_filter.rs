//! Expressions over processes: the filter language with the figures of `ps` as its fields.

use crate::journal::filter::{Comparison, Expr, Fields, FilterError, Op, parse};
use crate::journal::units::{parse_duration_ns, parse_size};
use crate::kernel::{ProcessState, ProcessView};
use crate::name_glob::Glob;
use crate::text::{did_you_mean_of, quoted};

/// The states that a process can be compared with. A held one is waiting or running besides.
const STATES: [&str; 6] = ["idle", "running", "waiting", "held", "crashed", "dead"];

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct ProcessFilter(Expr<Test>);

impl ProcessFilter {
    /// Reads an expression.
    ///
    /// # Errors
    /// The word is no field, or processes do not have it.
    pub fn parse(text: &str) -> Result<ProcessFilter, FilterError> {
        parse::<ProcessFields>(text).map(ProcessFilter)
    }

    /// Whether a process matches; `held`: its call is held at a breakpoint.
    pub fn matches(&self, process: &ProcessView, held: bool) -> bool {
        self.0.is_true(&|test| test.matches(process, held))
    }
}

#[derive(Debug, Clone)]
enum Test {
    Name { glob: Glob, equal: bool },
    Source { glob: Glob, equal: bool },
    State { state: &'static str, equal: bool },
    Figure { figure: Figure, op: Op, value: u64 },
}

/// A figure and the unit in which it is written.
#[derive(Debug, Clone, Copy)]
struct Figure {
    name: &'static str,
    unit: Unit,
    of: fn(&ProcessView) -> u64,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Number,
    Bytes,
    Duration,
}

const fn figure(name: &'static str, unit: Unit, of: fn(&ProcessView) -> u64) -> Figure {
    Figure { name, unit, of }
}

const FIGURES: [Figure; 10] = [
    figure("id", Unit::Number, |process| process.id.into()),
    figure("parent", Unit::Number, |process| process.parent.into()),
    figure("calls", Unit::Number, |process| process.calls),
    figure("errors", Unit::Number, |process| process.errors),
    figure("resets", Unit::Number, |process| process.resets),
    figure("memory", Unit::Bytes, |process| process.memory.total_bytes()),
    figure("bytes_in", Unit::Bytes, |process| process.bytes_in),
    figure("bytes_out", Unit::Bytes, |process| process.bytes_out),
    figure("busy", Unit::Duration, |process| u64::try_from(process.busy.as_nanos()).unwrap_or(u64::MAX)),
    figure("age", Unit::Duration, |process| u64::try_from(process.age.as_nanos()).unwrap_or(u64::MAX)),
];

struct ProcessFields;

impl Fields for ProcessFields {
    type Test = Test;

    const NAMES: &'static [&'static str] = &[
        "state",
        "name",
        "source",
        "id",
        "parent",
        "calls",
        "errors",
        "resets",
        "memory",
        "bytes_in",
        "bytes_out",
        "busy",
        "age",
    ];
    const EXAMPLE: &'static str = "state = crashed";

    fn named(glob: Glob) -> Test {
        Test::Name { glob, equal: true }
    }

    fn test(comparison: &Comparison<'_>) -> Result<Test, FilterError> {
        match comparison.field {
            "name" => Ok(Test::Name { glob: comparison.glob(), equal: comparison.equality()? }),
            "source" => Ok(Test::Source { glob: comparison.glob(), equal: comparison.equality()? }),
            field => match FIGURES.into_iter().find(|figure| figure.name == field) {
                Some(figure) => Ok(Test::Figure { figure, op: comparison.op, value: figure.value(comparison)? }),
                None => Ok(Test::State { state: state(comparison)?, equal: comparison.equality()? }),
            },
        }
    }
}

fn state(comparison: &Comparison<'_>) -> Result<&'static str, FilterError> {
    let known = STATES.into_iter().find(|state| *state == comparison.value);
    known.ok_or_else(|| {
        let hint = did_you_mean_of(comparison.value, &STATES);
        comparison.refused(format!("no state `{}`{hint}", quoted(comparison.value)))
    })
}

impl Figure {
    fn value(self, comparison: &Comparison<'_>) -> Result<u64, FilterError> {
        match self.unit {
            Unit::Number => comparison.whole(comparison.value),
            Unit::Bytes => parse_size(comparison.value).map_err(|message| comparison.refused(message)),
            Unit::Duration => parse_duration_ns(comparison.value).map_err(|message| comparison.refused(message)),
        }
    }
}

impl Test {
    fn matches(&self, process: &ProcessView, held: bool) -> bool {
        match self {
            Test::Name { glob, equal } => {
                let named = || glob.matches(&process.name) || glob.matches(&process.id.to_string());
                (named() || glob.matches(&process.label().to_string())) == *equal
            }
            Test::Source { glob, equal } => glob.matches(&process.source) == *equal,
            Test::State { state: "held", equal } => held == *equal,
            Test::State { state, equal } => (process.state.json_word() == *state) == *equal,
            Test::Figure { figure, op, value } => op.compare((figure.of)(process), *value),
        }
    }
}

/// Whether a process counts as failed: for errors only.
pub fn has_failed(process: &ProcessView) -> bool {
    process.errors > 0 || matches!(process.state, ProcessState::Crashed { .. })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::front::pane::fixture::process;

    fn matches(text: &str) -> bool {
        let mut process = process(7, 2, "cart");
        process.state = ProcessState::Waiting { on: 9 };
        (process.calls, process.errors, process.busy) = (150, 3, Duration::from_millis(20));
        ProcessFilter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).matches(&process, true)
    }

    #[test]
    fn states_and_figures_are_compared() {
        let true_ones = [
            "state=waiting",
            "state=held",
            "state!=idle",
            "memory>1M",
            "memory<=2M",
            "calls>100",
            "errors=3",
            "busy>=20ms",
            "age>4s",
            "id=7",
            "parent=2",
            "name=c*",
            "cart",
            "7:cart",
            "source='built-in:cart'",
            "calls>100 and not (state=idle or errors=0)",
        ];
        for text in true_ones {
            assert!(matches(text), "{text}");
        }
        for text in ["state=idle", "memory>2M", "calls>150", "name!=cart", "tax", "not cart", "busy<20ms"] {
            assert!(!matches(text), "{text}");
        }
    }

    #[test]
    fn every_field_can_be_compared() {
        for field in ProcessFields::NAMES {
            let value = if *field == "state" { "idle" } else { "1" };
            assert!(ProcessFilter::parse(&format!("{field}={value}")).is_ok(), "{field}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_a_way_on() {
        let error = |text| ProcessFilter::parse(text).unwrap_err().to_string();
        assert_eq!(error("stat=held"), "column 1: no field `stat`; did you mean `state`?");
        assert_eq!(error("state=hold"), "column 7: no state `hold`; did you mean `held`?");
        assert_eq!(error("state>idle"), "column 6: `state` is compared with `=` or `!=`");
        assert_eq!(error("calls>many"), "column 7: `many` is no number");
        assert_eq!(error("calls>1 and"), "column 12: expected a comparison, like `state = crashed`");
    }
}
