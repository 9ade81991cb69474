//! The methods that need no session of the client: a table, a file a method.

mod call;
mod calls;
mod command;
mod complete;
mod dap;
mod detail;
mod snapshot;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::caller::Caller;
use super::wire::{Fault, WireError};
use crate::text::{did_you_mean, quoted};

pub use complete::complete;

/// The methods that a connection answers itself.
const OTHERS: [&str; 4] = ["hello", "run", "complete", "interrupt"];

/// The answer to a request; `None` where it was sent already.
pub type Answer = Result<Option<Value>, WireError>;

/// A method.
pub struct Method {
    pub name: &'static str,
    /// Whether it changes what others see: a read-only client may not ask for it.
    pub changes: bool,
    /// Whether the thread that reads the client's lines may run it: it answers at once, or leaves the answer to
    /// another.
    pub is_quick: bool,
    /// Gives the answer; `None` where it was sent already.
    pub run: fn(&Arc<Caller>, &Value, Map<String, Value>) -> Answer,
}

/// Every method of this kind.
static METHODS: [Method; 9] = [
    Method { name: "call", changes: true, is_quick: true, run: call::call },
    Method { name: "load", changes: true, is_quick: false, run: command::load },
    Method { name: "kill", changes: true, is_quick: true, run: command::kill },
    Method { name: "ps", changes: false, is_quick: true, run: command::ps },
    Method { name: "calls", changes: false, is_quick: false, run: calls::calls },
    Method { name: "info", changes: false, is_quick: false, run: detail::info },
    Method { name: "record", changes: false, is_quick: false, run: detail::record },
    Method { name: "snapshot", changes: false, is_quick: true, run: snapshot::snapshot },
    Method { name: "dap", changes: true, is_quick: true, run: dap::dap },
];

/// The method of that name.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// The error for a method that is none.
pub fn unknown(name: &str) -> WireError {
    let known = METHODS.iter().map(|method| method.name).chain(OTHERS);
    let near = did_you_mean(name, known);
    WireError::new(Fault::Method, format!("no method `{}`{near}", quoted(name)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn help_has_every_method() {
        let documented = BTreeSet::from_iter(crate::shell::command::wire::METHODS.iter().map(|method| method.name));
        let known = METHODS.iter().map(|method| method.name).chain(OTHERS);
        assert_eq!(documented, BTreeSet::from_iter(known));
    }

    #[test]
    fn an_unknown_method_names_a_near_one() {
        assert_eq!(unknown("snapshots").message, "no method `snapshots`; did you mean `snapshot`?");
        assert_eq!((unknown("x").code, find("ps").is_some()), (-32_601, true));
    }
}
