//! The spec that a home sends, within a node's own policy.

use std::sync::Arc;

use crate::kernel::Policy;
use crate::kernel::policy::{Who, within_grants};
use crate::runtime::{Failure, FailureKind, Spec};

/// The spec that an instance of `plugin` gets on this node: of what its home gives it, what the policy's rule for it
/// allows children. Paths are this machine's.
///
/// # Errors
/// The policy denies something that the spec has; the failure names it.
pub fn granted(spec: Spec, plugin: &str, policy: Option<&Policy>, node: &str) -> Result<Arc<Spec>, Failure> {
    let mut spec = Spec { on: None, paths_resolved: false, ..spec };
    if let Some(policy) = policy {
        let rule = policy.rule(Who { name: plugin, plugin });
        let (within, refused) = within_grants(&spec, &rule.children);
        if let Some(what) = refused.first() {
            let place = policy.place(rule);
            let why = format!("node `{node}` does not give `{plugin}` {what}: {place}");
            return Err(Failure::new(FailureKind::Denied, why));
        }
        spec = within;
    }
    spec.resolve_paths();
    Ok(Arc::new(spec))
}

/// Why a policy cannot be a node's: it has a rule that a node cannot keep. `None`: it can.
pub fn unsuited(policy: &Policy) -> Option<String> {
    let rules = policy.rules().iter().chain([policy.default_rule()]);
    let named = |rule: &&crate::kernel::policy::Rule| rule.call_texts().is_some_and(|calls| !calls.is_empty());
    let rule = rules.into_iter().find(named)?;
    let place = policy.place(rule);
    Some(format!(
        "{place} names functions to call, and a node does not know whom its guests call; write `call = []` or none"
    ))
}
