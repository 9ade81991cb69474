//! The operators of the language: comparisons, and searches in texts.

/// Comparison of a field with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Op {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Equal => "=",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::LessEqual => "<=",
            Op::Greater => ">",
            Op::GreaterEqual => ">=",
        }
    }

    /// Whether `left` compares so with `right`.
    pub fn compare<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Op::Equal => left == right,
            Op::NotEqual => left != right,
            Op::Less => left < right,
            Op::LessEqual => left <= right,
            Op::Greater => left > right,
            Op::GreaterEqual => left >= right,
        }
    }
}

/// Search of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Matches,
    MatchesNot,
    Contains,
}

impl Match {
    /// The operator as it is written.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Match::Matches => "~",
            Match::MatchesNot => "!~",
            Match::Contains => "contains",
        }
    }
}
