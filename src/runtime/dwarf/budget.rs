//! The work that reading a module's debug information may cause. Counted in bytes and entries, so that the same module
//! is read as far on every machine.

/// The budget is used up, or the debug information is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfBudget;

impl From<gimli::Error> for OutOfBudget {
    fn from(_: gimli::Error) -> OutOfBudget {
        OutOfBudget
    }
}

/// Work that is left, about a byte read each.
#[derive(Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// A budget of so much work.
    pub fn new(work: u64) -> Budget {
        Budget { left: work }
    }

    /// Takes some of it.
    ///
    /// # Errors
    ///
    /// [`OutOfBudget`] when less is left.
    pub fn take(&mut self, work: u64) -> Result<(), OutOfBudget> {
        self.left = self.left.checked_sub(work).ok_or(OutOfBudget)?;
        Ok(())
    }

    /// The remaining work.
    pub fn left(&self) -> u64 {
        self.left
    }
}
