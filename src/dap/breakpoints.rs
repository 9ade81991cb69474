//! The client's breakpoints, each of which is one of the kernel's, by whose number the client knows it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::request::{ClientInfo, FunctionBreakpoint, LineBreakpoint, SetExceptionBreakpoints};
use crate::journal::Filter;
use crate::kernel::hooks::{BreakPlace, BreakSpec, CodeTarget, HoldSide, SourcePlace};
use crate::kernel::{Kernel, OwnerId};
use crate::runtime::Explained;
use crate::shell::breaking::{BreakAt, code_target, parse_break};
use crate::shell::filter::parse_filter;
use crate::shell::words::SHELL;
use crate::shell::words::code::no_place_text;

/// The filter of `setExceptionBreakpoints`.
pub const TRAP: &str = "trap";
/// The most breakpoints that one request may set.
const REQUEST_MAX: usize = 256;

/// The breakpoints that the client has set.
#[derive(Default)]
pub struct Breakpoints {
    /// Breakpoints at lines, by their file's path.
    lines: BTreeMap<String, Vec<Breakpoint>>,
    functions: Vec<Breakpoint>,
    traps: Vec<Breakpoint>,
    /// Stops at the first call.
    entry: Option<u32>,
}

/// A breakpoint that was set.
struct Breakpoint {
    id: u32,
    kind: Kind,
    hits: Option<HitCondition>,
    /// Written for the client, instead of a stop.
    log_message: Option<String>,
    /// The place that the client knows.
    known: Resolution,
}

enum Kind {
    /// A place in code.
    Code(CodeTarget),
    /// A side of calls, or traps.
    Always,
}

/// Where a breakpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resolution {
    /// At a line, where it has one.
    At(Option<u32>),
    /// No loaded plugin has it, with the reason.
    Nowhere(String),
}

/// The meaning of a hit for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// The job stops, for this reason of the protocol's.
    Stop(&'static str),
    /// The job goes on.
    Pass,
    /// The job goes on, and the text is written.
    Log(String),
}

/// Where a client's breakpoints are set.
pub struct Setter<'a> {
    pub kernel: &'a Kernel,
    pub owner: OwnerId,
    pub client: ClientInfo,
}

/// A breakpoint to set.
#[derive(Default)]
struct Wanted<'a> {
    condition: Option<&'a str>,
    hit_condition: Option<&'a str>,
    log_message: Option<&'a str>,
}

impl Breakpoints {
    /// Replaces the breakpoints of a file; one answer for each.
    pub fn set_lines(&mut self, setter: &Setter<'_>, path: &str, wanted: &[LineBreakpoint]) -> Vec<Value> {
        setter.delete(self.lines.remove(path).unwrap_or_default());
        let mut set = Vec::new();
        let answers = wanted.iter().take(REQUEST_MAX).map(|wanted| {
            let place = SourcePlace::NearLine { file: path.to_owned(), line: setter.client.line_from(wanted.line) };
            let place = BreakPlace::Code(CodeTarget { plugin: None, place });
            let wanted = Wanted {
                condition: wanted.condition.as_deref(),
                hit_condition: wanted.hit_condition.as_deref(),
                log_message: wanted.log_message.as_deref(),
            };
            setter.set(&mut set, place, &wanted)
        });
        let answers = answers.collect();
        self.lines.insert(path.to_owned(), set);
        answers
    }

    /// Replaces the breakpoints at functions, whose name may be an expression over calls; one answer for each.
    pub fn set_functions(&mut self, setter: &Setter<'_>, wanted: &[FunctionBreakpoint]) -> Vec<Value> {
        setter.delete(std::mem::take(&mut self.functions));
        let set = &mut self.functions;
        let answers = wanted.iter().take(REQUEST_MAX).map(|wanted| {
            let (name, condition) = (wanted.name.trim(), wanted.condition.as_deref());
            let rest = Wanted { condition, hit_condition: wanted.hit_condition.as_deref(), log_message: None };
            match setter.place_of(name) {
                Ok(Place::Code(target)) => setter.set(set, BreakPlace::Code(target), &rest),
                Ok(Place::Calls(text)) => {
                    let text = condition.map_or_else(|| text.clone(), |more| format!("({text}) and ({more})"));
                    let place = BreakPlace::Call(HoldSide::Before);
                    setter.set(set, place, &Wanted { condition: Some(&text), ..rest })
                }
                Err(why) => refused(&why),
            }
        });
        answers.collect()
    }

    /// Replaces the breakpoints at traps; one answer for each filter.
    pub fn set_exceptions(&mut self, setter: &Setter<'_>, wanted: &SetExceptionBreakpoints) -> Vec<Value> {
        setter.delete(std::mem::take(&mut self.traps));
        let plain = wanted.filters.iter().map(|filter| (filter.as_str(), None));
        let with = wanted.filter_options.iter().map(|with| (with.filter_id.as_str(), with.condition.as_deref()));
        let traps = &mut self.traps;
        let answers = plain.chain(with).take(REQUEST_MAX).map(|(filter, condition)| match filter {
            TRAP => setter.set(traps, BreakPlace::Trap, &Wanted { condition, ..Wanted::default() }),
            other => refused(&format!("no filter `{other}`; there is `{TRAP}`")),
        });
        answers.collect()
    }

    /// Stops before the first call.
    pub fn set_entry(&mut self, setter: &Setter<'_>) {
        let spec =
            BreakSpec { place: BreakPlace::Call(HoldSide::Before), filter: None, commands: None, owner: setter.owner };
        self.entry = setter.kernel.set_breakpoint(spec).ok();
    }

    /// The meaning of a hit of a breakpoint of the kernel. One that is not the client's stops.
    pub fn hit(&mut self, kernel: &Kernel, id: u32) -> Hit {
        if self.entry == Some(id) {
            self.entry = None;
            kernel.delete_breakpoint(id);
            return Hit::Stop("entry");
        }
        let of_lines = self.lines.values().flatten().map(|breakpoint| ("breakpoint", breakpoint));
        let of_functions = self.functions.iter().map(|breakpoint| ("function breakpoint", breakpoint));
        let of_traps = self.traps.iter().map(|breakpoint| ("exception", breakpoint));
        let met = of_lines.chain(of_functions).chain(of_traps).find(|(_, breakpoint)| breakpoint.id == id);
        let Some((reason, breakpoint)) = met else { return Hit::Stop("breakpoint") };
        let hits = || kernel.breakpoints().iter().find(|view| view.id == id).map_or(0, |view| view.hits);
        match (&breakpoint.hits, &breakpoint.log_message) {
            (Some(condition), _) if !condition.holds(hits()) => Hit::Pass,
            (_, Some(message)) => Hit::Log(message.clone()),
            (_, None) => Hit::Stop(reason),
        }
    }

    /// The breakpoints whose place has become another one since the client heard of them, as it knows them.
    pub fn moved(&mut self, setter: &Setter<'_>) -> Vec<Value> {
        let all = self.lines.values_mut().flatten().chain(&mut self.functions);
        let moved = all.filter_map(|breakpoint| {
            let now = setter.resolve(&breakpoint.kind);
            (now != breakpoint.known).then(|| {
                breakpoint.known = now;
                setter.answer(breakpoint)
            })
        });
        moved.collect()
    }

    /// Whether a breakpoint is nowhere yet.
    pub fn has_pending(&self) -> bool {
        let mut all = self.lines.values().flatten().chain(&self.functions);
        all.any(|breakpoint| matches!(breakpoint.known, Resolution::Nowhere(_)))
    }
}

/// A place as it is written for a function.
enum Place {
    Code(CodeTarget),
    Calls(String),
}

impl Setter<'_> {
    fn place_of(&self, text: &str) -> Result<Place, String> {
        // A bare name is a function's here, where `break` reads it as one of a process.
        let is_name = |c: char| c.is_alphanumeric() || "_:.$<>#-/".contains(c);
        if !text.is_empty() && text.chars().all(is_name) {
            return Ok(Place::Code(code_target(self.kernel, text, false)));
        }
        match parse_break(text)? {
            BreakAt::Calls(filter) => Ok(Place::Calls(filter.source().to_owned())),
            BreakAt::Code(text) => Ok(Place::Code(code_target(self.kernel, &text, false))),
        }
    }

    /// The lines of a file that have code, in their order.
    pub fn lines_with_code(&self, path: &str) -> BTreeSet<u32> {
        let tables = self.kernel.line_tables();
        let all = CodeTarget { plugin: None, place: SourcePlace::NearLine { file: path.to_owned(), line: 1 } };
        let programs = self.kernel.code_of(&all).into_iter().map(|code| code.program);
        let mut lines = BTreeSet::new();
        for module in programs.flat_map(|program| program.modules.to_vec()) {
            let table = tables.of(&module);
            if let Ok(file) = table.find_file(path) {
                lines.extend(table.lines_of(file));
            }
        }
        lines
    }

    fn delete(&self, breakpoints: Vec<Breakpoint>) {
        for breakpoint in breakpoints {
            self.kernel.delete_breakpoint(breakpoint.id);
        }
    }

    /// Sets a breakpoint, and answers with what it is.
    fn set(&self, into: &mut Vec<Breakpoint>, place: BreakPlace, wanted: &Wanted<'_>) -> Value {
        match self.try_set(place, wanted) {
            Ok(breakpoint) => {
                let answer = self.answer(&breakpoint);
                into.push(breakpoint);
                answer
            }
            Err(why) => refused(&why),
        }
    }

    fn try_set(&self, place: BreakPlace, wanted: &Wanted<'_>) -> Result<Breakpoint, String> {
        let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let filter: Option<Filter> = given(wanted.condition).map(|text| parse_filter(&text)).transpose()?;
        let hits = given(wanted.hit_condition).map(|text| HitCondition::parse(&text)).transpose()?;
        let log_message = wanted.log_message.map(str::to_owned);
        let kind = match &place {
            BreakPlace::Code(target) => Kind::Code(target.clone()),
            BreakPlace::Call(_) | BreakPlace::Trap => Kind::Always,
        };
        let spec = BreakSpec { place, filter, commands: None, owner: self.owner };
        let id = self.kernel.set_breakpoint(spec).map_err(|refusal| refusal.line(SHELL))?;
        let known = self.resolve(&kind);
        Ok(Breakpoint { id, kind, hits, log_message, known })
    }

    fn resolve(&self, kind: &Kind) -> Resolution {
        let Kind::Code(target) = kind else { return Resolution::At(None) };
        let looked_at = self.kernel.code_of(target);
        let found = looked_at.iter().find_map(|code| Some((code, code.points.as_ref().ok()?.first()?)));
        let Some((code, point)) = found else {
            let tables = self.kernel.line_tables();
            return Resolution::Nowhere(match looked_at.is_empty() {
                true => "it waits for a plugin that has it".to_owned(),
                false => no_place_text(tables, target, &looked_at),
            });
        };
        if !code.is_debugged {
            let process = &code.process;
            let why = format!("`{process}` has to restart to be stopped in its code: `break {target}` does it");
            return Resolution::Nowhere(why);
        }
        let module = code.program.modules.get(point.module);
        let position = module.and_then(|module| self.kernel.line_tables().of(module).position(point.pc));
        Resolution::At(position.map(|position| position.line))
    }

    /// A breakpoint as the client knows it.
    fn answer(&self, breakpoint: &Breakpoint) -> Value {
        match &breakpoint.known {
            Resolution::At(None) => json!({ "id": breakpoint.id, "verified": true }),
            Resolution::At(Some(line)) => {
                json!({ "id": breakpoint.id, "verified": true, "line": self.client.line_to(*line) })
            }
            Resolution::Nowhere(why) => {
                json!({ "id": breakpoint.id, "verified": false, "message": why, "reason": "pending" })
            }
        }
    }
}

/// The answer for a breakpoint that was not set.
fn refused(why: &str) -> Value {
    json!({ "verified": false, "message": why, "reason": "failed" })
}

/// The hits that stop: `5`, `>= 5`, `% 2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HitCondition {
    relation: Relation,
    count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
    MultipleOf,
}

impl HitCondition {
    fn parse(text: &str) -> Result<HitCondition, String> {
        use Relation::{AtLeast, AtMost, Equal, Less, More, MultipleOf};
        // The longer ones first.
        let relations =
            [("==", Equal), (">=", AtLeast), ("<=", AtMost), ("=", Equal), (">", More), ("<", Less), ("%", MultipleOf)];
        let prefixed = relations.iter().find_map(|(word, relation)| Some((*relation, text.strip_prefix(word)?)));
        let (relation, number) = prefixed.unwrap_or((Equal, text));
        let count = number.trim().parse().ok().filter(|count| *count > 0);
        let count = count.ok_or_else(|| format!("`{text}` counts no hits; write `5`, `>= 5` or `% 2`"))?;
        Ok(HitCondition { relation, count })
    }

    fn holds(self, hits: u64) -> bool {
        match self.relation {
            Relation::Equal => hits == self.count,
            Relation::Less => hits < self.count,
            Relation::AtMost => hits <= self.count,
            Relation::More => hits > self.count,
            Relation::AtLeast => hits >= self.count,
            Relation::MultipleOf => hits.is_multiple_of(self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_by_every_relation() {
        let held = |text: &str| -> Vec<u64> {
            let condition = HitCondition::parse(text).unwrap();
            (1..=6).filter(|hits| condition.holds(*hits)).collect()
        };
        assert_eq!(held("3"), [3]);
        assert_eq!(held("== 3"), [3]);
        assert_eq!(held("=3"), [3]);
        assert_eq!(held(">4"), [5, 6]);
        assert_eq!(held(">= 4"), [4, 5, 6]);
        assert_eq!(held("<2"), [1]);
        assert_eq!(held("<=2"), [1, 2]);
        assert_eq!(held("%2"), [2, 4, 6]);
        for text in ["", "0", "x", "> x", "%0", "-1"] {
            assert!(HitCondition::parse(text).unwrap_err().contains("counts no hits"), "{text}");
        }
    }
}
