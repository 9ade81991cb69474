//! Values of options that are one of a few words, each beside its type's variants.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::kernel::OnCrash;
use crate::runtime::{Host, StubImports};

impl ValueEnum for Host {
    fn value_variants<'a>() -> &'a [Host] {
        &[Host::Native, Host::Extism]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

impl ValueEnum for StubImports {
    fn value_variants<'a>() -> &'a [StubImports] {
        &[StubImports::Trap, StubImports::Zero]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            StubImports::Trap => "trap",
            StubImports::Zero => "zero",
        }))
    }
}

impl ValueEnum for OnCrash {
    fn value_variants<'a>() -> &'a [OnCrash] {
        &[OnCrash::Reset, OnCrash::Kill]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            OnCrash::Reset => "reset",
            OnCrash::Kill => "kill",
        }))
    }
}
