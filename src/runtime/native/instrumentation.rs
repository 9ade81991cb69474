//! The instructions that the compiled code of an engine has besides a module's own.

/// Instrumentation of compiled code. Each combination has an engine of its own, made when first asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Instrumentation {
    /// Fuel is counted.
    pub fuel: bool,
    /// Breakpoints can be set, and locals read: about three times slower.
    pub debug: bool,
}

impl Instrumentation {
    /// Every combination.
    pub const ALL: [Instrumentation; 4] = {
        const fn of(fuel: bool, debug: bool) -> Instrumentation {
            Instrumentation { fuel, debug }
        }
        [of(false, false), of(true, false), of(false, true), of(true, true)]
    };

    /// The position in [`Instrumentation::ALL`].
    pub fn index(self) -> usize {
        usize::from(self.fuel) + 2 * usize::from(self.debug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_has_its_place() {
        for (place, instrumentation) in Instrumentation::ALL.into_iter().enumerate() {
            assert_eq!(instrumentation.index(), place);
        }
    }
}
