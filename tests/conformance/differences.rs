//! Where the hosts differ, and are meant to: one table, which the README quotes.

/// One difference, with the cases that show it.
pub struct Difference {
    pub what: &'static str,
    /// Why plugsh's own host does not do as the SDK does.
    #[allow(dead_code, reason = "for who reads the table")]
    pub why: &'static str,
    pub cases: &'static [&'static str],
}

pub const ALL: &[Difference] = &[];
