//! The place of an instance: this machine, or another one.

/// Another machine that an instance is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the node.
    pub node: &'a str,
    /// The number that the node drew at its start; another node of the name has another.
    pub incarnation: u64,
}
