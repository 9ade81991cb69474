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
mod denial;
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
pub use self::denial::Denial;
use self::denial::{Allowed, DeniedCall};
pub use self::error::{GrantError, MemorySizeError, PatternError, PolicyError, RuleError, SourceError};
pub use self::file::parse_memory_size;
pub use self::grant::within_grants;
pub use self::own::{OwnGrants, check_own_grants};
pub use self::pattern::{CallPattern, LoadPattern, load_pattern_within};
pub use self::rule::{ChildGrants, ConfigGrant, Rule};
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
    pub fn call(&self, caller: Who<'_>, callee: Who<'_>, function: &str) -> Result<(), Denial> {
        let rule = self.rule(caller);
        let Some(calls) = &rule.calls else { return Ok(()) };
        if calls.iter().any(|pattern| pattern.fits(callee, function)) {
            return Ok(());
        }
        Err(Denial::RuleCall {
            call: DeniedCall::new(caller, callee, function),
            place: self.place(rule),
            allowed: Allowed::new(calls.iter().map(|pattern| pattern.text())),
        })
    }

    /// Whether `who` may load a source. The error says which rule denies it, with advice.
    ///
    /// # Errors
    /// A rule denies the load, or none allows it; with the rule and advice.
    pub fn load(&self, who: Who<'_>, asked: &RequestedSource) -> Result<Granted, Denial> {
        let rule = self.rule(who);
        let is_name = matches!(asked, RequestedSource::Name(_));
        let granted = |sha256: Option<String>| Granted { source: asked.text(), beyond_names: !is_name, sha256 };
        let allowed = match &rule.loads {
            None if is_name => return Ok(granted(None)),
            None => None,
            Some(loads) => match loads.iter().find(|pattern| pattern.fits(asked)) {
                Some(pattern) => return Ok(granted(pattern.sha256())),
                None => Some(Box::new(Allowed::new(loads.iter().map(|pattern| pattern.text())))),
            },
        };
        let (loader, source) = (escape_control(who.name), escape_control(&asked.text()));
        Err(Denial::RuleLoad { loader, source, place: self.place(rule), allowed })
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
