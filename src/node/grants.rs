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
