//! The place of an instance: this machine, or another one.

/// Another machine that an instance is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the node.
    pub node: &'a str,
    /// Which of those that had the name.
    pub incarnation: u64,
}
