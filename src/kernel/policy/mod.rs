//! What guests may do: which plugins they may load, which functions they may call, what their children get.
//!
//! A policy is a TOML file (`file`) of rules (`rule`), each for the plugins whose name fits its glob; the first rule that
//! fits decides, `[default]` fills in what a rule leaves out, and what neither says is the built-in default: a guest may
//! load names, and call whom it likes. Whatever a policy says, `grant` sees to it that a child never holds more than its
//! parent. `gate` is where the kernel asks, `own` is what one process may by the word of who loaded it, `learn` writes the
//! policy that fits what was seen.
//!
//! The shell is no guest: what a person types is not asked about here.

mod asked;
mod file;
pub(super) mod gate;
pub(super) mod grant;
pub(super) mod learn;
pub(super) mod own;
mod pattern;
mod rule;

#[cfg(test)]
mod tests;

pub use self::asked::{Asked, Granted, Who};
pub use self::own::{OwnGrants, check_own_grants};
pub use self::pattern::load_pattern_within;
pub use self::rule::{ChildGrants, ConfigGrant, Rule};
use crate::runtime::{Advice, Problem};
use crate::text::escape_control;

/// A compiled policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file it was read from, as it was named.
    source: String,
    rules: Vec<Rule>,
    default: Rule,
}

impl Policy {
    /// What it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The rules in their order, `[default]` not among them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What holds for plugins that no rule fits.
    pub fn default_rule(&self) -> &Rule {
        &self.default
    }

    /// The rule that decides for a plugin.
    pub fn rule(&self, who: Who<'_>) -> &Rule {
        self.rules.iter().find(|rule| rule.fits(who)).unwrap_or(&self.default)
    }

    /// Whether `caller` may call `function` of `callee`; else why not, and what would allow it.
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

    /// Whether `who` may load a source; else why not, and what would allow it.
    pub fn load(&self, who: Who<'_>, asked: &Asked) -> Result<Granted, Problem> {
        let rule = self.rule(who);
        let is_name = matches!(asked, Asked::Name(_));
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

    /// What `who` may hand to its children, and how many it may have.
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

/// Why a guest may not load a path or URL while no policy is loaded, and what allows it: for a plugin that a person loads
/// an option of that, for the child of another a policy.
pub fn names_only(who: Who<'_>, asked: &Asked, is_child: bool) -> Problem {
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
