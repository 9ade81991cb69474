//! The policy for guests: plugins they may load, functions they may call, and grants for their children.
//!
//! A policy is a TOML file (`file`) of rules (`rule`), each for the plugins whose name fits its glob. The first rule
//! that fits decides; `[default]` fills in the fields that a rule leaves out; the built-in default fills in the rest: a
//! guest may load any name and call any function. `grant` bounds a child by its parent under every policy. `gate` is
//! the kernel's check, `own` holds the grants that a process got when it was loaded, `learn` writes a policy that
//! allows the observed calls and loads.
//!
//! The policy does not apply to commands of the shell.

mod asked;
mod error;
mod file;
pub(super) mod gate;
pub(super) mod grant;
pub(super) mod learn;
pub(super) mod own;
mod pattern;
mod rule;

#[cfg(test)]
mod tests;

pub use self::asked::{Granted, RequestedSource, Who};
pub use self::error::{GrantError, MemorySizeError, PatternError, PolicyError, RuleError, SourceError};
pub use self::file::parse_memory_size;
pub use self::grant::within_grants;
pub use self::own::{OwnGrants, check_own_grants};
pub use self::pattern::{CallPattern, LoadPattern, load_pattern_within};
pub use self::rule::{ChildGrants, ConfigGrant, Rule};
use crate::runtime::{Advice, Problem};
use crate::text::escape_control;

/// A compiled policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The name of its file, as it was given.
    source: String,
    rules: Vec<Rule>,
    default: Rule,
}

impl Policy {
    /// The name of its file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The rules in their order, without `[default]`.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule for plugins that no other rule fits.
    pub fn default_rule(&self) -> &Rule {
        &self.default
    }

    /// The rule that applies to a plugin.
    pub fn rule(&self, who: Who<'_>) -> &Rule {
        self.rules.iter().find(|rule| rule.fits(who)).unwrap_or(&self.default)
    }

    /// Whether `caller` may call `function` of `callee`. The error says which rule denies it, with advice.
    ///
    /// # Errors
    /// A rule denies the call, or none allows it; with the rule and advice.
    pub fn call(&self, caller: Who<'_>, callee: Who<'_>, function: &str) -> Result<(), Problem> {
        let rule = self.rule(caller);
        let Some(calls) = &rule.calls else { return Ok(()) };
        if calls.iter().any(|pattern| pattern.fits(callee, function)) {
            return Ok(());
        }
        let wanted = format!("{}.{}", escape_control(callee.plugin), escape_control(function));
        let allowed = listed(calls.iter().map(|pattern| pattern.text()));
        let message = format!("{}: {} allows {allowed}", may_not_call(caller, callee, function), self.place(rule));
        Err(Problem::advised(message, Advice::RuleForCall(wanted)))
    }

    /// Whether `who` may load a source. The error says which rule denies it, with advice.
    ///
    /// # Errors
    /// A rule denies the load, or none allows it; with the rule and advice.
    pub fn load(&self, who: Who<'_>, asked: &RequestedSource) -> Result<Granted, Problem> {
        let rule = self.rule(who);
        let is_name = matches!(asked, RequestedSource::Name(_));
        let granted = |sha256: Option<String>| Granted { source: asked.text(), beyond_names: !is_name, sha256 };
        let allows = match &rule.loads {
            None if is_name => return Ok(granted(None)),
            None => "names only".to_owned(),
            Some(loads) => match loads.iter().find(|pattern| pattern.fits(asked)) {
                Some(pattern) => return Ok(granted(pattern.sha256())),
                None => listed(loads.iter().map(|pattern| pattern.text())),
            },
        };
        let message = format!("`{}` may not load it: {} allows {allows}", escape_control(who.name), self.place(rule));
        Err(Problem::advised(message, Advice::RuleForLoad(escape_control(&asked.text()))))
    }

    /// The grants for the children of `who`, and how many it may have.
    pub fn children(&self, who: Who<'_>) -> (&ChildGrants, Option<u32>) {
        let rule = self.rule(who);
        (&rule.children, rule.children_max)
    }

    /// ``the rule `front*` (policy.toml:3)``.
    pub fn place(&self, rule: &Rule) -> String {
        match rule.line {
            Some(line) => format!("the rule `{}` ({}:{line})", rule.name, self.source),
            None => format!("`[default]` ({})", self.source),
        }
    }
}

/// The error of a guest that loads a path or URL while no policy is loaded. The advice is an option of `load` for a
/// plugin that a person loads, a policy for a child of another plugin.
pub fn names_only(who: Who<'_>, asked: &RequestedSource, is_child: bool) -> Problem {
    let (plugin, source) = (escape_control(who.plugin), escape_control(&asked.text()));
    let advice = match is_child {
        false => Advice::GrantLoad { plugin, source },
        true => Advice::RulesForLoad { plugin, source },
    };
    Problem::advised("a plugin may load only names", advice)
}

fn may_not_call(caller: Who<'_>, callee: Who<'_>, function: &str) -> String {
    let (caller, callee) = (escape_control(caller.name), escape_control(callee.name));
    format!("`{caller}` may not call `{callee}.{}`", escape_control(function))
}

/// `` `a`, `b` and 3 more``, or `nothing`.
fn listed<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN_MAX: usize = 5;
    let count = texts.len();
    let shown: Vec<String> = texts.take(SHOWN_MAX).map(|text| format!("`{text}`")).collect();
    match count {
        0 => "nothing".to_owned(),
        count if count > SHOWN_MAX => format!("{} and {} more", shown.join(", "), count - SHOWN_MAX),
        _ => shown.join(", "),
    }
}
