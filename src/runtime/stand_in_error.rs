//! Why a plugin does not stand in for a product's host function, or a call by way of it fails: values, with their words
//! beside them.

use std::fmt;

use super::failure::{Explained, Failure, FailureKind};
use super::stand_in_types::NumberType;
use super::{Advice, ItemType};
use crate::text::quoted_within;

/// Most bytes of a wrong output that are kept for the error, and most characters of them in it.
const SHOWN_BYTES_MAX: usize = 256;
const SHOWN_CHARS_MAX: usize = 48;

/// A failure at an import that a plugin stands in for.
#[derive(Debug)]
pub(super) struct StandInError<'a> {
    /// `MODULE.FUNCTION`, as messages show it.
    pub import: &'a str,
    pub kind: StandInErrorKind<'a>,
}

/// The kinds of such failures.
#[derive(Debug)]
pub(super) enum StandInErrorKind<'a> {
    /// The function's type has other types than handles and numbers.
    Type {
        ty: &'a ItemType,
    },
    /// The function's type differs from the declared types, which are `text`.
    OtherTypes {
        ty: &'a ItemType,
        text: String,
    },
    /// An argument is no handle. `alone`: it is the only one, and may be meant as a number.
    NoHandle {
        number: u64,
        alone: bool,
    },
    TooLarge {
        bytes_max: u64,
    },
    /// The arguments are no JSON: the encoder's words.
    NoJson(String),
    /// The stand-in `target` gave an output of another form.
    Output {
        target: &'a str,
        output: Vec<u8>,
        wanted: Wanted,
    },
}

/// The form that an output must have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Base64,
    /// Text, or an object with bytes, for a handle.
    Handle,
    Number,
    NumberOf(NumberType),
    /// A JSON array with an entry a result.
    Array {
        entries: usize,
    },
}

impl fmt::Display for StandInError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let import = self.import;
        match &self.kind {
            StandInErrorKind::Type { ty } => {
                write!(f, "import `{import}` is {ty}; a plugin stands in for handles and numbers alone")
            }
            StandInErrorKind::OtherTypes { ty, text } => {
                write!(f, "import `{import}` is {ty}, which `{text}` does not fit; `handle` is an i64 too")
            }
            StandInErrorKind::NoHandle { number, .. } => {
                write!(f, "import `{import}` was given {number}, which is no handle")
            }
            StandInErrorKind::TooLarge { bytes_max } => {
                write!(f, "import `{import}` was given more than {} MiB at once", bytes_max >> 20)
            }
            StandInErrorKind::NoJson(error) => write!(f, "import `{import}` {error}"),
            StandInErrorKind::Output { target, output, wanted } => match output.as_slice() {
                [] => write!(f, "`{target}` gave nothing for import `{import}`, which wants {wanted}"),
                output => {
                    let given = quoted_within(&String::from_utf8_lossy(output), SHOWN_CHARS_MAX);
                    write!(f, "`{target}` gave `{given}` for import `{import}`, which wants {wanted}")
                }
            },
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Base64 => f.write_str("base64"),
            Wanted::Handle => f.write_str("text, or {\"base64\": …}, for a handle"),
            Wanted::Number => f.write_str("a number"),
            Wanted::NumberOf(ty) => write!(f, "an {}", ty.as_str()),
            Wanted::Array { entries } => write!(f, "a JSON array of {entries} entries"),
        }
    }
}

impl Explained for StandInError<'_> {
    fn advice(&self) -> Option<Advice> {
        match self.kind {
            StandInErrorKind::NoHandle { alone: true, .. } => {
                Some(Advice::ImportAsNumber { import: self.import.to_owned() })
            }
            _ => None,
        }
    }
}

impl From<StandInError<'_>> for Failure {
    fn from(error: StandInError<'_>) -> Failure {
        let kind = match error.kind {
            StandInErrorKind::Type { .. } | StandInErrorKind::OtherTypes { .. } => FailureKind::Load,
            _ => FailureKind::Trap,
        };
        Failure::new(kind, error)
    }
}

/// The start of a wrong output, which an error shows.
pub(super) fn shown_start(output: &[u8]) -> Vec<u8> {
    output.get(..output.len().min(SHOWN_BYTES_MAX)).unwrap_or_default().to_vec()
}
