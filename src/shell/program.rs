//! Programs of the system as data, for a front that runs them elsewhere than in this process.

/// The most bytes of a program's output that are carried to a session elsewhere.
pub const CARRIED_BYTES_MAX: usize = 8 << 20;

/// A program of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// A line of the system's shell.
    pub text: String,
    /// `$1`, `$2`, … of that line.
    pub arguments: Vec<Vec<u8>>,
    /// Variables of its environment.
    pub variables: Vec<(String, Vec<u8>)>,
    /// Standard input; `None`: that of whoever runs the program.
    pub input: Option<Vec<u8>>,
    /// Whether its output is kept and not shown.
    pub is_captured: bool,
}

/// The end of a program that ran elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramEnd {
    /// As `wait` gives it.
    pub status: i32,
    /// The output that was kept, at most [`CARRIED_BYTES_MAX`]; `None` where it went to a terminal.
    pub output: Option<Vec<u8>>,
}
