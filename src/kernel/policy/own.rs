//! The grants that a process got when it was loaded, without a policy file: `load --may-load` adds sources that it may
//! load, `--may-call` lists all functions that it may call. Compiled once, kept for the life of the process.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::asked::{Granted, RequestedSource, Who};
use super::denial::{Allowed, Denial, DeniedCall};
use super::error::GrantError;
use super::pattern::{CallPattern, LoadPattern};
use crate::journal::Symbol;
use crate::kernel::view::ProcessId;
use crate::locks::{Rank, RwLock};
use crate::runtime::Spec;

/// Checks the patterns of a spec.
///
/// # Errors
/// A pattern is invalid, or there are too many.
pub fn check_own_grants(spec: &Spec) -> Result<(), GrantError> {
    OwnGrants::of(spec).map(drop)
}

/// Most patterns of each kind.
pub const PATTERNS_MAX: usize = 256;
/// Most answers that are remembered; past it all are forgotten and asked for anew.
const ANSWERS_MAX: usize = 4_096;

/// The patterns of one process.
#[derive(Debug)]
pub struct OwnGrants {
    loads: Vec<LoadPattern>,
    calls: Option<Vec<CallPattern>>,
    /// The cache of allowed calls.
    allowed: RwLock<HashSet<(ProcessId, Symbol)>>,
}

impl OwnGrants {
    /// Compiles the patterns of a spec; `None` where it has none.
    ///
    /// # Errors
    /// A pattern is invalid, or there are too many.
    pub fn of(spec: &Spec) -> Result<Option<Arc<OwnGrants>>, GrantError> {
        if spec.may_load.is_empty() && spec.may_call.is_none() {
            return Ok(None);
        }
        if spec.may_load.len().max(spec.may_call.as_ref().map_or(0, Vec::len)) > PATTERNS_MAX {
            return Err(GrantError::TooMany { patterns_max: PATTERNS_MAX });
        }
        // The shell has made relative paths absolute.
        let loads = spec.may_load.iter().map(|text| LoadPattern::new(text, None, Path::new("/")));
        let calls = spec.may_call.as_ref().map(|calls| calls.iter().map(|text| CallPattern::new(text)).collect());
        Ok(Some(Arc::new(OwnGrants {
            loads: loads.collect::<Result<_, _>>().map_err(GrantError::Pattern)?,
            calls: calls.transpose().map_err(GrantError::Pattern)?,
            allowed: RwLock::new(Rank::Allowed, HashSet::new()),
        })))
    }

    /// The grant for a source, where a pattern fits it.
    pub fn load(&self, asked: &RequestedSource) -> Option<Granted> {
        let fits = self.loads.iter().any(|pattern| pattern.fits(asked));
        let beyond_names = !matches!(asked, RequestedSource::Name(_));
        fits.then(|| Granted { source: asked.text(), beyond_names, sha256: None })
    }

    /// Whether the process's own grants allow a call; a policy may still deny it.
    ///
    /// # Errors
    /// No grant of the process matches the call.
    pub fn call(
        &self,
        caller: Who<'_>,
        callee: Who<'_>,
        id: ProcessId,
        function: &str,
        symbol: Option<Symbol>,
    ) -> Result<(), Denial> {
        let Some(calls) = &self.calls else { return Ok(()) };
        let key = symbol.map(|symbol| (id, symbol));
        if key.is_some_and(|key| self.allowed.read().contains(&key)) {
            return Ok(());
        }
        if !calls.iter().any(|pattern| pattern.fits(callee, function)) {
            let allowed = Allowed::new(calls.iter().map(CallPattern::text));
            return Err(Denial::OwnCall { call: DeniedCall::new(caller, callee, function), allowed });
        }
        if let Some(key) = key {
            let mut allowed = self.allowed.write();
            if allowed.len() >= ANSWERS_MAX {
                allowed.clear();
            }
            allowed.insert(key);
        }
        Ok(())
    }

    /// Whether it restricts calls.
    pub fn limits_calls(&self) -> bool {
        self.calls.is_some()
    }
}
