//! Why a process is not started: by a limit, by the policy, by its name. Values, with their words beside them.

use std::fmt;

use super::view::ProcessLabel;
use crate::limits::Limit;
use crate::runtime::{Advice, Explained, Failure, FailureKind};
use crate::text::escape_control;

/// The refusal of a load, by other than the plugin's own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadRefusal {
    /// The parent has as many children as the policy allows.
    ChildrenOfPolicy {
        parent: ProcessLabel,
        children: u32,
        children_max: u32,
    },
    /// The parent has as many children as any process may have.
    Children {
        parent: ProcessLabel,
        children: u32,
    },
    /// So many processes live.
    Processes {
        processes_max: usize,
    },
    /// The policy allows the source with another hash.
    Hash {
        found: String,
        wanted: String,
    },
    InvalidName {
        name: String,
    },
    NameTaken {
        name: String,
        holder: String,
    },
    /// The parent has ended meanwhile.
    ParentEnded,
    /// No thread for the start of the instance: the system's words.
    NoThread(String),
    /// The thread of the start has ended without an answer.
    LoaderGaveUp,
}

impl fmt::Display for LoadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadRefusal::ChildrenOfPolicy { parent, children, children_max } => {
                write!(f, "`{parent}` has {children} children; the policy's `children_max` is {children_max}")
            }
            LoadRefusal::Children { parent, children } => write!(f, "`{parent}` has {children} children, the limit"),
            LoadRefusal::Processes { processes_max } => write!(f, "{processes_max} processes live, the limit"),
            LoadRefusal::Hash { found, wanted } => {
                write!(f, "its SHA-256 is {found}, and the policy allows it with {wanted} only")
            }
            LoadRefusal::InvalidName { name } => write!(
                f,
                "`{}` cannot be a name: a name is letters, digits, `_`, `.`, `-`, and begins with a letter or `_`",
                escape_control(name)
            ),
            LoadRefusal::NameTaken { name, holder } => write!(f, "the name `{name}` is taken by `{holder}`"),
            LoadRefusal::ParentEnded => f.write_str("the parent has ended"),
            LoadRefusal::NoThread(error) => write!(f, "cannot start a thread: {error}"),
            LoadRefusal::LoaderGaveUp => f.write_str("the loader gave up on this module"),
        }
    }
}

impl Explained for LoadRefusal {
    fn advice(&self) -> Option<Advice> {
        match self {
            LoadRefusal::Children { .. } => Some(Advice::Raise(Limit::Children)),
            LoadRefusal::Processes { .. } => Some(Advice::Raise(Limit::Processes)),
            LoadRefusal::NameTaken { .. } => Some(Advice::OtherName),
            LoadRefusal::ParentEnded => Some(Advice::ListEnded),
            LoadRefusal::ChildrenOfPolicy { .. }
            | LoadRefusal::Hash { .. }
            | LoadRefusal::InvalidName { .. }
            | LoadRefusal::NoThread(_)
            | LoadRefusal::LoaderGaveUp => None,
        }
    }
}

impl From<LoadRefusal> for Failure {
    fn from(refusal: LoadRefusal) -> Failure {
        let kind = match refusal {
            LoadRefusal::InvalidName { .. } | LoadRefusal::NameTaken { .. } | LoadRefusal::LoaderGaveUp => {
                FailureKind::Load
            }
            _ => FailureKind::Denied,
        };
        Failure::new(kind, refusal)
    }
}
